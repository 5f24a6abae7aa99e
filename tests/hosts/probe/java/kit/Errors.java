package kit;

import java.util.List;

/** Given: the probe's own error. */
public final class Errors {
    private Errors() {}

    public static class PageCorrupt extends RuntimeException {
        private static final long serialVersionUID = 1;
        public final int pageNumber;
        public final transient Object odd = new Object();
        private final int hidden = 1;
        private final transient List<Object> where;

        public PageCorrupt(String message, int pageNumber) {
            super(message);
            this.pageNumber = pageNumber;
            this.where = List.of("file", pageNumber + hidden - 1);
        }

        public List<Object> where() {
            return where;
        }
    }

    public static void corrupt(int page) {
        throw new PageCorrupt("page " + page + " is torn", page);
    }
}
