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
        throw new UnsupportedOperationException("not implemented: 01-pages PageFile.constructor");
    }

    /** Return the size of a page in the file, in bytes. */
    public int pageSize() {
        throw new UnsupportedOperationException("not implemented: 01-pages PageFile.pageSize");
    }

    /** Return how many bytes of a page are the caller's: pageSize - 4. */
    public int payloadSize() {
        throw new UnsupportedOperationException("not implemented: 01-pages PageFile.payloadSize");
    }

    /** Return the number of pages, the header and free pages included. */
    public int pageCount() {
        throw new UnsupportedOperationException("not implemented: 01-pages PageFile.pageCount");
    }

    /**
     * Return the payload of a page, always payloadSize bytes.
     *
     * <p>Raises OutOfBounds if {@code pageNo} is negative or the file ends before that page begins, and
     * PageCorrupt if the page is cut short or its checksum is not that of page {@code pageNo}. Both
     * messages name the page. Costs one disk read.
     */
    public byte[] read(int pageNo) {
        throw new UnsupportedOperationException("not implemented: 01-pages PageFile.read");
    }

    /**
     * Replace the payload of a page; what {@code payload} leaves free becomes zeros.
     *
     * <p>{@code pageNo} may be the first page after the last: that is how the file grows. Raises
     * OutOfBounds if it is negative or further out, PageFull if {@code payload} is longer than
     * payloadSize. Nothing is written then. Costs one disk write, no read.
     */
    public void write(int pageNo, byte[] payload) {
        throw new UnsupportedOperationException("not implemented: 01-pages PageFile.write");
    }

    /**
     * Return the number of a page for the caller; it reads as zeros.
     *
     * <p>The page freed last is handed out first; with none free the file grows by one page. Raises
     * PageCorrupt, naming the page and changing nothing, if the page to hand out does not bear the
     * mark "FREE": somebody wrote to it after it was freed.
     */
    public int allocate() {
        throw new UnsupportedOperationException("not implemented: 01-pages PageFile.allocate");
    }

    /**
     * Give a page back, for allocate to hand out again. The file does not shrink.
     *
     * <p>Raises OutOfBounds if {@code pageNo} is not in 1..pageCount - 1. To free a page twice is the
     * caller's mistake and need not be noticed.
     */
    public void free(int pageNo) {
        throw new UnsupportedOperationException("not implemented: 01-pages PageFile.free");
    }

    /** Return the page number kept in root slot 0..7, 0 if unset. Raises OutOfBounds. */
    public int getRoot(int slot) {
        throw new UnsupportedOperationException("not implemented: 01-pages PageFile.getRoot");
    }

    /**
     * Keep a page number (0 = unset) in root slot 0..7, where a reader of the file finds it.
     *
     * <p>Raises OutOfBounds if {@code slot} is not in 0..7 or {@code pageNo} not in 0..pageCount - 1.
     */
    public void setRoot(int slot, int pageNo) {
        throw new UnsupportedOperationException("not implemented: 01-pages PageFile.setRoot");
    }

    /** Return when all that was written would survive a power cut. Costs one disk sync. */
    public void sync() {
        throw new UnsupportedOperationException("not implemented: 01-pages PageFile.sync");
    }

    /** Close the file, without a sync. Calls that need the file raise StoreClosed afterwards. */
    public void close() {
        throw new UnsupportedOperationException("not implemented: 01-pages PageFile.close");
    }
}
