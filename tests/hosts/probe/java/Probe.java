import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import kit.Errors;
import kit.Errors.PageCorrupt;

/** The probe: one small name for each thing that a host has to get right. The same in every language. */
public final class Probe {
    private static int pulled;
    private static Function<Object, Object> kept;

    // values

    public static Object echo(Object value) {
        return value;
    }

    public static String describe(Object value) {
        return value == null ? "null"
                : value instanceof Boolean ? "bool"
                : value instanceof Long || value instanceof BigInteger ? "int"
                : value instanceof Double ? "float"
                : value instanceof String ? "str"
                : value instanceof byte[] ? "bytes"
                : value instanceof List ? "list"
                : value instanceof Map ? "dict" : "object";
    }

    public static Object special(String name) {
        Map<String, Object> special = new HashMap<>();
        BigInteger big = BigInteger.TWO.pow(80);
        special.put("big", big);
        special.put("minus big", big.negate());
        special.put("edge", (1L << 53) - 1);
        special.put("past edge", 1L << 53);
        special.put("nan", Double.NaN);
        special.put("inf", Float.POSITIVE_INFINITY);
        special.put("-inf", Double.NEGATIVE_INFINITY);
        special.put("tuple", new Object[] {1, new int[] {2}});
        special.put("bytes", new byte[] {0, -1});
        Map<String, Object> dollar = new LinkedHashMap<>();
        dollar.put("$bytes", "no");
        dollar.put("a", (short) 1);
        special.put("dollar", dollar);
        special.put("lone", "\ud800");
        special.put("astral", "\ud83d\ude00");
        special.put("enormous", BigInteger.ONE.shiftLeft(20_000));
        special.put("optional", List.of(Optional.empty(), Optional.of('c')));
        return special.get(name);
    }

    public static Object nest(int depth) {
        List<Object> value = new ArrayList<>();
        for (int level = 1; level < depth; level++) {
            List<Object> around = new ArrayList<>();
            around.add(value);
            value = around;
        }
        return value;
    }

    public static List<Integer> wide(int count) {
        return Collections.nCopies(count, 0);
    }

    public static String text(int size) {
        return "a".repeat(size);
    }

    public static Object holdsItself() {
        List<Object> value = new ArrayList<>();
        value.add(1);
        value.add(value);
        return Map.of("a", List.of(value));
    }

    public static Object oddKeys() {
        return Map.of("rows", List.of(Map.of("x", Map.of(5, 1))));
    }

    static class LyingList extends ArrayList<Integer> {
        private static final long serialVersionUID = 1;

        @Override
        public boolean equals(Object other) {
            return true;
        }
    }

    static class LyingNumber extends Number {
        private static final long serialVersionUID = 1;

        public int intValue() {
            return 7;
        }

        public long longValue() {
            return 7;
        }

        public float floatValue() {
            return 7;
        }

        public double doubleValue() {
            return 7;
        }
    }

    public static List<Object> liars() {
        return List.of(new LyingList(), new LyingNumber(), new AbstractList<Integer>() {
            @Override
            public Integer get(int place) {
                throw new IllegalStateException();
            }

            @Override
            public int size() {
                return 1;
            }
        });
    }

    // names

    public static int add(int left, int right) {
        return left + right;
    }

    public static int add(int left) {
        return add(left, 10);
    }

    static int countLongWords(List<String> words, int longerThan) {
        int count = 0;
        for (String word : words) {
            count += word.length() > longerThan ? 1 : 0;
        }
        return count;
    }

    public static int valueOf(Counter counter) {
        return counter.value();
    }

    public static Counter[] counters(int count) {
        Counter[] counters = new Counter[count];
        for (int number = 0; number < count; number++) {
            counters[number] = new Counter(number);
        }
        return counters;
    }

    public static String overloaded(long value) {
        return "long";
    }

    public static String overloaded(double value) {
        return "double";
    }

    public static String overloaded(String value) {
        return "String";
    }

    public static String overloaded(Object value) {
        return "Object";
    }

    public static String overloaded(String first, int... rest) {
        return first + rest.length;
    }

    public static int sum(int[] numbers, List<Long> more, Map<String, Integer> named) {
        int sum = 0;
        for (int number : numbers) {
            sum += number;
        }
        for (long number : more) {
            sum += number;
        }
        for (int number : named.values()) {
            sum += number;
        }
        return sum;
    }

    // iterators

    public static Iterator<Integer> countUp(int limit) {
        return IntStream.range(0, limit).peek(number -> pulled++).boxed().iterator();
    }

    public static int pulled() {
        return pulled;
    }

    public static Iterable<Integer> countThenFail(int limit) {
        return () -> thenDo(limit, () -> {
            throw new PageCorrupt("after the last", limit);
        });
    }

    public static Iterator<Integer> countThenLeave(int limit) {
        return thenDo(limit, () -> System.exit(3));
    }

    private static Iterator<Integer> thenDo(int limit, Runnable last) {
        return new Iterator<>() {
            private int number;

            @Override
            public boolean hasNext() {
                if (number == limit) {
                    last.run();
                }
                return true;
            }

            @Override
            public Integer next() {
                return number++;
            }
        };
    }

    public static Stream<String> bigPieces(int count, int size) {
        return Stream.generate(() -> "a".repeat(size)).limit(count);
    }

    // callbacks

    /** What the test's object can do. */
    public interface Store {
        void writePage(String key, byte[] page);

        byte[] readPage(String key);
    }

    public static Object apply(Function<Object, Object> function, Object value) {
        return function.apply(value);
    }

    public static Object applySafely(Function<Object, Object> function, Object value) {
        try {
            return function.apply(value);
        } catch (UncheckedIOException error) {
            return "input/output error 5";
        } catch (RuntimeException error) {
            return "caught " + error.getMessage();
        }
    }

    public static int doubled(Function<Long, Integer> function) {
        int answer = function.andThen(number -> number * 2).apply(4L);
        return answer;
    }

    public static byte[] throughStore(Store store, String key) {
        store.writePage(key, new byte[] {'p', 'a', 'g', 'e'});
        return store.readPage(key);
    }

    public static void applyToCycle(Function<Object, Object> function) {
        List<Object> value = new ArrayList<>();
        value.add(value);
        function.apply(value);
    }

    public static void shoutAndApply(Function<Object, Object> function) {
        System.out.print("before");
        function.apply(1);
    }

    public static void keep(Function<Object, Object> function) {
        kept = function;
    }

    public static Object kept() {
        return kept;
    }

    public static Object applyInThread(Function<Object, Object> function, Object value) throws Exception {
        Object[] result = new Object[1];
        Thread thread = new Thread(() -> result[0] = function.apply(value));
        thread.start();
        thread.join();
        return result[0];
    }

    public static void applyThenLeave(Function<Object, Object> function) {
        function.apply(1);
        System.exit(3);
    }

    // errors

    static class IllegalArgumentException extends RuntimeException {
        private static final long serialVersionUID = 1;

        IllegalArgumentException(String message) {
            super(message);
        }
    }

    static class Hostile extends RuntimeException {
        private static final long serialVersionUID = 1;

        @Override
        public String getMessage() {
            throw new IllegalArgumentException("no text");
        }

        @Override
        public StackTraceElement[] getStackTrace() {
            throw new IllegalArgumentException("no stack");
        }
    }

    public static void fail(String how) {
        switch (how) {
            case "own": throw new PageCorrupt("page 7 is torn", 7);
            case "bad value": Integer.parseInt("seven"); break;
            case "todo": throw new UnsupportedOperationException("not implemented: 01-pages PageFile.read");
            case "posing": throw new IllegalArgumentException("I pose");
            case "hostile": throw new Hostile();
            case "deep": fail(how); break;
            case "long": throw new PageCorrupt("x".repeat(100_000), 1);
            default:
        }
    }

    public static void failInKit(int page) {
        Errors.corrupt(page);
    }

    // prints, life and death

    public static int shout(String text) {
        System.out.print(text);
        return text.length();
    }

    public static void sabotage() {
        System.setOut(null);
        System.setErr(null);
    }

    public static void leave(int status) {
        System.exit(status);
    }

    public static void hang() throws InterruptedException {
        Thread.sleep(3_600_000);
    }

    public static void stay() {
        new Thread(() -> {
            try {
                hang();
            } catch (InterruptedException stop) {
                return;
            }
        }).start();
    }
}

class Walker implements Iterator<Integer> {
    private int left;

    Walker(int limit) {
        left = limit;
    }

    @Override
    public boolean hasNext() {
        return left > 0;
    }

    @Override
    public Integer next() {
        return left--;
    }

    public String name() {
        return "walker";
    }
}
