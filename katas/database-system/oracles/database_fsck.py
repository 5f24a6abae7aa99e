"""Is a database file what it has to be? Everything that the public formats promise is looked at.

Page by page: checksums, the header, the free list. Then each tree from its root: nodes are whole, keys
ascend within and across nodes, signposts bound what is below them, all leaves are equally deep and
linked in their order, overflow chains hold what their cells say. And no page is lost or used twice.

`check_image` and `check_store` raise AssertionError with a sentence that names the page; what they
return says what is in the file, computed from its bytes alone. Milestone 6 keeps new pages in a log:
`pages_of` then lays the log over the file before it is checked.
"""

import struct
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from zlib import crc32

MAGIC = b"SFSDB\x00\x01\x00"
LOG_MAGIC = b"SFSWAL\x00\x01"
LEAF, INNER = 1, 2
OVERHEAD, SLOT = 22, 4
ROOTS, COUNTERS = 8, 1  # root slots, and the one of a store's counters


@dataclass
class Tree:
    """What one tree holds."""

    items: list = field(default_factory=list)  # [key, value], in order
    levels: list = field(default_factory=list)  # of each level from the root down: its pages
    leaves: list = field(default_factory=list)
    overflow: list = field(default_factory=list)
    used: dict = field(default_factory=dict)  # page -> bytes of cells and slots in it
    mergeable: list = field(default_factory=list)  # neighbours that would fit into one node
    keyless: list = field(default_factory=list)  # inner nodes with one child

    @property
    def height(self):
        """The number of levels."""
        return len(self.levels)

    @property
    def live(self):
        """The number of pages: nodes and overflow."""
        return sum(map(len, self.levels)) + len(self.overflow)

    def fill(self, page_size):
        """Of the leaves' room for cells, the part that is used: 0 to 1."""
        room = page_size - 4 - OVERHEAD
        return sum(self.used[page] for page in self.leaves) / (room * len(self.leaves))


@dataclass
class Facts:
    """What a file holds."""

    page_count: int
    free: list
    trees: dict  # root slot -> Tree
    counters: list = field(default_factory=list)  # of a store: how far ids have been reserved

    def live(self):
        """The number of pages in use, the header not counted."""
        return self.page_count - 1 - len(self.free)


def need(condition, sentence):
    """A check that is made also where asserts are switched off."""
    if not condition:
        raise AssertionError(sentence)


def check_store(path, page_size):
    """The facts of a store's file, its log laid over it: milestone 6 keeps counters in root slot 1."""
    log = Path(f"{path}-wal").read_bytes()
    return check_image(Path(path).read_bytes(), page_size, log, store=True)


def check_image(image, page_size, log=b"", tight=False, store=False):
    """The facts of a file of these bytes. `tight`: no two neighbours may fit into one node."""
    pages = pages_of(image, page_size, log)
    header = pages[0]
    need(header[:8] == MAGIC, "page 0 does not begin as a database does")
    size, count, free_head = struct.unpack_from(">III", header, 8)
    need(size == page_size, f"the header says pages of {size} bytes, not {page_size}")
    need(count == len(pages), f"the header says {count} pages, and there are {len(pages)}")
    roots = struct.unpack_from(f">{ROOTS}I", header, 20)
    need(not any(header[20 + 4 * ROOTS :]), "the end of the header is not zeros")
    seen = {0: "the header"}
    free = _free_list(pages, free_head, seen)
    trees, counters = {}, []
    for slot, root in enumerate(roots):
        if store and slot == COUNTERS:
            need(0 < root < count and root not in seen, f"page {root} cannot hold the counters")
            seen[root] = "the page of counters"
            counters = list(struct.unpack_from(f">{len(pages[root]) // 8}Q", pages[root]))
        elif root:
            trees[slot] = _Walk(pages, page_size, seen, f"tree {slot}").tree(root)
            need(not tight or not trees[slot].mergeable, f"tree {slot}: pages {trees[slot].mergeable[:1]} would fit into one")  # fmt: skip
    lost = sorted(set(range(count)) - set(seen))
    need(not lost, f"pages {lost[:9]} are neither free nor in use ({len(lost)} of them)")
    return Facts(count, free, trees, counters)


def pages_of(image, page_size, log=b""):
    """The payloads of all pages, after a look at every checksum; whole batches of a log count."""
    logged = log_pages(log, page_size) if log else {}
    need(len(image) % page_size == 0 or logged, f"{len(image)} bytes are no number of pages")
    pages = {}
    for number in range(len(image) // page_size):
        if number not in logged:
            page = image[number * page_size : (number + 1) * page_size]
            payload, stored = page[:-4], int.from_bytes(page[-4:], "big")
            right = crc32(struct.pack(">I", number) + payload)
            need(stored == right, f"page {number} has the wrong checksum")
            pages[number] = payload
    pages.update(logged)
    need(sorted(pages) == list(range(len(pages))), "there are pages missing in the middle")
    return [pages[number] for number in range(len(pages))]


def log_pages(log, page_size):
    """What the whole batches of a log say: page -> payload. Stops at the first thing that is not right."""
    head = struct.Struct(">8sIII")
    if len(log) < head.size:
        return {}
    magic, size, generation, crc = head.unpack_from(log)
    if magic != LOG_MAGIC or size != page_size or crc != crc32(log[:16]):
        return {}
    found, batch, at = {}, [], head.size
    while at + 16 + page_size - 4 <= len(log):
        number, commit, of, stored = struct.unpack_from(">IIII", log, at)
        payload = log[at + 16 : at + 12 + page_size]
        chained = struct.pack(">IIII", crc, number, commit, of) + payload
        if of != generation or stored != crc32(chained):
            break
        crc, at = stored, at + 12 + page_size
        batch.append((number, payload))
        if commit:
            if commit != len(batch):
                break
            found.update(batch)
            batch = []
    return found


def _free_list(pages, page, seen):
    free = []
    while page:
        need(page < len(pages), f"the free list leads to page {page}, beyond the end")
        need(page not in seen, f"free page {page} is in use as {seen.get(page)}")
        need(pages[page][:4] == b"FREE", f"page {page} is in the free list and not marked free")
        need(not any(pages[page][8:]), f"free page {page} is not zeros behind its 8 bytes")
        seen[page] = "a free page"
        free.append(page)
        page = int.from_bytes(pages[page][4:8], "big")
    return free


def cells_of(payload, page):
    """The cells of a slotted page, after a look at its counters, bounds and overlaps."""
    count, top, garbage = struct.unpack_from(">HHH", payload, 16)
    need(OVERHEAD + SLOT * count <= top <= len(payload), f"page {page}: slots and cells overlap")
    slots = [struct.unpack_from(">HH", payload, OVERHEAD + SLOT * i) for i in range(count)]
    spans = sorted((offset, offset + length) for offset, length in slots if length)
    edges = [top, *(edge for span in spans for edge in span), len(payload)]
    need(edges == sorted(edges), f"page {page}: cells overlap, or lie outside")
    used = sum(length for _, length in slots)
    need(garbage == len(payload) - top - used, f"page {page}: the garbage is miscounted")
    return [payload[offset : offset + length] for offset, length in slots]


class _Walk:
    """One tree, from its root."""

    def __init__(self, pages, page_size, seen, name):
        self.pages = pages
        self.room = page_size - 4 - OVERHEAD
        self.largest = self.room // 4 - 4
        self.seen = seen
        self.name = name
        self.found = Tree()

    def tree(self, root):
        self.visit(root, None, None, 0)
        depths = {
            depth
            for depth, pages in enumerate(self.found.levels)
            for p in pages
            if p in self.leaves()
        }
        need(len(depths) == 1, f"{self.name}: its leaves are at the depths {sorted(depths)}")
        for page, after in pairwise([*self.found.leaves, 0]):
            told = int.from_bytes(self.pages[page][4:8], "big")
            need(told == after, f"leaf {page} says that {told} is next, and it is {after}")
        for (a, _), (b, _) in pairwise(self.found.items):
            need(a < b, f"{self.name}: key {a!r} comes before {b!r}")
        return self.found

    def leaves(self):
        return set(self.found.leaves)

    def claim(self, page, use):
        need(0 < page < len(self.pages), f"{self.name} leads to page {page}, which is not there")
        need(page not in self.seen, f"page {page} is {use}, and {self.seen.get(page)}")
        self.seen[page] = f"{use} of {self.name}"

    def visit(self, page, low, high, depth):
        self.claim(page, "a node")
        kind, _, first = struct.unpack_from(">B3xII", self.pages[page])
        need(kind in (LEAF, INNER), f"page {page} is a node of kind {kind}")
        cells = cells_of(self.pages[page], page)
        if len(self.found.levels) == depth:
            self.found.levels.append([])
        self.found.levels[depth].append(page)
        self.found.used[page] = sum(SLOT + len(cell) for cell in cells)
        (self._leaf if kind == LEAF else self._inner)(page, cells, low, high, depth, first)

    def _leaf(self, page, cells, low, high, depth, first):
        self.found.leaves.append(page)
        for cell in cells:
            length, flag = struct.unpack_from(">HB", cell)
            key, rest = cell[3 : 3 + length], cell[3 + length :]
            need(
                low is None or low <= key, f"leaf {page}: key {key!r} is below its signpost {low!r}"
            )
            need(high is None or key < high, f"leaf {page}: key {key!r} is not below {high!r}")
            need(flag in (0, 1), f"leaf {page}: a cell has the flag {flag}")
            need(len(cell) <= self.largest, f"leaf {page}: a cell of {len(cell)} bytes")
            self.found.items.append([key, self._overflow(rest) if flag else rest])

    def _overflow(self, rest):
        total, page = struct.unpack(">II", rest)
        value = b""
        while page:
            self.claim(page, "an overflow page")
            self.found.overflow.append(page)
            value += self.pages[page][4:]
            page = int.from_bytes(self.pages[page][:4], "big")
        left = len(value) - total
        need(
            0 <= left < len(self.pages[0]) - 4,
            f"{self.name}: {len(value)} bytes of overflow for {total}",
        )
        need(not any(value[total:]), f"{self.name}: an overflow page does not end with zeros")
        return value[:total]

    def _inner(self, page, cells, low, high, depth, first):
        keys = [cell[6:] for cell in cells]
        self.found.keyless += [] if keys else [page]
        for cell, key in zip(cells, keys, strict=True):
            length = int.from_bytes(cell[:2], "big")
            need(length == len(key), f"inner node {page}: a key of {len(key)} bytes says {length}")
        bounds = [low, *keys, high]
        children = [first, *(struct.unpack_from(">HI", cell)[1] for cell in cells)]
        for a, b in pairwise(keys):
            need(a < b, f"inner node {page}: key {a!r} comes before {b!r}")
        for child, (lower, upper) in zip(children, pairwise(bounds), strict=True):
            self.visit(child, lower, upper, depth + 1)
        for key, (a, b) in zip(keys, pairwise(children), strict=True):
            signpost = 0 if self.pages[a][0] == LEAF else SLOT + 6 + len(key)
            if self.found.used[a] + self.found.used[b] + signpost <= self.room:
                self.found.mergeable.append([a, b])
