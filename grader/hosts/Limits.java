package sfs;

import java.util.Map;

/** What a host may send at most. */
final class Limits {
    static final Limits NONE = new Limits(1_000, Long.MAX_VALUE, Long.MAX_VALUE, 0);
    static final Limits FIELD = new Limits(4, 16_384, 256, 0);
    final long depth;
    final long bytes;
    final long nodes;
    final long handles;

    private Limits(long depth, long bytes, long nodes, long handles) {
        this.depth = depth;
        this.bytes = bytes;
        this.nodes = nodes;
        this.handles = handles;
    }

    static Limits of(Map<String, Object> limits) {
        return new Limits(number(limits, "depth"), number(limits, "bytes"), number(limits, "nodes"),
                number(limits, "handles"));
    }

    private static long number(Map<String, Object> limits, String name) {
        return ((Number) limits.get(name)).longValue();
    }
}
