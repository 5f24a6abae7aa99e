package sfs;

import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One of several overloads with the arguments as it wants them. */
final class Chosen {
    private static final int WIDER = 1; // what a conversion costs: the cheapest overload is called
    private static final int ANYTHING = 3;

    final Executable executable;
    private final Object[] arguments;
    private int cost;

    private Chosen(Executable executable, List<Object> given) throws Mismatch {
        this.executable = executable;
        Type[] types = executable.getGenericParameterTypes();
        if (types.length != executable.getParameterCount()) {
            types = executable.getParameterTypes(); // of an inner class or an enum
        }
        boolean spread = executable.isVarArgs() && !(given.size() == types.length
                && given.get(types.length - 1) instanceof List);
        int fixed = spread ? types.length - 1 : types.length;
        if (spread ? given.size() < fixed : given.size() != fixed) {
            throw new Mismatch();
        }
        arguments = new Object[types.length];
        for (int place = 0; place < fixed; place++) {
            arguments[place] = convert(given.get(place), types[place]);
        }
        if (spread) {
            cost += WIDER;
            arguments[fixed] = convert(given.subList(fixed, given.size()), types[fixed]);
        }
    }

    static Chosen among(List<Executable> executables, List<Object> given, String name) {
        Chosen best = null;
        StringBuilder known = new StringBuilder();
        for (Executable executable : executables) {
            try {
                Chosen chosen = new Chosen(executable, given);
                best = best == null || chosen.cost < best.cost ? chosen : best;
            } catch (Mismatch mismatch) {
                known.append(known.length() > 0 ? ", " : "").append(signature(executable));
            }
        }
        if (best == null) {
            Fault fault = new Fault(Fault.NO_NAME, "no " + Names.camel(name) + " takes "
                    + describe(given) + "; there is " + known);
            fault.data.put("name", name);
            throw fault;
        }
        return best;
    }

    private static String signature(Executable executable) {
        StringBuilder text = new StringBuilder();
        for (Type type : executable.getGenericParameterTypes()) {
            text.append(text.length() > 0 ? ", " : "").append(type.getTypeName());
        }
        Class<?> owner = executable.getDeclaringClass();
        String name = executable instanceof Method ? executable.getName() : owner.getSimpleName();
        String types = text.toString().replace("java.lang.", "").replace("java.util.", "");
        return name + "(" + types + ")";
    }

    private static String describe(List<Object> given) {
        StringBuilder text = new StringBuilder("(");
        for (Object value : given) {
            String kind = value == null ? "null" : value instanceof Long ? "integer " + value
                    : value instanceof Callback ? "a function" : value.getClass().getSimpleName();
            text.append(text.length() > 1 ? ", " : "").append(kind);
        }
        return text.append(')').toString();
    }

    /** Enter the learner's code: the only door. Whatever comes out of it becomes an answer. */
    Object invoke(Object target) {
        try {
            if (!executable.trySetAccessible() && !Modifier.isPublic(executable.getModifiers())) {
                throw new Fault(Fault.NO_NAME, executable.getName() + " is closed to callers");
            }
            if (executable instanceof Constructor) {
                return ((Constructor<?>) executable).newInstance(arguments);
            }
            return ((Method) executable).invoke(target, arguments);
        } catch (InvocationTargetException raised) {
            throw Problem.of(raised.getCause());
        } catch (ReflectiveOperationException | LinkageError | StackOverflowError error) {
            throw Problem.of(error);
        }
    }

    // -- what a parameter wants -------------------------------------------------------------------

    static Object converted(Object value, Type type) {
        try {
            return new Chosen().convert(value, type);
        } catch (Mismatch mismatch) {
            throw new ClassCastException("the test's answer is no " + type.getTypeName());
        }
    }

    private Chosen() {
        executable = null;
        arguments = null;
    }

    private Object convert(Object value, Type type) throws Mismatch {
        Class<?> kind = raw(type);
        if (kind == Object.class) {
            cost += ANYTHING;
            return value;
        }
        if (value == null) {
            return orMismatch(null, !kind.isPrimitive());
        }
        if (value instanceof Caller) {
            orMismatch(value, kind.isInterface());
            return proxy((Caller) value, kind, type);
        }
        if (value instanceof Number) {
            return number((Number) value, kind);
        }
        if (value instanceof Boolean) {
            return orMismatch(value, kind == boolean.class || kind == Boolean.class);
        }
        if (value instanceof String) {
            return text((String) value, kind);
        }
        if (value instanceof List && (kind.isArray() || kind.isAssignableFrom(ArrayList.class))) {
            return kind.isArray() ? array((List<?>) value, type) : list((List<?>) value, type);
        }
        if (value instanceof Map && kind.isAssignableFrom(LinkedHashMap.class)) {
            return map((Map<?, ?>) value, type);
        }
        return orMismatch(value, kind.isInstance(value));
    }

    private static <T> T orMismatch(T value, boolean fits) throws Mismatch {
        if (!fits) {
            throw new Mismatch();
        }
        return value;
    }

    private Object number(Number value, Class<?> kind) throws Mismatch {
        boolean single = kind == float.class || kind == Float.class;
        if (single || kind == double.class || kind == Double.class) {
            cost += value instanceof Double ? 0 : WIDER;
            return single ? (Object) value.floatValue() : (Object) value.doubleValue();
        }
        if (kind.isInstance(value)) { // Number, Comparable, or its own class
            return value;
        }
        if (kind == BigInteger.class && value instanceof Long) {
            cost += WIDER;
            return BigInteger.valueOf(value.longValue());
        }
        orMismatch(value, value instanceof Long);
        long whole = value.longValue();
        if (kind == long.class) {
            return whole;
        }
        if (kind == int.class || kind == Integer.class) {
            return orMismatch((int) whole, (int) whole == whole);
        }
        if (kind == short.class || kind == Short.class) {
            return orMismatch((short) whole, (short) whole == whole);
        }
        boolean small = kind == byte.class || kind == Byte.class;
        return orMismatch((byte) whole, small && (byte) whole == whole);
    }

    private static Object text(String value, Class<?> kind) throws Mismatch {
        if (kind == Path.class) {
            return Path.of(value);
        }
        if (kind == char.class || kind == Character.class) {
            return orMismatch(value.isEmpty() ? ' ' : value.charAt(0), value.length() == 1);
        }
        return orMismatch(value, kind.isInstance(value));
    }

    private Object array(List<?> items, Type type) throws Mismatch {
        Type item = type instanceof GenericArrayType
                ? ((GenericArrayType) type).getGenericComponentType()
                : ((Class<?>) type).getComponentType();
        Object array = Array.newInstance(raw(item), items.size());
        for (int place = 0; place < items.size(); place++) {
            Array.set(array, place, convert(items.get(place), item));
        }
        return array;
    }

    private Object list(List<?> items, Type type) throws Mismatch {
        List<Object> list = new ArrayList<>();
        for (Object item : items) {
            list.add(convert(item, argumentOf(type, 0)));
        }
        return list;
    }

    private Object map(Map<?, ?> items, Type type) throws Mismatch {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : items.entrySet()) {
            Object key = convert(entry.getKey(), argumentOf(type, 0));
            map.put(key, convert(entry.getValue(), argumentOf(type, 1)));
        }
        return map;
    }

    private static Object proxy(Caller caller, Class<?> kind, Type type) {
        Callback.Handler handler = new Callback.Handler(caller, type);
        ClassLoader loader = Host.class.getClassLoader();
        return Proxy.newProxyInstance(loader, new Class<?>[] {kind}, handler);
    }

    static Type argumentOf(Type type, int place) {
        boolean tells = type instanceof ParameterizedType;
        return tells ? ((ParameterizedType) type).getActualTypeArguments()[place] : Object.class;
    }

    static Class<?> raw(Type type) {
        if (type instanceof Class) {
            return (Class<?>) type;
        }
        if (type instanceof ParameterizedType) {
            return (Class<?>) ((ParameterizedType) type).getRawType();
        }
        if (type instanceof GenericArrayType) {
            return raw(((GenericArrayType) type).getGenericComponentType()).arrayType();
        }
        Type[] bounds = type instanceof WildcardType
                ? ((WildcardType) type).getUpperBounds() : ((TypeVariable<?>) type).getBounds();
        return raw(bounds[0]);
    }

    /** A value is not what a parameter wants. */
    static final class Mismatch extends Exception {
        private static final long serialVersionUID = 1;

        Mismatch() {
            super(null, null, false, false);
        }
    }
}
