package kit;

/**
 * Every error of the database, by name. Given: import from here, never define your own.
 *
 * <p>A name is part of the contract: callers, and one day database drivers, tell errors apart by
 * class and by {@code sqlstate}, the five characters that the SQL standard gives to each kind of
 * failure. The text is for people: say what was asked for and what was found.
 */
public final class Errors {
    private Errors() {}

    /** What all errors of the database have in common. */
    public static class DatabaseError extends RuntimeException {
        private final String sqlstate;

        public DatabaseError(String message) {
            this("XX000", message);
        }

        protected DatabaseError(String sqlstate, String message) {
            super(message);
            this.sqlstate = sqlstate;
        }

        public String sqlstate() {
            return sqlstate;
        }
    }

    /** The file exists, has bytes in it, and they are not ours. */
    public static class NotADatabase extends DatabaseError {
        public NotADatabase(String message) {
            super(message);
        }
    }

    /** The file was made with another page size than the one it is opened with. */
    public static class PageSizeMismatch extends DatabaseError {
        public PageSizeMismatch(String message) {
            super(message);
        }
    }

    /** A page is not what was written there: torn, flipped, misplaced, not what its user expects. */
    public static class PageCorrupt extends DatabaseError {
        public PageCorrupt(String message) {
            super("XX001", message);
        }
    }

    /** A number that names no page, or no root slot, of this file. */
    public static class OutOfBounds extends DatabaseError {
        public OutOfBounds(String message) {
            super(message);
        }
    }

    /** More bytes than a page can take. */
    public static class PageFull extends DatabaseError {
        public PageFull(String message) {
            super(message);
        }
    }

    /** A call to something that has been closed. */
    public static class StoreClosed extends DatabaseError {
        public StoreClosed(String message) {
            super(message);
        }
    }

    /** An index that names no cell of this page. */
    public static class SlotOutOfRange extends DatabaseError {
        public SlotOutOfRange(String message) {
            super(message);
        }
    }

    /** Bytes that are not the encoding of any row of the given types. */
    public static class RecordCorrupt extends DatabaseError {
        public RecordCorrupt(String message) {
            super("XX001", message);
        }
    }

    /** A value that the column's type cannot hold. */
    public static class TypeMismatch extends DatabaseError {
        public TypeMismatch(String message) {
            super("42804", message);
        }
    }
}
