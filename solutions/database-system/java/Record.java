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
    // BEGIN SOLUTION: helpers
    private static final int MAX_VARINT = 10; // bytes that 64 bits take, 7 in each

    // END SOLUTION
    private Record() {}

    /** Return {@code n}, 64 bits without a sign, in 1 to 10 bytes, as few as will do. */
    public static byte[] encodeVarint(long n) {
        // BEGIN SOLUTION
        ByteBuffer data = ByteBuffer.allocate(MAX_VARINT);
        while (Long.compareUnsigned(n, 0x7F) > 0) {
            data.put((byte) (n & 0x7F | 0x80));
            n >>>= 7;
        }
        data.put((byte) n);
        return Arrays.copyOf(data.array(), data.position());
        // END SOLUTION
    }

    /**
     * Return {n, offset of the byte after it} for the varint that begins at {@code offset}; n is to be
     * read as 64 bits without a sign.
     *
     * <p>Raises RecordCorrupt if the data ends before the varint does, if it has not ended after 10
     * bytes, or if n would be 2**64 or more.
     */
    public static long[] decodeVarint(byte[] data, int offset) {
        // BEGIN SOLUTION
        long n = 0;
        for (int i = 0; i < MAX_VARINT && offset + i < data.length; i++) {
            byte part = data[offset + i];
            n |= (long) (part & 0x7F) << 7 * i;
            if (part >= 0 && (i < MAX_VARINT - 1 || part <= 1)) {
                return new long[] {n, offset + i + 1};
            }
        }
        throw new RecordCorrupt("no whole varint at " + offset);
        // END SOLUTION
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
        // BEGIN SOLUTION
        if (types.size() != values.size()) {
            throw new TypeMismatch(values.size() + " values for " + types.size() + " columns");
        }
        byte[] bitmap = new byte[bitmapSize(types)];
        List<byte[]> parts = new ArrayList<>(List.of(bitmap));
        for (int i = 0; i < types.size(); i++) {
            if (values.get(i) == null) {
                bitmap[i / 8] |= (byte) (1 << i % 8);
            } else {
                parts.add(encodeField(types.get(i), values.get(i)));
            }
        }
        return join(parts);
        // END SOLUTION
    }

    /**
     * Return the values of a row that was encoded with the same types.
     *
     * <p>Raises RecordCorrupt if {@code data} ends too early or goes on after the last field, if spare
     * bits of the bitmap are set, a boolean is neither 0 nor 1, a varint is too large, or a text is
     * not UTF-8.
     */
    public static List<Object> decodeRow(List<String> types, byte[] data) {
        // BEGIN SOLUTION
        ByteBuffer row = ByteBuffer.wrap(data);
        byte[] bitmap = take(row, bitmapSize(types));
        List<Object> values = new ArrayList<>();
        for (int i = 0; i < types.size(); i++) {
            values.add(isSet(bitmap, i) ? null : decodeField(types.get(i), row));
        }
        for (int i = types.size(); i < 8 * bitmap.length; i++) {
            if (isSet(bitmap, i)) {
                throw new RecordCorrupt("bit " + i + " of the bitmap belongs to no column");
            }
        }
        if (row.hasRemaining()) {
            throw new RecordCorrupt("the row ends at byte " + row.position() + " of " + data.length);
        }
        return values;
        // END SOLUTION
    }

    // BEGIN SOLUTION: helpers
    private static byte[] encodeField(String type, Object value) {
        boolean whole = value instanceof Long || value instanceof Integer;
        if (type.equals("integer") && whole) {
            long n = ((Number) value).longValue();
            return encodeVarint(n << 1 ^ n >> 63);
        }
        if (type.equals("real") && value instanceof Number) {
            double real = ((Number) value).doubleValue();
            if (value instanceof Double || Double.isFinite(real)) { // else whole, and beyond all reals
                return ByteBuffer.allocate(8).putDouble(real).array();
            }
        }
        if (type.equals("text") && value instanceof String && isUnicode((String) value)) {
            byte[] text = ((String) value).getBytes(StandardCharsets.UTF_8);
            return join(List.of(encodeVarint(text.length), text));
        }
        if (type.equals("boolean") && value instanceof Boolean) {
            return new byte[] {(byte) ((Boolean) value ? 1 : 0)};
        }
        throw new TypeMismatch(value + " is not of type " + type);
    }

    /** Whether there is no half of a surrogate pair: `getBytes` would make a question mark of it. */
    private static boolean isUnicode(String text) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    private static Object decodeField(String type, ByteBuffer row) {
        switch (type) {
            case "integer":
                long zigzag = takeVarint(row);
                return zigzag >>> 1 ^ -(zigzag & 1);
            case "real":
                return ByteBuffer.wrap(take(row, Double.BYTES)).getDouble();
            case "boolean":
                byte flag = take(row, 1)[0];
                if (flag != 0 && flag != 1) {
                    throw new RecordCorrupt(flag + " is not a boolean");
                }
                return flag == 1;
            default:
                return decodeText(take(row, takeVarint(row)));
        }
    }

    private static String decodeText(byte[] text) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString();
        } catch (CharacterCodingException error) {
            throw new RecordCorrupt("a text is not UTF-8");
        }
    }

    private static long takeVarint(ByteBuffer row) {
        long[] found = decodeVarint(row.array(), row.position());
        row.position((int) found[1]);
        return found[0];
    }

    private static byte[] take(ByteBuffer row, long size) {
        if (Long.compareUnsigned(size, row.remaining()) > 0) {
            throw new RecordCorrupt(size + " bytes wanted, " + row.remaining() + " left");
        }
        byte[] taken = new byte[(int) size];
        row.get(taken);
        return taken;
    }

    private static int bitmapSize(List<String> types) {
        return (types.size() + 7) / 8;
    }

    private static boolean isSet(byte[] bitmap, int i) {
        return (bitmap[i / 8] >> i % 8 & 1) == 1;
    }

    private static byte[] join(List<byte[]> parts) {
        ByteBuffer whole = ByteBuffer.allocate(parts.stream().mapToInt(part -> part.length).sum());
        parts.forEach(whole::put);
        return whole.array();
    }
    // END SOLUTION
}
