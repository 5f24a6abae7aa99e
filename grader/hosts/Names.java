package sfs;

import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Finds the learner's classes and methods by the names that suites use. */
final class Names {
    final List<String> own = new ArrayList<>(); // classes of modules, in the order of search
    final List<String> kit = new ArrayList<>();

    static String pascal(String module) {
        String camel = camel(module);
        return camel.substring(0, 1).toUpperCase(Locale.ROOT) + camel.substring(1);
    }

    static String camel(String name) {
        StringBuilder camel = new StringBuilder();
        for (int at = 0; at < name.length(); at++) {
            boolean joint = name.charAt(at) == '_' && at > 0 && at + 1 < name.length();
            camel.append(joint ? Character.toUpperCase(name.charAt(++at)) : name.charAt(at));
        }
        return camel.toString();
    }

    static String snake(String name) {
        StringBuilder snake = new StringBuilder();
        for (int at = 0; at < name.length(); at++) {
            boolean joint = at > 0 && Character.isUpperCase(name.charAt(at))
                    && !Character.isUpperCase(name.charAt(at - 1));
            snake.append(joint ? "_" : "").append(Character.toLowerCase(name.charAt(at)));
        }
        return snake.toString();
    }

    static String simple(Object value) {
        String simple = value.getClass().getSimpleName();
        return simple.isEmpty() ? value.getClass().getName() : simple;
    }

    /** The constructors or static methods that a name without a target stands for. */
    List<Executable> find(String name) {
        String[] steps = name.split("\\.");
        Class<?> kind = classNamed(steps[0]);
        for (int at = 1; kind != null && at < steps.length; at++) {
            Class<?> nested = load(kind.getName() + "$" + steps[at]);
            if (nested == null) {
                return orMissing(methods(kind, steps[at], true), kind, steps[at]);
            }
            kind = nested;
        }
        return kind != null ? Arrays.asList(kind.getDeclaredConstructors()) : freeFunction(name);
    }

    List<Executable> methods(Object target, String name) {
        return orMissing(methods(target.getClass(), name, false), target.getClass(), name);
    }

    private Class<?> classNamed(String name) {
        List<String> candidates = new ArrayList<>();
        for (String module : own) {
            candidates.add(module.equals(name) ? module : module + "$" + name);
        }
        candidates.add(name);
        for (String module : kit) {
            candidates.add(module.equals("kit." + name) ? module : module + "$" + name);
        }
        candidates.add("kit." + name);
        for (String candidate : candidates) {
            Class<?> kind = load(candidate);
            if (kind != null) {
                return kind;
            }
        }
        return null;
    }

    private List<Executable> freeFunction(String name) {
        List<String> modules = new ArrayList<>(own);
        modules.addAll(kit);
        List<Class<?>> seen = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (String module : modules) {
            Class<?> kind = load(module);
            if (kind == null) {
                missing.add(module);
                continue;
            }
            List<Executable> found = methods(kind, name, true);
            if (!found.isEmpty()) {
                return found;
            }
            seen.add(kind);
        }
        missing.retainAll(own);
        String gone = String.join(", ", missing);
        String where = String.join(", ", own) + (gone.isEmpty() ? "" : " (no class " + gone + ")");
        boolean isClass = Character.isUpperCase(name.charAt(0));
        throw noSuch(isClass ? "class " + name : "static method " + camel(name), where, name, seen);
    }

    /** A learner's class, not yet initialised: that happens, and may fail, at its first use. */
    private static Class<?> load(String name) {
        try {
            return Class.forName(name, false, Host.class.getClassLoader());
        } catch (ClassNotFoundException | NoClassDefFoundError missing) {
            return null;
        }
    }

    /** Methods of a class and its ancestors, under the exact name or else in camelCase. */
    private static List<Executable> methods(Class<?> kind, String name, boolean isStatic) {
        for (String spelling : new String[] {name, camel(name)}) {
            List<Executable> found = new ArrayList<>();
            for (Method method : all(kind)) {
                boolean fits = method.getName().equals(spelling) && !method.isSynthetic();
                if (fits && Modifier.isStatic(method.getModifiers()) == isStatic) {
                    found.add(method);
                }
            }
            if (!found.isEmpty()) {
                return found;
            }
        }
        return new ArrayList<>();
    }

    /** Public methods, then those that the learner left without a modifier; never private ones. */
    private static List<Method> all(Class<?> kind) {
        List<Method> all = new ArrayList<>(Arrays.asList(kind.getMethods()));
        Class<?> own = kind;
        for (; own != null && !Problem.isBuiltin(own); own = own.getSuperclass()) {
            for (Method method : own.getDeclaredMethods()) {
                if ((method.getModifiers() & (Modifier.PRIVATE | Modifier.PUBLIC)) == 0) {
                    all.add(method);
                }
            }
        }
        return all;
    }

    private static List<Executable> orMissing(List<Executable> found, Class<?> kind, String name) {
        if (found.isEmpty()) {
            throw noSuch("method " + camel(name), kind.getSimpleName(), name, List.of(kind));
        }
        return found;
    }

    private static Fault noSuch(String what, String where, String name, List<Class<?>> seen) {
        String near = "";
        for (Class<?> kind : seen) {
            for (Method method : all(kind)) {
                boolean fits = method.getDeclaringClass() != Object.class && !method.isSynthetic();
                if (near.isEmpty() && fits && isNear(method.getName(), camel(name), 2)) {
                    near = "; the nearest name is " + method.getName();
                }
            }
        }
        Fault fault = new Fault(Fault.NO_NAME, "there is no " + what + " in " + where + near);
        fault.data.put("name", name);
        return fault;
    }

    /** Whether one word becomes the other by so many letters put in, left out or changed. */
    private static boolean isNear(String left, String right, int edits) {
        int at = 0;
        while (at < left.length() && at < right.length() && left.charAt(at) == right.charAt(at)) {
            at++;
        }
        String a = left.substring(at);
        String b = right.substring(at);
        if (a.isEmpty() || b.isEmpty() || edits == 0) {
            return a.length() + b.length() <= edits;
        }
        return isNear(a.substring(1), b, edits - 1) || isNear(a, b.substring(1), edits - 1)
                || isNear(a.substring(1), b.substring(1), edits - 1);
    }
}
