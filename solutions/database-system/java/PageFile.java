import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import kit.DiskFile;
import kit.Errors.NotADatabase;
import kit.Errors.OutOfBounds;
import kit.Errors.PageCorrupt;
import kit.Errors.PageFull;
import kit.Errors.PageSizeMismatch;

/**
 * A file of pages that can prove they are intact. Page 0 is the header; other pages are the caller's.
 *
 * <p>Real systems do the same with more words: PostgreSQL has 8 KiB pages and a 16-bit checksum in
 * each, on by default only since version 18; SQLite keeps its free pages in a list of "trunk" pages.
 * Left out: a power cut between two writes still leaves half a change. That is the log's work,
 * milestone 6.
 *
 * <p>All integers are big-endian (as in a ByteBuffer), u32 is 4 bytes. Page n lies at offset
 * n * pageSize:
 *
 * <pre>
 *     page       payload, pageSize - 4 bytes | u32 crc32 of (u32 n, then the payload)
 *     page 0     the header; its payload:
 *         at 0   8 bytes "SFSDB" 00 01 00
 *         at 8   u32 page size
 *         at 12  u32 page count, the header included
 *         at 16  u32 first free page, 0 = none
 *         at 20  u32 root x 8, 0 = unset
 *         at 52  zeros
 *     free page  "FREE" | u32 next free page, 0 = none | zeros
 * </pre>
 *
 * <p>Header and free list are pages too. pageCount, allocate, free, getRoot and setRoot reach them
 * through this object's read and write alone and remember nothing between calls: milestone 6 puts a
 * log below by overriding these two. No call, opening included, costs more than 3 disk reads and 2 disk
 * writes, however long the file. Errors of the disk itself pass through.
 */
public class PageFile {
    private static final byte[] MAGIC = "SFSDB\0\1\0".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] FREE_MARK = "FREE".getBytes(StandardCharsets.ISO_8859_1);
    private static final int MIN_PAGE_SIZE = 128; // the header must fit
    private static final int MAX_PAGE_SIZE = 65536; // offsets in a page are 16 bits
    private static final int ROOT_SLOTS = 8;
    // BEGIN SOLUTION: helpers
    private static final int CHECKSUM = 4; // bytes
    private static final int PAGE_SIZE = 8; // from here on, offsets in the header
    private static final int PAGE_COUNT = 12;
    private static final int FIRST_FREE = 16;
    private static final int ROOTS = 20;

    private final DiskFile disk;
    private final int pageSize;
    // END SOLUTION

    /** Open with pages of 4,096 bytes. */
    public PageFile(String path) {
        this(path, 4096);
    }

    /**
     * Open the page file at {@code path}; a missing or empty file becomes one with a header only.
     *
     * <p>Raises IllegalArgumentException if {@code pageSize} is not in 128..65536, NotADatabase if the
     * file does not begin with the 8 magic bytes, PageSizeMismatch if it was made with another page
     * size, and PageCorrupt if the header page is damaged. A refused file is left as it was.
     */
    public PageFile(String path, int pageSize) {
        // BEGIN SOLUTION
        if (pageSize < MIN_PAGE_SIZE || pageSize > MAX_PAGE_SIZE) {
            throw new IllegalArgumentException("page size " + pageSize + " is out of range");
        }
        this.pageSize = pageSize;
        this.disk = new DiskFile(path);
        if (disk.size() == 0) {
            ByteBuffer header = ByteBuffer.allocate(payloadSize());
            write(0, header.put(MAGIC).putInt(pageSize).putInt(1).array());
            return;
        }
        byte[] start = disk.read(0, PAGE_COUNT); // raw: a wrong page size would fail every checksum
        if (start.length < PAGE_COUNT || !startsWith(start, MAGIC)) {
            throw new NotADatabase(path + " is not a page file");
        }
        int found = ByteBuffer.wrap(start).getInt(PAGE_SIZE);
        if (found != pageSize) {
            throw new PageSizeMismatch(path + " has pages of " + found + " bytes, not " + pageSize);
        }
        read(0);
        // END SOLUTION
    }

    /** Return the size of a page in the file, in bytes. */
    public int pageSize() {
        // BEGIN SOLUTION
        return pageSize;
        // END SOLUTION
    }

    /** Return how many bytes of a page are the caller's: pageSize - 4. */
    public int payloadSize() {
        // BEGIN SOLUTION
        return pageSize - CHECKSUM;
        // END SOLUTION
    }

    /** Return the number of pages, the header and free pages included. */
    public int pageCount() {
        // BEGIN SOLUTION
        return header().getInt(PAGE_COUNT);
        // END SOLUTION
    }

    /**
     * Return the payload of a page, always payloadSize bytes.
     *
     * <p>Raises OutOfBounds if {@code pageNo} is negative or the file ends before that page begins, and
     * PageCorrupt if the page is cut short or its checksum is not that of page {@code pageNo}. Both
     * messages name the page. Costs one disk read.
     */
    public byte[] read(int pageNo) {
        // BEGIN SOLUTION
        long offset = (long) pageNo * pageSize;
        if (offset < 0 || offset >= disk.size()) {
            throw new OutOfBounds("there is no page " + pageNo);
        }
        byte[] page = disk.read(offset, pageSize);
        if (page.length < pageSize) {
            throw new PageCorrupt("page " + pageNo + " is cut short");
        }
        byte[] payload = Arrays.copyOf(page, payloadSize());
        if (ByteBuffer.wrap(page).getInt(payloadSize()) != checksum(pageNo, payload)) {
            throw new PageCorrupt("page " + pageNo + " is damaged");
        }
        return payload;
        // END SOLUTION
    }

    /**
     * Replace the payload of a page; what {@code payload} leaves free becomes zeros.
     *
     * <p>{@code pageNo} may be the first page after the last: that is how the file grows. Raises
     * OutOfBounds if it is negative or further out, PageFull if {@code payload} is longer than
     * payloadSize. Nothing is written then. Costs one disk write, no read.
     */
    public void write(int pageNo, byte[] payload) {
        // BEGIN SOLUTION
        long offset = (long) pageNo * pageSize;
        if (offset < 0 || offset > disk.size()) {
            throw new OutOfBounds("page " + pageNo + " lies beyond the end of the file");
        }
        if (payload.length > payloadSize()) {
            throw new PageFull(payload.length + " bytes for a page of " + payloadSize());
        }
        byte[] padded = Arrays.copyOf(payload, payloadSize());
        ByteBuffer page = ByteBuffer.allocate(pageSize).put(padded);
        disk.write(offset, page.putInt(checksum(pageNo, padded)).array());
        // END SOLUTION
    }

    /**
     * Return the number of a page for the caller; it reads as zeros.
     *
     * <p>The page freed last is handed out first; with none free the file grows by one page. Raises
     * PageCorrupt, naming the page and changing nothing, if the page to hand out does not bear the
     * mark "FREE": somebody wrote to it after it was freed.
     */
    public int allocate() {
        // BEGIN SOLUTION
        ByteBuffer header = header();
        int firstFree = header.getInt(FIRST_FREE);
        if (firstFree == 0) {
            int pageNo = header.getInt(PAGE_COUNT);
            write(pageNo, new byte[0]);
            write(0, header.putInt(PAGE_COUNT, pageNo + 1).array());
            return pageNo;
        }
        byte[] free = read(firstFree);
        if (!startsWith(free, FREE_MARK)) {
            throw new PageCorrupt("page " + firstFree + " is in the free list and is not free");
        }
        int nextFree = ByteBuffer.wrap(free).getInt(FREE_MARK.length);
        write(0, header.putInt(FIRST_FREE, nextFree).array());
        write(firstFree, new byte[0]);
        return firstFree;
        // END SOLUTION
    }

    /**
     * Give a page back, for allocate to hand out again. The file does not shrink.
     *
     * <p>Raises OutOfBounds if {@code pageNo} is not in 1..pageCount - 1. To free a page twice is the
     * caller's mistake and need not be noticed.
     */
    public void free(int pageNo) {
        // BEGIN SOLUTION
        ByteBuffer header = header();
        if (pageNo <= 0 || pageNo >= header.getInt(PAGE_COUNT)) {
            throw new OutOfBounds("page " + pageNo + " cannot be freed");
        }
        ByteBuffer free = ByteBuffer.allocate(payloadSize()).put(FREE_MARK);
        write(pageNo, free.putInt(header.getInt(FIRST_FREE)).array());
        write(0, header.putInt(FIRST_FREE, pageNo).array());
        // END SOLUTION
    }

    /** Return the page number kept in root slot 0..7, 0 if unset. Raises OutOfBounds. */
    public int getRoot(int slot) {
        // BEGIN SOLUTION
        return header().getInt(rootOffset(slot));
        // END SOLUTION
    }

    /**
     * Keep a page number (0 = unset) in root slot 0..7, where a reader of the file finds it.
     *
     * <p>Raises OutOfBounds if {@code slot} is not in 0..7 or {@code pageNo} not in 0..pageCount - 1.
     */
    public void setRoot(int slot, int pageNo) {
        // BEGIN SOLUTION
        ByteBuffer header = header();
        if (pageNo < 0 || pageNo >= header.getInt(PAGE_COUNT)) {
            throw new OutOfBounds("there is no page " + pageNo + " to be a root");
        }
        write(0, header.putInt(rootOffset(slot), pageNo).array());
        // END SOLUTION
    }

    /** Return when all that was written would survive a power cut. Costs one disk sync. */
    public void sync() {
        // BEGIN SOLUTION
        disk.sync();
        // END SOLUTION
    }

    /** Close the file, without a sync. Calls that need the file raise StoreClosed afterwards. */
    public void close() {
        // BEGIN SOLUTION
        disk.close();
        // END SOLUTION
    }

    // BEGIN SOLUTION: helpers
    private ByteBuffer header() {
        return ByteBuffer.wrap(read(0));
    }

    private static int checksum(int pageNo, byte[] payload) {
        CRC32 crc = new CRC32();
        crc.update(ByteBuffer.allocate(4).putInt(0, pageNo));
        crc.update(payload);
        return (int) crc.getValue();
    }

    private static int rootOffset(int slot) {
        if (slot < 0 || slot >= ROOT_SLOTS) {
            throw new OutOfBounds("there is no root slot " + slot);
        }
        return ROOTS + slot * Integer.BYTES;
    }

    private static boolean startsWith(byte[] data, byte[] prefix) {
        return Arrays.equals(Arrays.copyOf(data, prefix.length), prefix);
    }
    // END SOLUTION
}
