"""A look into a database file: what each page is, how the trees stand, what the log says.

Unlike the check in `database_fsck` this one judges nothing and stops at nothing: it draws what is there,
also of a file that a program has left in a bad state. It reads the public formats alone.
"""

import html
import struct
from pathlib import Path
from zlib import crc32

MAGIC, LOG_MAGIC = b"SFSDB\x00\x01\x00", b"SFSWAL\x00\x01"
KINDS = {  # letter, name, colour
    "header": ("H", "header", "#6b7280"),
    "inner": ("I", "inner nodes", "#7c3aed"),
    "leaf": ("L", "leaves", "#2563eb"),
    "overflow": ("O", "long values", "#0891b2"),
    "counters": ("C", "counters", "#b45309"),
    "free": (".", "free", "#9ca3af"),
    "lost": ("?", "neither free nor in use", "#dc2626"),
    "damaged": ("!", "wrong checksum", "#b91c1c"),
}
WIDTH = 64  # pages in a line of the map
MOST_FREE, MOST_FRAMES = 20, 40  # that are listed one by one


def knows(path):
    """Whether this is a database file, or the beginning of one with a log."""
    path, log = Path(path), Path(f"{path}-wal")
    start = path.read_bytes()[:8] if path.is_file() else b""
    logged = log.is_file() and log.read_bytes()[:8] == LOG_MAGIC
    return start == MAGIC or (not start and logged)


def xray(path):
    """What is in the file: a dict of plain values."""
    log_path = Path(f"{path}-wal")
    image = Path(path).read_bytes()
    log = log_path.read_bytes() if log_path.is_file() else b""
    size = _page_size(image, log)
    pages = {
        number: image[number * size : (number + 1) * size]
        for number in range(-(-len(image) // size))
    }
    payloads = {number: page[:-4] for number, page in pages.items()}
    kinds = {
        number: "lost" if _whole(number, page, size) else "damaged"
        for number, page in pages.items()
    }
    frames = _frames(log, size)
    for frame in frames:
        if frame["counts"]:
            payloads[frame["page"]], kinds[frame["page"]] = frame.pop("payload"), "lost"
    for frame in frames:
        frame.pop("payload", None)
    look = _Look(payloads, kinds, size)
    return {
        "path": str(path),
        "page_size": size,
        "kinds": [look.kinds.get(number, "lost") for number in range(max(kinds, default=-1) + 1)],
        "sums": [crc32(payloads.get(number, b"")) for number in range(max(kinds, default=-1) + 1)],
        "free": look.free,
        "trees": look.trees,
        "log": frames,
    }


def _page_size(image, log):
    for data, at in ((image, 8), (log, 8)):
        if len(data) >= at + 4:
            (size,) = struct.unpack_from(">I", data, at)
            if 128 <= size <= 65536:
                return size
    return 4096


def _whole(number, page, size):
    return len(page) == size and page[-4:] == struct.pack(
        ">I", crc32(struct.pack(">I", number) + page[:-4])
    )


def _frames(log, size):
    """Every frame of the log; those that count are the whole batches at its beginning."""
    if len(log) < 20 or log[:8] != LOG_MAGIC:
        return []
    crc, found, batch, alive = crc32(log[:16]), [], [], True
    for at in range(20, len(log) - size - 11, size + 12):
        page, commit, generation, stored = struct.unpack_from(">IIII", log, at)
        payload = log[at + 16 : at + 12 + size]
        head = struct.pack(">IIII", crc, page, commit, generation)
        alive, crc = alive and stored == crc32(head + payload), stored
        frame = {
            "page": page,
            "commit": commit,
            "generation": generation,
            "counts": False,
            "payload": payload,
        }
        found.append(frame)
        batch.append(frame)
        if alive and commit:
            alive = commit == len(batch)
            for one in batch if alive else []:
                one["counts"] = True
            batch = []
    return found


class _Look:
    """Walks from the header, and gives each page that it meets a kind."""

    def __init__(self, payloads, kinds, size):
        self.payloads, self.kinds = payloads, kinds
        self.room = size - 4 - 22
        self.free, self.trees = [], []
        header = payloads.get(0, b"")
        if len(header) < 52:
            return
        kinds[0] = "header"
        (page,) = struct.unpack_from(">I", header, 16)
        while self.meets(page, "free"):
            self.free.append(page)
            page = int.from_bytes(self.payloads[page][4:8], "big")
        for slot, root in enumerate(struct.unpack_from(">8I", header, 20)):
            if root and self.payloads.get(root, b"\0")[:1] in (b"\1", b"\2"):
                self.tree(slot, root)
            elif root:
                self.meets(root, "counters")

    def meets(self, page, kind):
        """Give a page that has no kind yet this one; whether that could be done."""
        met = self.kinds.get(page) == "lost"
        if met:
            self.kinds[page] = kind
        return met

    def tree(self, slot, root):
        levels, level = [], [root]
        while level:
            nodes, below = [], []
            for page in level:
                kind = "leaf" if self.payloads.get(page, b"")[:1] == b"\1" else "inner"
                if self.meets(page, kind):
                    cells = self.cells(page)
                    used = sum(len(cell) + 4 for cell in cells)
                    nodes.append(
                        {
                            "page": page,
                            "kind": kind,
                            "cells": len(cells),
                            "fill": round(used / self.room, 3),
                        }
                    )
                    below += self.children(page, kind, cells)
            levels += [nodes] if nodes else []
            level = below
        self.trees.append({"slot": slot, "levels": levels})

    def cells(self, page):
        data = self.payloads[page]
        (count,) = struct.unpack_from(">H", data, 16)
        slots = [
            struct.unpack_from(">HH", data, 22 + 4 * n) for n in range(min(count, self.room // 4))
        ]
        return [data[offset : offset + length] for offset, length in slots]

    def children(self, page, kind, cells):
        """Pages below an inner node; a leaf's long values are met on the way."""
        if kind == "inner":
            first = int.from_bytes(self.payloads[page][8:12], "big")
            return [first, *(int.from_bytes(cell[2:6], "big") for cell in cells)]
        for cell in cells:
            if cell[2:3] == b"\1":
                at = int.from_bytes(cell[-4:], "big")
                while self.meets(at, "overflow"):
                    at = int.from_bytes(self.payloads[at][:4], "big")
        return []


# --- drawing ------------------------------------------------------------------------------------


def changed(now, before):
    """The pages that are other than before, or new."""
    old = before["sums"] if before else now["sums"]
    return {n for n, one in enumerate(now["sums"]) if n >= len(old) or old[n] != one}


def lines(now, before=None):
    """The picture as lines of text; changed pages are marked by a * behind their letter."""
    marked = changed(now, before)
    size = now["page_size"]
    yield f"{now['path']}: {len(now['kinds'])} pages of {size} bytes"
    yield ""
    letters = [
        KINDS[kind][0] + ("*" if n in marked else " ") for n, kind in enumerate(now["kinds"])
    ]
    for at in range(0, len(letters), WIDTH):
        yield f"{at:6}  {''.join(letters[at : at + WIDTH]).rstrip()}"
    yield ""
    for kind, (letter, name, _) in KINDS.items():
        if count := now["kinds"].count(kind):
            yield f"     {letter}  {count} {name}"
    if before:
        yield f"     *  {len(marked)} changed"
    for tree in now["trees"]:
        yield ""
        yield f"tree in root slot {tree['slot']}: {len(tree['levels'])} levels"
        for nodes in tree["levels"]:
            fill = sum(node["fill"] for node in nodes) / len(nodes)
            cells = sum(node["cells"] for node in nodes)
            name = KINDS[nodes[0]["kind"]][1]
            pages = " ".join(str(node["page"]) for node in nodes[:8]) + (
                " ..." if len(nodes) > 8 else ""
            )
            yield f"  {len(nodes):5} {name:12} {cells:7} cells  {'#' * round(fill * 20):20} {fill:4.0%}  page {pages}"
    if now["free"]:
        listed = " -> ".join(map(str, now["free"][:MOST_FREE]))
        yield ""
        yield f"free list: {listed}{' ...' if len(now['free']) > MOST_FREE else ''}"
    if now["log"]:
        yield ""
        counting = sum(frame["counts"] for frame in now["log"])
        yield f"log: {len(now['log'])} frames, of which {counting} count"
        for number, frame in enumerate(
            now["log"][-MOST_FRAMES:], max(1, len(now["log"]) - MOST_FRAMES + 1)
        ):
            ends = f"  ends a batch of {frame['commit']}" if frame["commit"] else ""
            dead = "" if frame["counts"] else "  does not count"
            yield f"  {number:5}  page {frame['page']:6}  generation {frame['generation']}{ends}{dead}"


def page(now, before=None):
    """The picture as a page of HTML that needs nothing else."""
    marked = changed(now, before)
    squares = "".join(
        f'<i style="background:{KINDS[kind][2]}"{" class=c" if n in marked else ""} title="page {n}: {KINDS[kind][1]}"></i>'
        for n, kind in enumerate(now["kinds"])
    )
    legend = "".join(
        f'<li><i style="background:{colour}"></i> {now["kinds"].count(kind)} {name}</li>'
        for kind, (_, name, colour) in KINDS.items()
        if kind in now["kinds"]
    )
    text = html.escape("\n".join(lines(now, before)))
    return (
        "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{html.escape(now['path'])}</title><style>"
        ":root{color-scheme:light dark}body{font:15px/1.5 system-ui;margin:2rem auto;max-width:64rem;padding:0 1rem}"
        "i{display:inline-block;width:12px;height:12px;margin:1px;border-radius:2px}.c{outline:2px solid #f59e0b}"
        "ul{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:1rem}pre{overflow-x:auto}</style>"
        f"<h1>{html.escape(now['path'])}</h1><p>{len(now['kinds'])} pages of {now['page_size']} bytes"
        f"{f', {len(marked)} changed (framed)' if before else ''}</p><ul>{legend}</ul><div>{squares}</div><pre>{text}</pre>"
    )
