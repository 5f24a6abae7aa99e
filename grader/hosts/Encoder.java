package sfs;

import java.lang.reflect.Array;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.BaseStream;

/** Turns one value into JSON text within the limits, handing out references on the way. */
final class Encoder {
    private static final long SAFE_INT = (1L << 53) - 1; // a JSON number beyond it may be inexact
    private static final List<Class<?>> WHOLE =
            List.of(Long.class, Integer.class, Short.class, Byte.class);
    private static final int BIGGEST_INT_BITS = 13_000; // the other end refuses longer ones
    final StringBuilder out = new StringBuilder();
    long spent; // characters of the values before this one
    private final Limits limits;
    private final Values values;
    private final Object constructed; // asked for as an object: a reference even when it iterates
    private final Map<Object, Object> open = new IdentityHashMap<>(); // containers around the value
    private final List<Integer> kept = new ArrayList<>();
    private long nodes;

    Encoder(Limits limits, Values values, Object constructed) {
        this.limits = limits;
        this.values = values;
        this.constructed = constructed;
    }

    /** Encode a value; when it cannot cross, take back every reference handed out for it. */
    Coded whole(Object value, String name) {
        out.setLength(0);
        kept.clear();
        try {
            encode(value);
            spent += out.length();
            return new Coded(out.toString());
        } catch (Throwable problem) {
            if (values != null) {
                values.release(kept);
            }
            if (problem instanceof Uncrossable) {
                String where = name + ((Uncrossable) problem).path + ": ";
                throw new Fault(Fault.UNCROSSABLE, where + problem.getMessage());
            }
            throw Problem.of(problem); // the language's own view of a list of the learner's
        }
    }

    void encode(Object value) {
        if (++nodes > limits.nodes) {
            throw new Uncrossable("more than " + limits.nodes + " values in one answer");
        }
        if (value == null || value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof Number && value.getClass().getClassLoader() == null) {
            number((Number) value);
        } else if (value instanceof String || value instanceof Character) {
            Json.quote(value.toString(), out);
        } else if (value instanceof Coded) {
            out.append(((Coded) value).text);
        } else if (value instanceof byte[]) {
            String text = Base64.getEncoder().encodeToString((byte[]) value);
            out.append("{\"$bytes\":\"").append(text).append("\"}");
        } else if (value instanceof Optional) {
            encode(((Optional<?>) value).orElse(null));
        } else {
            object(value);
        }
        if (spent + out.length() > limits.bytes) {
            throw new Uncrossable("more than " + limits.bytes + " bytes in one answer");
        }
    }

    private void number(Number value) {
        if (value instanceof Double || value instanceof Float) {
            double real = value.doubleValue();
            String special = Double.isNaN(real) ? "nan" : real > 0 ? "inf" : "-inf";
            if (Double.isNaN(real) || Double.isInfinite(real)) {
                out.append("{\"$float\":\"").append(special).append("\"}");
            } else {
                out.append(real);
            }
        } else if (value instanceof BigInteger) {
            big((BigInteger) value);
        } else if (WHOLE.contains(value.getClass())) {
            big(BigInteger.valueOf(value.longValue()));
        } else {
            remote(value);
        }
    }

    private void big(BigInteger value) {
        if (value.bitLength() > BIGGEST_INT_BITS) {
            throw new Uncrossable("an integer of " + value.bitLength() + " bits is too large");
        }
        if (value.bitLength() <= 53 && Math.abs(value.longValue()) <= SAFE_INT) {
            out.append(value.longValue());
        } else {
            out.append("{\"$int\":\"").append(value).append("\"}");
        }
    }

    private void object(Object value) {
        Callback callback = Callback.behind(value);
        boolean plain = value.getClass().getClassLoader() == null;
        if (callback != null) {
            out.append("{\"$callback\":").append(callback.number).append('}');
        } else if (value.getClass().isArray()) {
            sequence(value, arrayItems(value));
        } else if (plain && value instanceof List) {
            sequence(value, ((List<?>) value).iterator());
        } else if (plain && value instanceof Map) {
            mapping((Map<?, ?>) value);
        } else {
            remote(value);
        }
    }

    private static Iterator<Object> arrayItems(Object array) {
        return new Iterator<>() {
            private int place;

            @Override
            public boolean hasNext() {
                return place < Array.getLength(array);
            }

            @Override
            public Object next() {
                return Array.get(array, place++);
            }
        };
    }

    private void enter(Object container) {
        if (open.size() >= limits.depth) {
            throw new Uncrossable("nested more than " + limits.depth + " deep");
        }
        if (open.put(container, container) != null) {
            throw new Uncrossable("the value contains itself");
        }
    }

    private void sequence(Object container, Iterator<?> items) {
        enter(container);
        out.append('[');
        for (int place = 0; items.hasNext(); place++) {
            out.append(place > 0 ? "," : "");
            item(items.next(), "[", place, "]");
        }
        out.append(']');
        open.remove(container);
    }

    private void mapping(Map<?, ?> items) {
        boolean tagged = false;
        for (Object key : items.keySet()) {
            if (!(key instanceof String)) {
                String what = key instanceof Number ? key.toString() : Names.simple(key);
                throw new Uncrossable("dict key " + what + " is not a string");
            }
            tagged |= ((String) key).startsWith("$");
        }
        enter(items);
        out.append(tagged ? "{\"$dict\":[" : "{");
        String comma = "";
        for (Map.Entry<?, ?> entry : items.entrySet()) {
            out.append(comma).append(tagged ? "[" : "");
            Json.quote((String) entry.getKey(), out);
            out.append(tagged ? "," : ":");
            item(entry.getValue(), ".", entry.getKey(), "");
            out.append(tagged ? "]" : "");
            comma = ",";
        }
        out.append(tagged ? "]}" : "}");
        open.remove(items);
    }

    private void item(Object value, String before, Object step, String after) {
        try {
            encode(value);
        } catch (Uncrossable problem) {
            problem.path = before + step + after + problem.path;
            throw problem;
        }
    }

    private void remote(Object value) {
        if (values == null || limits.handles == 0) {
            throw new Uncrossable("not a plain value");
        }
        int number = values.keep(value, limits.handles);
        kept.add(number);
        if (value != constructed && iterates(value)) {
            out.append("{\"$iter\":").append(number).append('}');
        } else {
            out.append("{\"$ref\":").append(number).append(",\"type\":");
            Json.quote(Names.simple(value), out);
            out.append('}');
        }
    }

    /** Iterators, streams, and what is nothing but iterable: a lambda or an anonymous class. */
    private static boolean iterates(Object value) {
        Class<?> kind = value.getClass();
        boolean nameless = kind.isAnonymousClass() || kind.isSynthetic();
        return value instanceof Iterator || value instanceof BaseStream || (nameless
                && value instanceof Iterable && !(value instanceof Collection));
    }

    /** A value that cannot cross; the path to it grows while the encoder unwinds. */
    static final class Uncrossable extends RuntimeException {
        private static final long serialVersionUID = 1;
        String path = "";

        Uncrossable(String message) {
            super(message, null, false, false);
        }
    }

    /** JSON text that is ready to be sent. */
    static final class Coded {
        final String text;

        Coded(String text) {
            this.text = text;
        }
    }
}
