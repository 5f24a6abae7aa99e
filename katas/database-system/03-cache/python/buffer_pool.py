"""The pages in memory: so many frames, lent out by pin, chosen for eviction by LRU-2.

All code above reads and changes pages here and only here. The pool knows of each page whether
somebody is using it, whether it differs from the store, and when it was used the last two times.

Real systems do more in the same places. PostgreSQL approximates "least recently used" by a clock
hand, because its pool has many users at once and exact order would need a lock for each access;
SQLite keeps a plain list. Here there is one user, and a victim is found by looking at every frame:
that costs less than the read which follows it. History ends with eviction; the LRU-2 of the paper
remembers pages for some time after. Left out as well: reading ahead and writing in the background.
"""

from __future__ import annotations

from kit.errors import NotPinned, PagePinned, PoolExhausted
from page_file import PageFile


class Frame:
    """A page in memory. Its bytes are the holder's as long as it is pinned.

    `data` is the page itself, a bytearray of `payload_size` bytes, never replaced by another:
    `SlottedPage(frame.data)` works on the page. Whoever changes bytes there says so when releasing.
    """

    def __init__(self, page_no: int, data: bytearray) -> None:
        """Hold `data` as page `page_no`. Only the pool makes frames."""
        raise NotImplementedError("03-cache: Frame.__init__")

    def page_no(self) -> int:
        """Return the number of the page."""
        raise NotImplementedError("03-cache: Frame.page_no")

    def read(self, offset: int, size: int) -> bytes:
        """Return a copy of `size` bytes from `offset`. ValueError if not all are in the page."""
        raise NotImplementedError("03-cache: Frame.read")

    def write(self, offset: int, data: bytes) -> None:
        """Put `data` at `offset` and mark the page dirty.

        Raises ValueError, and nothing is changed, if not all of it would be in the page.
        """
        raise NotImplementedError("03-cache: Frame.write")


class BufferPool:
    """At most `capacity` pages of a store in memory; each page there once at most.

    A page is pinned once for every `fetch` or `new_page` that returned it and has not been
    released. A pinned page stays where it is; any other may be evicted when room is needed. Dirty
    pages, which differ from the store, are written when they are evicted or flushed, and at no
    other time. Errors of the store pass through, and no change of a page is lost by them. If a victim
    was written and the next step fails, it may be gone, or stay and be clean.

    The victim is the page without pins whose last access but one is the longest ago. Pages with
    only one access since they came into the pool go before all others, the one with the oldest
    access first. Each `fetch` and each `new_page` is one access; nothing else is.
    """

    def __init__(self, store: PageFile, capacity: int = 256) -> None:
        """Begin with no page in memory.

        `store` has the methods of `PageFile`, and need not be one. Raises ValueError if `capacity`
        is below 1.
        """
        raise NotImplementedError("03-cache: BufferPool.__init__")

    def store(self) -> PageFile:
        """Return the store below."""
        raise NotImplementedError("03-cache: BufferPool.store")

    def fetch(self, page_no: int) -> Frame:
        """Return the frame of a page, pinned. Reads the page if it is not in memory.

        All who hold a page hold the same frame. Raises PoolExhausted, and reads nothing, if there
        is no room and every frame is pinned. If the page cannot be read it is not in the pool.
        """
        raise NotImplementedError("03-cache: BufferPool.fetch")

    def new_page(self) -> Frame:
        """Allocate a page and return its frame: zeros, pinned, dirty. The page is not read.

        Raises PoolExhausted, and allocates nothing, if there is no room and every frame is pinned.
        """
        raise NotImplementedError("03-cache: BufferPool.new_page")

    def release(self, frame: Frame, dirty: bool = False) -> None:
        """Give back one pin. `dirty` says that the holder changed the page through `data`.

        A dirty page stays dirty whatever later holders say. Raises NotPinned if the frame has no
        pin to give back.
        """
        raise NotImplementedError("03-cache: BufferPool.release")

    def delete_page(self, page_no: int) -> None:
        """Free a page in the store and forget it, without reading or writing it.

        Raises PagePinned, and changes nothing, if it is pinned.
        """
        raise NotImplementedError("03-cache: BufferPool.delete_page")

    def flush(self) -> None:
        """Write all dirty pages, pinned ones too, in the order of their numbers.

        All stay in the pool, with their pins, and are clean. Does not sync the store.
        """
        raise NotImplementedError("03-cache: BufferPool.flush")

    def discard(self) -> None:
        """Forget all pages, clean ones too, and write none: the next fetch shows the store's.

        Raises PagePinned, and forgets nothing, if any page is pinned.
        """
        raise NotImplementedError("03-cache: BufferPool.discard")

    def pin_count(self, page_no: int) -> int:
        """Return how many pins a page has, 0 if it is not in the pool."""
        raise NotImplementedError("03-cache: BufferPool.pin_count")

    def stats(self) -> dict[str, int]:
        """Return how often, since the pool began: hits, misses, evictions, writes.

        A hit is a fetch that read nothing, a miss one that read its page; an eviction is a page
        that made room for another; writes are the pages that the pool wrote.
        """
        raise NotImplementedError("03-cache: BufferPool.stats")
