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
    // BEGIN SOLUTION: helpers
    private static final int COUNT = 16; // offsets
    private static final int TOP = 18;
    private static final int GARBAGE = 20;
    private static final int SLOTS = 22;
    private static final int SLOT = 4; // bytes in one

    private final ByteBuffer page;
    // END SOLUTION

    /** Look at {@code data}, 22 to 65,535 bytes, as a slotted page: no copy, no change, no check. */
    public SlottedPage(byte[] data) {
        // BEGIN SOLUTION
        page = ByteBuffer.wrap(data);
        // END SOLUTION
    }

    /** Make it a page with no cells. The user header stays as it is. */
    public void format() {
        // BEGIN SOLUTION
        setU16(COUNT, 0);
        setU16(TOP, page.capacity());
        setU16(GARBAGE, 0);
        // END SOLUTION
    }

    /** Return the number of cells. */
    public int count() {
        // BEGIN SOLUTION
        return u16(COUNT);
        // END SOLUTION
    }

    /** Return a copy of cell {@code index}. */
    public byte[] get(int index) {
        // BEGIN SOLUTION
        int slot = slot(index);
        return Arrays.copyOfRange(page.array(), u16(slot), u16(slot) + u16(slot + 2));
        // END SOLUTION
    }

    /**
     * Put a new cell before cell {@code index}, or after the last if {@code index} is count.
     *
     * <p>The cell goes directly below top; if only garbage stands in the way, the page is compacted
     * first. Returns false, and the page is unchanged, if cell and slot cannot fit even so.
     */
    public boolean insert(int index, byte[] cell) {
        // BEGIN SOLUTION
        if (index < 0 || index > count()) {
            throw new SlotOutOfRange("cannot insert at " + index + ": there are " + count() + " cells");
        }
        if (SLOT + cell.length > room() + u16(GARBAGE)) {
            return false;
        }
        makeRoom(SLOT + cell.length);
        int at = SLOTS + index * SLOT;
        int end = SLOTS + count() * SLOT;
        System.arraycopy(page.array(), at, page.array(), at + SLOT, end - at);
        setU16(COUNT, count() + 1);
        place(index, cell);
        return true;
        // END SOLUTION
    }

    /**
     * Put {@code cell} in the place of cell {@code index}. Other cells keep their index.
     *
     * <p>A cell no longer than the old one is written over its first bytes. For a longer one the bytes
     * of the old one count as room, and it goes where insert would put it. Returns false, and the page
     * is unchanged, if it cannot fit even so.
     */
    public boolean replace(int index, byte[] cell) {
        // BEGIN SOLUTION
        int slot = slot(index);
        int length = u16(slot + 2);
        if (cell.length <= length) {
            page.put(u16(slot), cell);
            setU16(slot + 2, cell.length);
            setU16(GARBAGE, u16(GARBAGE) + length - cell.length);
            return true;
        }
        if (cell.length > room() + u16(GARBAGE) + length) {
            return false;
        }
        setU16(slot + 2, 0);
        setU16(GARBAGE, u16(GARBAGE) + length);
        makeRoom(cell.length);
        place(index, cell);
        return true;
        // END SOLUTION
    }

    /** Take cell {@code index} out; later cells move down by one index. Its bytes become garbage. */
    public void remove(int index) {
        // BEGIN SOLUTION
        int slot = slot(index);
        setU16(GARBAGE, u16(GARBAGE) + u16(slot + 2));
        int end = SLOTS + count() * SLOT;
        System.arraycopy(page.array(), slot + SLOT, page.array(), slot, end - slot - SLOT);
        setU16(COUNT, count() - 1);
        // END SOLUTION
    }

    /** Return the length of the longest cell that insert would take now, 0 if none. */
    public int freeSpace() {
        // BEGIN SOLUTION
        return Math.max(0, room() + u16(GARBAGE) - SLOT);
        // END SOLUTION
    }

    /** Move the cells together at the end: no garbage, the same cells at the same indexes. */
    public void compact() {
        // BEGIN SOLUTION
        byte[][] cells = new byte[count()][];
        Arrays.setAll(cells, this::get);
        setU16(TOP, page.capacity());
        setU16(GARBAGE, 0);
        for (int index = 0; index < cells.length; index++) {
            place(index, cells[index]);
        }
        // END SOLUTION
    }

    /** Return a copy of the user header, 16 bytes. */
    public byte[] header() {
        // BEGIN SOLUTION
        return Arrays.copyOf(page.array(), USER_HEADER);
        // END SOLUTION
    }

    /** Replace the user header. Raises IllegalArgumentException if it is not 16 bytes long. */
    public void setHeader(byte[] data) {
        // BEGIN SOLUTION
        if (data.length != USER_HEADER) {
            throw new IllegalArgumentException("a user header has 16 bytes, not " + data.length);
        }
        page.put(0, data);
        // END SOLUTION
    }

    // BEGIN SOLUTION: helpers
    private int u16(int offset) {
        return Short.toUnsignedInt(page.getShort(offset));
    }

    private void setU16(int offset, int value) {
        page.putShort(offset, (short) value);
    }

    /** Where the slot of cell {@code index} is. */
    private int slot(int index) {
        if (index < 0 || index >= count()) {
            throw new SlotOutOfRange("there is no cell " + index + ": the page has " + count());
        }
        return SLOTS + index * SLOT;
    }

    /** Bytes between the directory and the cells. */
    private int room() {
        return u16(TOP) - SLOTS - count() * SLOT;
    }

    /** Have {@code need} bytes between directory and cells, compacting if that is what it takes. */
    private void makeRoom(int need) {
        if (need > room()) {
            compact();
        }
    }

    /** Put a cell below the lowest one and let slot {@code index} point to it. */
    private void place(int index, byte[] cell) {
        int top = u16(TOP) - cell.length;
        page.put(top, cell);
        setU16(TOP, top);
        setU16(slot(index), top);
        setU16(slot(index) + 2, cell.length);
    }
    // END SOLUTION
}
