import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import kit.Errors.RecordCorrupt;
import kit.Errors.TypeMismatch;

/**
 * A row as bytes, and bytes as a row.
 *
 * <p>The types are not in the bytes: who reads a row must know its columns, as the catalog of
 * milestone 7 will. PostgreSQL and SQLite do the same for names; SQLite stores a type with every
 * value, which costs a byte each and lets a column hold anything. Here a column holds its type or
 * NULL.
 *
 * <pre>
 *     row       bitmap, one bit a column, ceil(n / 8) bytes | the fields that are not NULL, in order
 *               column i is NULL if bit i % 8 of byte i / 8 is set (bit 0 has the value 1);
 *               the spare bits of the last byte are 0
 *     integer   signed 64 bits, zigzag (0 -1 1 -2 2 ... become 0 1 2 3 4 ...), then as a varint
 *     real      8 bytes, IEEE 754 double, big-endian
 *     text      varint length in bytes | UTF-8
 *     boolean   1 byte, 0 or 1
 *     varint    7 bits a byte, lowest first; the top bit says that another byte follows
 * </pre>
 *
 * <p>Values are null, Long (or Integer), Double (or Float), String and Boolean; integers and reals
 * are decoded as Long and Double.
 */
public final class Record {
    private Record() {}

    /** Return {@code n}, 64 bits without a sign, in 1 to 10 bytes, as few as will do. */
    public static byte[] encodeVarint(long n) {
        throw new UnsupportedOperationException("not implemented: 02-records Record.encodeVarint");
    }

    /**
     * Return {n, offset of the byte after it} for the varint that begins at {@code offset}; n is to be
     * read as 64 bits without a sign.
     *
     * <p>Raises RecordCorrupt if the data ends before the varint does, if it has not ended after 10
     * bytes, or if n would be 2**64 or more.
     */
    public static long[] decodeVarint(byte[] data, int offset) {
        throw new UnsupportedOperationException("not implemented: 02-records Record.decodeVarint");
    }

    /**
     * Return the row as bytes. The types are "integer", "real", "text" and "boolean".
     *
     * <p>Every column takes null. Besides, an integer column takes whole numbers of -2**63 to
     * 2**63 - 1 and no booleans, a real column any number that is not beyond all reals and no
     * booleans, a text column strings that UTF-8 can say, a boolean column booleans. Anything else,
     * another type name, or more or fewer values than types, raises TypeMismatch.
     */
    public static byte[] encodeRow(List<String> types, List<Object> values) {
        throw new UnsupportedOperationException("not implemented: 02-records Record.encodeRow");
    }

    /**
     * Return the values of a row that was encoded with the same types.
     *
     * <p>Raises RecordCorrupt if {@code data} ends too early or goes on after the last field, if spare
     * bits of the bitmap are set, a boolean is neither 0 nor 1, a varint is too large, or a text is
     * not UTF-8.
     */
    public static List<Object> decodeRow(List<String> types, byte[] data) {
        throw new UnsupportedOperationException("not implemented: 02-records Record.decodeRow");
    }
}
