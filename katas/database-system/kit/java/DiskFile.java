package kit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The door to the disk. Given: all bytes of the database go through a DiskFile, and no other way.
 *
 * <p>The door has no cache and no opinion: a read asks the operating system, a write tells it, and
 * only {@code sync} promises that what was written outlives a power cut. Because there is one door,
 * a grader can stand in it: it counts what passes (counts, totals), keeps a journal of every change,
 * and can make the disk misbehave on purpose (trace). Your code never calls trace or totals.
 *
 * <p>Failures of the disk arrive as UncheckedIOException.
 */
public final class DiskFile {
    private static final int KILLED = 137; // the exit status of a process that died of kill -9

    private static Map<String, Long> totals = zeros();
    private static FileChannel journal;
    private static long operations;
    private static long planAt;
    private static String planHow = "";

    private final String path;
    private final FileChannel channel;
    private final Map<String, Long> counts = zeros();

    /** Open the file at {@code path}; make an empty one if there is none. */
    public DiskFile(String path) {
        this.path = path;
        try {
            channel = FileChannel.open(Path.of(path), StandardOpenOption.READ,
                    StandardOpenOption.WRITE, StandardOpenOption.CREATE);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** Return {@code size} bytes from {@code offset}; fewer where the file ends before. */
    public byte[] read(long offset, int size) {
        checkOpen();
        ByteBuffer buffer = ByteBuffer.allocate(size);
        try {
            while (buffer.hasRemaining() && channel.read(buffer, offset + buffer.position()) > 0) {}
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        count("reads", 1);
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    /** Put {@code data} at {@code offset}, making the file longer if need be. */
    public void write(long offset, byte[] data) {
        checkOpen();
        boolean torn = fate("write").equals("torn");
        byte[] written = torn ? Arrays.copyOf(data, data.length / 2) : data;
        ByteBuffer buffer = ByteBuffer.wrap(written);
        try {
            while (buffer.hasRemaining()) {
                channel.write(buffer, offset + buffer.position());
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        count("writes", 1);
        count("bytes_written", written.length);
        record("write", offset, written, written.length);
        if (torn) {
            die();
        }
    }

    /** Return the length of the file in bytes. Not counted as a read. */
    public long size() {
        checkOpen();
        try {
            return channel.size();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** Cut the file, or stretch it with zeros, to {@code size} bytes. */
    public void truncate(long size) {
        checkOpen();
        fate("truncate");
        try {
            if (size <= channel.size()) {
                channel.truncate(size);
            } else {
                channel.write(ByteBuffer.allocate(1), size - 1);
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        record("truncate", 0, new byte[0], size);
    }

    /** Return only when everything written so far would survive a power cut. */
    public void sync() {
        checkOpen();
        if (!fate("sync").equals("lost-sync")) {
            try {
                channel.force(true);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
            record("sync", 0, new byte[0], 0);
        }
        count("syncs", 1);
    }

    /** Let go of the file. Every later call but close raises StoreClosed. */
    public void close() {
        try {
            channel.close();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** Return how often this object was used: reads, writes, bytes_written, syncs. */
    public Map<String, Long> counts() {
        return new LinkedHashMap<>(counts);
    }

    /** Return the same counts over all files of this process, since it began or since trace. */
    public static synchronized Map<String, Long> totals() {
        return new LinkedHashMap<>(totals);
    }

    /**
     * Start anew to count, to journal every change, and to follow {@code plan}, if there is one.
     *
     * <p>The journal gets one JSON object a line: op, path, offset, data (base64), size. The plan
     * {"at": k, "how": h} spoils the k-th write, truncate or sync from now: "crash": the process
     * dies just before it; "torn": a write is cut to its first half, then the process dies; "full":
     * it fails, the disk has no space left; "lost-sync": the first sync from there on does nothing,
     * and says it did.
     */
    public static synchronized void trace(String journalPath, Map<String, Object> plan) {
        try {
            if (journal != null) {
                journal.close();
            }
            journal = journalPath == null ? null : FileChannel.open(Path.of(journalPath),
                    StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        totals = zeros();
        operations = 0;
        planAt = plan == null ? 0 : ((Number) plan.get("at")).longValue();
        planHow = plan == null ? "" : (String) plan.get("how");
    }

    /** Count one changing operation and say what becomes of it ("" = nothing special). */
    private static synchronized String fate(String op) {
        operations++;
        if (planHow.equals("lost-sync") && op.equals("sync") && operations >= planAt) {
            planHow = "";
            return "lost-sync";
        }
        if (operations != planAt) {
            return "";
        }
        if (planHow.equals("full")) {
            throw new UncheckedIOException(new IOException("No space left on device"));
        }
        if (planHow.equals("torn") && op.equals("write")) {
            return "torn";
        }
        if (planHow.equals("torn") || planHow.equals("crash")) {
            die();
        }
        return "";
    }

    private void record(String op, long offset, byte[] data, long size) {
        synchronized (DiskFile.class) {
            if (journal == null) {
                return;
            }
            String line = String.format(
                    "{\"op\":\"%s\",\"path\":%s,\"offset\":%d,\"data\":\"%s\",\"size\":%d}\n",
                    op, quoted(path), offset, Base64.getEncoder().encodeToString(data), size);
            try {
                journal.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8)));
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }
    }

    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < ' ' || c > '~') {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }

    private void checkOpen() {
        if (!channel.isOpen()) {
            throw new Errors.StoreClosed(path + " is closed");
        }
    }

    private void count(String what, long amount) {
        counts.merge(what, amount, Long::sum);
        synchronized (DiskFile.class) {
            totals.merge(what, amount, Long::sum);
        }
    }

    private static void die() {
        Runtime.getRuntime().halt(KILLED);
    }

    private static Map<String, Long> zeros() {
        Map<String, Long> counts = new LinkedHashMap<>();
        for (String what : new String[] {"reads", "writes", "bytes_written", "syncs"}) {
            counts.put(what, 0L);
        }
        return counts;
    }
}
