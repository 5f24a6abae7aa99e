package sfs;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Describes what the learner's code threw, without trusting anything that it defines. */
final class Problem {
    private static final int MESSAGE_CHARS = 4_000;
    private static final int FRAMES = 20;
    private static final int LINE_CHARS = 200;
    static String sources; // the folder of the learner's files, if the other end told it

    private Problem() {}

    static Fault of(Throwable error) {
        while (error instanceof ExceptionInInitializerError && error.getCause() != null) {
            error = error.getCause();
        }
        if (error instanceof Fault) {
            return (Fault) error;
        }
        String message = message(error);
        Fault fault = new Fault(Fault.RAISED, message);
        boolean loud = message.toLowerCase(Locale.ROOT).startsWith("not implemented");
        fault.data.put("class", Names.simple(error));
        fault.data.put("builtin", isBuiltin(error.getClass()));
        fault.data.put("bases", bases(error.getClass()));
        fault.data.put("fields", fields(error));
        fault.data.put("todo", error.getClass() == UnsupportedOperationException.class && loud);
        fault.data.put("frames", frames(error));
        return fault;
    }

    static boolean isBuiltin(Class<?> kind) {
        return kind.getClassLoader() != Host.class.getClassLoader();
    }

    private static String message(Throwable error) {
        try {
            String message = String.valueOf(error.getMessage() == null ? "" : error.getMessage());
            return message.substring(0, Math.min(message.length(), MESSAGE_CHARS));
        } catch (Throwable second) {
            String raised = " raised " + Names.simple(second);
            return "<the message of " + Names.simple(error) + raised + ">";
        }
    }

    private static List<Object> bases(Class<?> kind) {
        List<Object> bases = new ArrayList<>();
        for (Class<?> base = kind.getSuperclass(); base != Throwable.class && base != Object.class
                && base != null; base = base.getSuperclass()) {
            if (isBuiltin(base)) {
                bases.add(base.getSimpleName());
            }
        }
        return bases;
    }

    /** Public fields, and private ones with a public reader x() or getX(), in snake_case. */
    private static Map<String, Object> fields(Throwable error) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (Class<?> kind = error.getClass(); !isBuiltin(kind); kind = kind.getSuperclass()) {
            for (Field field : kind.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && isPublic(kind, field)) {
                    try {
                        field.setAccessible(true);
                        Encoder encoder = new Encoder(Limits.FIELD, null, null);
                        Object value = encoder.whole(field.get(error), field.getName());
                        fields.put(Names.snake(field.getName()), value);
                    } catch (Fault | ReflectiveOperationException notPlain) {
                        continue;
                    }
                }
            }
        }
        return fields;
    }

    private static boolean isPublic(Class<?> kind, Field field) {
        if (Modifier.isPublic(field.getModifiers())) {
            return true;
        }
        String name = field.getName();
        String getter = "get" + Character.toUpperCase(name.charAt(0)) + name.substring(1);
        for (Method method : kind.getDeclaredMethods()) {
            boolean named = method.getName().equals(name) || method.getName().equals(getter);
            boolean reads = named && method.getParameterCount() == 0;
            if (reads && Modifier.isPublic(method.getModifiers())) {
                return true;
            }
        }
        return false;
    }

    /** The learner's own frames and the kit's, outermost first; of a deep recursion the last. */
    private static List<Object> frames(Throwable error) {
        List<Object> frames = new ArrayList<>();
        try {
            for (StackTraceElement element : error.getStackTrace()) {
                boolean own = "app".equals(element.getClassLoaderName());
                if (own && !element.getClassName().startsWith("sfs.") && frames.size() < FRAMES) {
                    frames.add(frame(element));
                }
            }
        } catch (Throwable hostile) {
            return frames;
        }
        Collections.reverse(frames);
        return frames;
    }

    private static Map<String, Object> frame(StackTraceElement element) {
        String folder = element.getClassName().startsWith("kit.") ? "kit/" : "";
        String function = element.getMethodName();
        if (function.startsWith("lambda$")) {
            function = function.split("\\$")[1];
        }
        Map<String, Object> frame = new LinkedHashMap<>();
        frame.put("file", folder + element.getFileName());
        frame.put("line", element.getLineNumber());
        frame.put("function", function);
        frame.put("text", line(folder + element.getFileName(), element.getLineNumber()));
        return frame;
    }

    private static String line(String file, int number) {
        if (sources == null) {
            return "";
        }
        try {
            String line = Files.readAllLines(Path.of(sources, file)).get(number - 1).strip();
            return line.substring(0, Math.min(line.length(), LINE_CHARS));
        } catch (IOException | IndexOutOfBoundsException unknown) {
            return "";
        }
    }
}
