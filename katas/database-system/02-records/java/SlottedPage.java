import java.nio.ByteBuffer;
import java.util.Arrays;
import kit.Errors.SlotOutOfRange;

/**
 * Cells of any length in a page of fixed length: a list of byte strings, kept inside a buffer that
 * belongs to somebody else.
 *
 * <p>The directory of slots grows up from the front, the cells grow down from the end, the free space
 * is what lies between. PostgreSQL's heap pages and SQLite's b-tree pages are laid out so. Left out:
 * both also reuse a hole in the middle without moving its neighbours; here holes are only counted, and
 * compact gathers them when room is needed, because one rule is enough to be right.
 *
 * <pre>
 *     at 0    16 bytes for the page's user; never looked at here
 *     at 16   u16 count      number of cells
 *     at 18   u16 top        where the cells begin; the size of the page while there are none
 *     at 20   u16 garbage    bytes from top to the end of the page that belong to no cell
 *     at 22   count slots    u16 offset, u16 length; slot i is cell i
 *             free space     up to top
 *             cells          in any order, with garbage between them, up to the end of the page
 * </pre>
 *
 * <p>All state is in the buffer: two SlottedPage over one buffer see each other's work. Indexes run
 * from 0 to count - 1 as in a list; a wrong one raises SlotOutOfRange and changes nothing.
 */
public class SlottedPage {
    private static final int USER_HEADER = 16; // bytes

    /** Look at {@code data}, 22 to 65,535 bytes, as a slotted page: no copy, no change, no check. */
    public SlottedPage(byte[] data) {
        throw new UnsupportedOperationException("not implemented: 02-records SlottedPage.constructor");
    }

    /** Make it a page with no cells. The user header stays as it is. */
    public void format() {
        throw new UnsupportedOperationException("not implemented: 02-records SlottedPage.format");
    }

    /** Return the number of cells. */
    public int count() {
        throw new UnsupportedOperationException("not implemented: 02-records SlottedPage.count");
    }

    /** Return a copy of cell {@code index}. */
    public byte[] get(int index) {
        throw new UnsupportedOperationException("not implemented: 02-records SlottedPage.get");
    }

    /**
     * Put a new cell before cell {@code index}, or after the last if {@code index} is count.
     *
     * <p>The cell goes directly below top; if only garbage stands in the way, the page is compacted
     * first. Returns false, and the page is unchanged, if cell and slot cannot fit even so.
     */
    public boolean insert(int index, byte[] cell) {
        throw new UnsupportedOperationException("not implemented: 02-records SlottedPage.insert");
    }

    /**
     * Put {@code cell} in the place of cell {@code index}. Other cells keep their index.
     *
     * <p>A cell no longer than the old one is written over its first bytes. For a longer one the bytes
     * of the old one count as room, and it goes where insert would put it. Returns false, and the page
     * is unchanged, if it cannot fit even so.
     */
    public boolean replace(int index, byte[] cell) {
        throw new UnsupportedOperationException("not implemented: 02-records SlottedPage.replace");
    }

    /** Take cell {@code index} out; later cells move down by one index. Its bytes become garbage. */
    public void remove(int index) {
        throw new UnsupportedOperationException("not implemented: 02-records SlottedPage.remove");
    }

    /** Return the length of the longest cell that insert would take now, 0 if none. */
    public int freeSpace() {
        throw new UnsupportedOperationException("not implemented: 02-records SlottedPage.freeSpace");
    }

    /** Move the cells together at the end: no garbage, the same cells at the same indexes. */
    public void compact() {
        throw new UnsupportedOperationException("not implemented: 02-records SlottedPage.compact");
    }

    /** Return a copy of the user header, 16 bytes. */
    public byte[] header() {
        throw new UnsupportedOperationException("not implemented: 02-records SlottedPage.header");
    }

    /** Replace the user header. Raises IllegalArgumentException if it is not 16 bytes long. */
    public void setHeader(byte[] data) {
        throw new UnsupportedOperationException("not implemented: 02-records SlottedPage.setHeader");
    }
}
