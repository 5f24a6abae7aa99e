package kit;

/**
 * A page in memory that belongs to somebody else. Given, for the suites.
 *
 * <p>In milestone 3 the pages in memory belong to a cache, which lends them out. Whoever works on a
 * page must change the lender's bytes, not a copy of them. Buffer is such a lender: slottedPage
 * lends, image shows what became of the bytes.
 */
public final class Buffer {
    private final byte[] data;

    public Buffer(byte[] content) {
        data = content.clone();
    }

    /** Return a SlottedPage over these very bytes. By name, as a package cannot import it. */
    public Object slottedPage() throws Throwable {
        try {
            return Class.forName("SlottedPage").getConstructor(byte[].class).newInstance(data);
        } catch (java.lang.reflect.InvocationTargetException error) {
            throw error.getCause();
        }
    }

    /** Return what the bytes are now. */
    public byte[] image() {
        return data.clone();
    }
}
