"""What a power cut may leave of files, rebuilt from the journal of a disk.

A disk keeps its word for what was synced. Of what was written to a file after its last sync it may
have kept everything, nothing, or any part: whole writes, in any order, or some sectors of one. A
`Power` knows the journal of all writes, truncates and syncs, and gives the files as they may look
after a cut before operation n. How much survives is decided by one of `KEEP`:

    nothing      only what was synced
    everything   all that was written
    writes       of the writes since the sync, each with an even chance
    sectors      of each write any 64 bytes (a sector is larger; finer is harder)
    pages        of each write any frame of the log, or any page

`log_of` writes logs as milestone 6 describes them, so that suites can hand one to a store.
"""

import struct
from itertools import pairwise
from zlib import crc32

KEEP = "nothing", "everything", "writes", "sectors", "pages"
SECTOR = 64
LOG_HEADER, FRAME_HEAD = 20, 16


class Power:
    """The journal of a disk, and what was on it when the journal began."""

    def __init__(self, journal, before=None, page_size=512):
        self.journal = journal
        self.before = dict(before or {})
        self.page_size = page_size

    def cut(self, at, keep, random):
        """The files after a power cut before operation `at` (from 0): path -> bytes."""
        files = {path: bytearray(data) for path, data in self.before.items()}
        waiting = {}
        for entry in self.journal[:at]:
            path = entry["path"]
            files.setdefault(path, bytearray())
            if entry["op"] == "sync":
                for late in waiting.pop(path, []):
                    _apply(files[path], late)
            else:
                waiting.setdefault(path, []).append(entry)
        for path, entries in waiting.items():
            for entry in entries:
                self._perhaps(files[path], path, entry, keep, random)
        return {path: bytes(data) for path, data in files.items()}

    def _perhaps(self, file, path, entry, keep, random):
        if keep == "everything" or (keep == "writes" and random.random() < 0.5):
            _apply(file, entry)
        elif keep in ("sectors", "pages") and entry["op"] == "truncate":
            if random.random() < 0.5:
                _apply(file, entry)
        elif keep in ("sectors", "pages"):
            _stretch(file, entry)
            for start, end in self._parts(path, entry, keep):
                if random.random() < 0.5:
                    data = entry["data"][start - entry["offset"] : end - entry["offset"]]
                    file[start:end] = data

    def _parts(self, path, entry, keep):
        """Where a write may be torn: pairs of offsets in the file."""
        first, last = entry["offset"], entry["offset"] + len(entry["data"])
        log = path.endswith("-wal")
        step = SECTOR if keep == "sectors" else self.page_size + (FRAME_HEAD - 4 if log else 0)
        origin = LOG_HEADER if log and keep == "pages" else 0
        edges = [origin + step * n for n in range((first - origin) // step, last // step + 2)]
        inside = [first, *(edge for edge in edges if first < edge < last), last]
        return list(pairwise(inside))


def _stretch(file, entry):
    end = entry["offset"] + len(entry["data"])
    file.extend(bytes(max(0, end - len(file))))


def _apply(file, entry):
    if entry["op"] == "truncate":
        del file[entry["size"] :]
        file.extend(bytes(entry["size"] - len(file)))
    else:
        _stretch(file, entry)
        file[entry["offset"] : entry["offset"] + len(entry["data"])] = entry["data"]


def header_of(page_size, generation):
    """The header of a log."""
    head = b"SFSWAL\x00\x01" + struct.pack(">II", page_size, generation)
    return head + struct.pack(">I", crc32(head))


def log_of(page_size, generation, batches):
    """A log of these batches; each is a list of (page, payload), or of (page, payload, commit)."""
    log = header_of(page_size, generation)
    crc = crc32(log[:16])
    for batch in batches:
        for number, (page, payload, *marks) in enumerate(batch, 1):
            commit = marks[0] if marks else len(batch) if number == len(batch) else 0
            head = struct.pack(">III", page, commit, generation)
            crc = crc32(struct.pack(">I", crc) + head + payload)
            log += head + struct.pack(">I", crc) + payload
    return log
