"""Below and above a buffer pool: a page file that writes down every request, and a user of pages.

Given, for the suites. The pool must work over anything that has the methods of `PageFile`, and
`RecordingPages` is such a thing: it lives in memory, and knows who asked for what in which order.
`Holder` holds frames as the tree of milestone 4 will, so that a test can name pages only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.errors import OutOfBounds, StoreClosed

if TYPE_CHECKING:
    from slotted_page import SlottedPage

SHOWN = 16  # bytes of a page that a holder tells of


class RecordingPages:
    """Pages in memory with the methods of `PageFile`. Page n begins with the text "page n"."""

    def __init__(self, page_count: int, page_size: int = 128) -> None:
        self._page_size = page_size
        self._pages = [self._padded(b"page %d" % number) for number in range(page_count)]
        self._free: list[int] = []
        self._roots = [0] * 8
        self._log: list[list[Any]] = []
        self._refused = ""

    def log(self) -> list[list[Any]]:
        """Return what was asked since the last `log`: read, write, allocate, free with the page
        number, and sync."""
        log, self._log = self._log, []
        return log

    def image(self, page_no: int) -> bytes:
        """Return what is stored of a page, up to its last byte that is not zero; not logged."""
        return self._pages[page_no].rstrip(b"\0")

    def refuse(self, name: str) -> None:
        """Let each call of this name raise StoreClosed from now on; "" for none."""
        self._refused = name

    def page_size(self) -> int:
        return self._page_size

    def payload_size(self) -> int:
        return self._page_size - 4

    def page_count(self) -> int:
        return len(self._pages)

    def read(self, page_no: int) -> bytes:
        self._asked("read", page_no)
        return self._pages[self._known(page_no)]

    def write(self, page_no: int, payload: bytes) -> None:
        self._asked("write", page_no)
        self._pages[self._known(page_no)] = self._padded(payload)

    def allocate(self) -> int:
        page_no = self._free[-1] if self._free else len(self._pages)
        self._asked("allocate", page_no)
        self._free = self._free[:-1]
        self._pages[page_no:] = [self._padded(b""), *self._pages[page_no + 1 :]]
        return page_no

    def free(self, page_no: int) -> None:
        self._asked("free", page_no)
        self._pages[self._known(page_no)] = self._padded(b"FREE")
        self._free.append(page_no)

    def get_root(self, slot: int) -> int:
        return self._roots[slot]

    def set_root(self, slot: int, page_no: int) -> None:
        self._roots[slot] = page_no

    def sync(self) -> None:
        self._log.append(["sync"])

    def close(self) -> None:
        self._log.append(["close"])

    def _asked(self, name: str, page_no: int) -> None:
        self._log.append([name, page_no])
        if name == self._refused:
            raise StoreClosed(f"{name} of page {page_no} is refused")

    def _known(self, page_no: int) -> int:
        if not 0 <= page_no < len(self._pages):
            raise OutOfBounds(f"there is no page {page_no}")
        return page_no

    def _padded(self, payload: bytes) -> bytes:
        return bytes(payload).ljust(self._page_size - 4, b"\0")


class Holder:
    """Fetches pages from a pool and holds them until told to release them."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._frames: dict[int, list[Any]] = {}

    def fetch(self, page_no: int) -> bytes:
        """Fetch a page, once more if it is held already; return its first bytes, not the zeros."""
        frame = self._pool.fetch(page_no)
        self._frames.setdefault(frame.page_no(), []).append(frame)
        return self._shown(frame)

    def new_page(self) -> int:
        """Make a page and hold it; return its number."""
        frame = self._pool.new_page()
        self._frames.setdefault(frame.page_no(), []).append(frame)
        return int(frame.page_no())

    def write(self, page_no: int, data: bytes) -> None:
        """Put `data` at the beginning of a page that is held, by `write` of its frame."""
        self._frames[page_no][-1].write(0, data)

    def scribble(self, page_no: int, data: bytes) -> None:
        """Put `data` at the beginning of a page that is held, behind the back of its frame."""
        self._frames[page_no][-1].data[: len(data)] = data

    def slotted_page(self, page_no: int) -> SlottedPage:
        """Return a `SlottedPage` over the live bytes of a page that is held."""
        from slotted_page import SlottedPage

        return SlottedPage(self._frames[page_no][-1].data)

    def release(self, page_no: int, dirty: bool = False) -> None:
        """Release a page that is held, the frame fetched first of several."""
        self._pool.release(self._frames[page_no].pop(0), dirty)

    def visit(self, page_no: int) -> bytes:
        """Fetch a page and release it unchanged; return its first bytes."""
        frame = self._pool.fetch(page_no)
        shown = self._shown(frame)
        self._pool.release(frame)
        return shown

    def change(self, page_no: int, data: bytes) -> None:
        """Fetch a page, put `data` at its beginning, and release it."""
        frame = self._pool.fetch(page_no)
        frame.write(0, data)
        self._pool.release(frame)

    def _shown(self, frame: Any) -> bytes:
        return bytes(frame.read(0, SHOWN)).rstrip(b"\0")
