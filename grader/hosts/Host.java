package sfs;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.BaseStream;

/**
 * The far side of the bridge for Java: runs the code under test and answers questions about it.
 *
 * <p>Law of every host:
 *
 * <ul>
 *   <li>It speaks JSON-RPC 2.0, one message a line, on the socket named by SFS_FD, and never speaks
 *       first: a request comes in, callbacks may go out while it is served, one answer goes out.
 *   <li>Only plain values cross. A value is plain by its exact class, which is the language's own;
 *       whatever else poses as a list or a number crosses as an opaque reference.
 *   <li>The trusted end believes nothing that is said here. What this file does against hostile code
 *       keeps honest reports readable; it does not protect the verdict.
 *   <li>It starts fast, because every test gets a process of its own. Hence no lambda, no stream, no
 *       regular expression and no text switch with patterns on the way to the first answer: each
 *       costs milliseconds at its first use. And no library, so the JSON is read and written here.
 * </ul>
 *
 * <p>A module {@code page_file} is the class PageFile, its free functions are that class's static
 * methods, and snake_case names are looked up as they are and then in camelCase.
 */
public final class Host {
    static final int RAISED = -32000;
    static final int UNCROSSABLE = -32001;
    static final int NO_NAME = -32002;
    static final int DEAD = -32003;
    static final int MISUSE = -32004;

    static final long SAFE_INT = (1L << 53) - 1; // a JSON number beyond it is not exact everywhere
    static final int BIGGEST_INT_BITS = 13_000; // the other end refuses longer ones
    static final int MESSAGE_CHARS = 4_000;
    static final int FRAMES = 20;
    static final long ENOUGH_BYTES = 1 << 20; // a batch of iterator values is cut here
    static final int EXIT_FAULT = 70; // the conversation broke: EX_SOFTWARE of sysexits.h

    private final Wire wire;
    private final Names names = new Names();
    private final Map<Integer, Object> handles = new HashMap<>();
    private final Map<Integer, Callback> callbacks = new HashMap<>();
    private Limits limits;
    private int lastHandle;
    private int lastCallback;
    private volatile boolean running;

    private Host(Wire wire) {
        this.wire = wire;
    }

    public static void main(String[] arguments) throws Exception {
        System.setOut(unbuffered(FileDescriptor.out)); // prints are there when an answer is
        System.setErr(unbuffered(FileDescriptor.err));
        new Host(new Wire(Integer.parseInt(System.getenv("SFS_FD")))).serve();
    }

    static void say(String text) {
        unbuffered(FileDescriptor.err).println(text);
    }

    private static PrintStream unbuffered(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }

    /** The main line: take a request, answer it, until the other end has had enough. */
    private void serve() {
        wire.lock.lock();
        while (true) {
            Map<String, Object> request = wire.receive();
            if (!request.containsKey("method")) {
                wire.breakOff("received an answer that nobody waits for");
            }
            respond(request);
        }
    }

    private void respond(Map<String, Object> request) {
        Object id = request.get("id");
        if ("bye".equals(request.get("method"))) {
            wire.send(answerOf(id, "result", null), Long.MAX_VALUE);
            leave(0);
        }
        try {
            wire.send(answerOf(id, "result", answer(request)), limits.bytes);
        } catch (Fault fault) {
            wire.send(answerOf(id, "error", fault.error()), Long.MAX_VALUE);
        }
    }

    /** Serve one request, with the conversation free for callbacks of any thread. */
    private Object answer(Map<String, Object> request) {
        String method = String.valueOf(request.get("method"));
        wire.lock.unlock();
        try {
            if (limits == null && !method.equals("hello")) {
                throw new Fault(MISUSE, "the first request must be hello");
            }
            return dispatch(method, request);
        } catch (ClassCastException | NullPointerException | IllegalArgumentException error) {
            throw new Fault(MISUSE, "bad parameters of " + method + ": " + error);
        } finally {
            wire.lock.lock();
        }
    }

    private Object dispatch(String method, Map<String, Object> request) {
        Map<String, Object> params = asMap(request.get("params"));
        if (params.get("release") != null) {
            for (Object number : asList(params.get("release"))) {
                handles.remove(((Number) number).intValue());
            }
        }
        switch (method) {
            case "hello":
                return hello(params);
            case "call":
                return call(params);
            case "batch":
                return batch(params);
            case "next":
                return next(params);
            case "run":
                return run(params, request.get("id"));
            default:
                throw new Fault(MISUSE, "no method " + method + " in this protocol");
        }
    }

    static Map<String, Object> answerOf(Object id, String kind, Object content) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("jsonrpc", "2.0");
        message.put("id", id);
        message.put(kind, content);
        return message;
    }

    static void leave(int status) {
        flush();
        Runtime.getRuntime().halt(status); // no thread and no hook of the learner's holds the exit
    }

    /** Ours need it not; but the learner may have put a buffer there, or nothing at all. */
    static void flush() {
        try {
            System.out.flush();
            System.err.flush();
        } catch (Throwable hostile) {
            return;
        }
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> asMap(Object value) {
        return value == null ? new HashMap<>() : (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    static List<Object> asList(Object value) {
        return (List<Object>) value;
    }

    // -- requests ---------------------------------------------------------------------------------

    private Object hello(Map<String, Object> params) {
        names.code = (String) params.get("code");
        for (Object module : asList(params.get("modules"))) {
            names.own.add(Names.pascal((String) module));
        }
        for (Object module : asList(params.get("kit"))) {
            names.kit.add("kit." + Names.pascal((String) module));
        }
        limits = Limits.of(asMap(params.get("limits")));
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("language", "java");
        facts.put("version", System.getProperty("java.version"));
        return facts;
    }

    private Object call(Map<String, Object> params) {
        List<Object> arguments = new ArrayList<>();
        Object target = decode(params.get("target"));
        for (Object argument : asList(params.get("args"))) {
            arguments.add(decode(argument));
        }
        String name = (String) params.get("name");
        List<Executable> found = target == null ? names.find(name) : names.methods(target, name);
        Chosen chosen = Chosen.among(found, arguments, name);
        Object value = chosen.invoke(target);
        Object constructed = chosen.executable instanceof Constructor ? value : null;
        return new Encoder(limits, this, constructed).whole(value, "result");
    }

    private Object batch(Map<String, Object> params) {
        List<Object> results = new ArrayList<>();
        for (Object call : asList(params.get("calls"))) {
            Map<String, Object> item = new LinkedHashMap<>();
            results.add(item);
            try {
                item.put("result", call(asMap(call)));
            } catch (Fault fault) {
                item.put("error", fault.error());
                if (Boolean.TRUE.equals(params.get("stop"))) {
                    break;
                }
            }
        }
        return results;
    }

    private Object next(Map<String, Object> params) {
        Integer number = ((Number) params.get("iter")).intValue();
        long count = ((Number) params.get("count")).longValue();
        Encoder encoder = new Encoder(limits, this, null);
        List<Object> values = new ArrayList<>();
        boolean done = false;
        try {
            Iterator<?> iterator = iteratorOf(number);
            while (values.size() < count && encoder.spent < Math.min(ENOUGH_BYTES, limits.bytes / 4)) {
                Object value = step(iterator);
                if (value == iterator) {
                    handles.remove(number);
                    done = true;
                    break;
                }
                values.add(encoder.whole(value, "value " + values.size() + " of the iterator"));
            }
        } catch (Fault fault) {
            fault.data.put("values", values);
            throw fault;
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("values", values);
        answer.put("done", done);
        return answer;
    }

    /** The next value, or the iterator itself when there is none. */
    private static Object step(Iterator<?> iterator) {
        try {
            return iterator.hasNext() ? iterator.next() : iterator;
        } catch (Throwable error) {
            throw Problem.of(error);
        }
    }

    private Iterator<?> iteratorOf(Integer number) {
        Object held = held(number);
        try {
            if (held instanceof BaseStream) {
                held = ((BaseStream<?, ?>) held).iterator();
            } else if (held instanceof Iterable) {
                held = ((Iterable<?>) held).iterator();
            }
        } catch (Throwable error) {
            throw Problem.of(error);
        }
        handles.put(number, held);
        return (Iterator<?>) held;
    }

    // -- values coming in -------------------------------------------------------------------------

    /** JSON with its tags resolved: objects, bytes, callbacks; not yet what a parameter wants. */
    Object decode(Object value) {
        if (value instanceof List) {
            List<Object> items = new ArrayList<>();
            for (Object item : asList(value)) {
                items.add(decode(item));
            }
            return items;
        }
        if (!(value instanceof Map)) {
            return value;
        }
        Map<String, Object> items = new LinkedHashMap<>();
        for (Map.Entry<String, Object> entry : asMap(value).entrySet()) {
            if (entry.getKey().startsWith("$")) {
                return untag(asMap(value), entry.getKey(), entry.getValue());
            }
            items.put(entry.getKey(), decode(entry.getValue()));
        }
        return items;
    }

    private Object untag(Map<String, Object> value, String tag, Object content) {
        switch (tag) {
            case "$bytes":
                return Base64.getDecoder().decode((String) content);
            case "$int":
                return Json.integer((String) content);
            case "$float":
                return "nan".equals(content) ? Double.NaN
                        : "inf".equals(content) ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
            case "$dict":
                Map<String, Object> items = new LinkedHashMap<>();
                for (Object pair : asList(content)) {
                    items.put((String) asList(pair).get(0), decode(asList(pair).get(1)));
                }
                return items;
            case "$ref":
            case "$iter":
                return held(((Number) content).intValue());
            case "$callback":
                return callback(((Number) content).intValue(), value.get("methods"));
            default:
                throw new Fault(MISUSE, "unknown tag " + tag);
        }
    }

    private Object held(Integer number) {
        Object held = handles.get(number);
        if (held == null) {
            Fault fault = new Fault(DEAD, "handle " + number + " is not alive");
            fault.data.put("ref", number);
            throw fault;
        }
        return held;
    }

    int keep(Object value, long most) {
        if (handles.size() >= most) {
            throw new Uncrossable("more than " + most + " live handles");
        }
        handles.put(++lastHandle, value);
        return lastHandle;
    }

    void release(List<Integer> numbers) {
        handles.keySet().removeAll(numbers);
    }

    // -- callbacks --------------------------------------------------------------------------------

    private Callback callback(int number, Object methods) {
        Callback known = callbacks.get(number);
        if (known == null) {
            known = new Callback(this, number, methods == null ? null : asList(methods));
            callbacks.put(number, known);
        }
        return known;
    }

    /** Ask the other end to call a function of the test's; serve what it asks meanwhile. */
    Object callBack(int number, String name, Object[] given) throws IOException {
        if (running) {
            throw new IllegalStateException("a running program has no test to call back");
        }
        List<Object> arguments = new ArrayList<>();
        for (int place = 0; given != null && place < given.length; place++) {
            String where = "argument " + (place + 1) + " of the callback";
            arguments.add(new Encoder(limits, this, null).whole(given[place], where));
        }
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("callback", number);
        params.put("name", name);
        params.put("args", arguments);
        return decode(converse(params));
    }

    private Object converse(Map<String, Object> params) throws IOException {
        wire.lock.lock();
        try {
            String id = "c" + ++lastCallback;
            Map<String, Object> request = answerOf(id, "method", "callback");
            request.put("params", params);
            wire.send(request, Long.MAX_VALUE);
            Map<String, Object> message = wire.receive();
            for (; message.containsKey("method"); message = wire.receive()) {
                respond(message);
            }
            if (!id.equals(message.get("id"))) {
                wire.breakOff("asked " + id + ", was answered " + message.get("id"));
            }
            if (message.containsKey("error")) {
                throw raisedByCallback(asMap(message.get("error")));
            }
            return message.get("result");
        } finally {
            wire.lock.unlock();
        }
    }

    /** What the learner's code sees when the test's function raised. */
    private static IOException raisedByCallback(Map<String, Object> error) {
        Map<String, Object> data = asMap(error.get("data"));
        String message = String.valueOf(error.get("message"));
        if (data.get("errno") != null) {
            return new IOException(message);
        }
        if ("ValueError".equals(data.get("class"))) {
            throw new IllegalArgumentException(message);
        }
        throw new RuntimeException(data.get("class") + ": " + message);
    }

    // -- programs ---------------------------------------------------------------------------------

    /** What a program calls when it listens: the first time, the answer to `run` goes out. */
    private static final class Ready implements Caller {
        private final Host host;
        private final Object id;
        volatile boolean said;

        Ready(Host host, Object id) {
            this.host = host;
            this.id = id;
        }

        @Override
        public synchronized Object call(String method, Object[] arguments) {
            if (!said) {
                Map<String, Object> result = new LinkedHashMap<>();
                result.put("port", new Encoder(host.limits, host, null).whole(arguments[0], "port"));
                said = true;
                host.wire.send(answerOf(id, "result", result), Long.MAX_VALUE);
            }
            return null;
        }

        @Override
        public boolean has(String method) {
            return true;
        }
    }

    /** Run a program to its end; the answer goes out as soon as it says that it is ready. */
    private Object run(Map<String, Object> params, Object id) {
        String module = Names.pascal((String) params.get("module"));
        Map<String, Object> config = asMap(decode(params.get("config")));
        Ready ready = new Ready(this, id);
        List<Object> arguments = new ArrayList<>(List.of(config, ready));
        Chosen main = Chosen.among(names.find(module + ".main"), arguments, module + ".main");
        running = true;
        startWatching();
        Object grace = config.get("grace");
        onTerminate(Thread.currentThread(), grace instanceof Number ? ((Number) grace).doubleValue() : 5);
        Fault problem = null;
        try {
            main.invoke(null);
        } catch (Fault fault) {
            problem = fault;
        }
        if (!ready.said) {
            RuntimeException early = new RuntimeException("main returned before it called ready(port)");
            Fault fault = problem != null ? problem : Problem.of(early);
            wire.send(answerOf(id, "error", fault.error()), Long.MAX_VALUE);
        }
        if (problem != null) {
            say(problem.stack());
        }
        leave(problem == null ? 0 : 1);
        return null;
    }

    /** Beside a running program: notice that the other end says bye or is gone. */
    private void startWatching() {
        Thread watcher = new Thread("host") {
            @Override
            public void run() {
                Map<String, Object> message = wire.receive();
                if (!"bye".equals(message.get("method"))) {
                    wire.breakOff("received a request while a program runs");
                }
                wire.lock.lock();
                respond(message);
            }
        };
        watcher.setDaemon(true);
        watcher.start();
    }

    /**
     * SIGTERM interrupts main and starts the shutdown hooks; the process ends with 0 as soon as main
     * returns, else with 143 shortly before its grace is over. (A handler of our own, because a hook
     * alone cannot tell SIGTERM from an exit that main itself asked for.) By reflection, as javac
     * warns of sun.misc.Signal wherever it is named.
     */
    private static void onTerminate(Thread main, double grace) {
        InvocationHandler handler = new InvocationHandler() {
            @Override
            public Object invoke(Object proxy, Method method, Object[] arguments) {
                Runtime.getRuntime().addShutdownHook(new Thread("host: wait for main") {
                    @Override
                    public void run() {
                        try {
                            main.join((long) (grace * 900) + 1);
                        } catch (InterruptedException stop) {
                            return;
                        }
                    }
                });
                main.interrupt();
                Runtime.getRuntime().exit(143);
                return null;
            }
        };
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Object proxy = Proxy.newProxyInstance(Host.class.getClassLoader(), new Class<?>[] {handlerType}, handler);
            signal.getMethod("handle", signal, handlerType)
                    .invoke(null, signal.getConstructor(String.class).newInstance("TERM"), proxy);
        } catch (ReflectiveOperationException missing) {
            return; // then SIGTERM has the effect that the virtual machine gives it
        }
    }
}

/** Becomes the error of an answer. */
final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1;
    final int code;
    final transient Map<String, Object> data = new LinkedHashMap<>();

    Fault(int code, String message) {
        super(message, null, false, false);
        this.code = code;
    }

    Map<String, Object> error() {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("code", code);
        error.put("message", getMessage());
        error.put("data", data);
        return error;
    }

    /** The stack as the learner would see it if there were no host. */
    String stack() {
        StringBuilder text = new StringBuilder().append(data.get("class")).append(": ").append(getMessage());
        List<Object> frames = new ArrayList<>(Host.asList(data.get("frames")));
        Collections.reverse(frames);
        for (Object item : frames) {
            Map<String, Object> frame = Host.asMap(item);
            text.append("\n    at ").append(frame.get("function")).append(" (").append(frame.get("file"));
            text.append(':').append(frame.get("line")).append(')');
        }
        return text.toString();
    }
}

/** A value that cannot cross; the path to it grows while the encoder unwinds. */
final class Uncrossable extends RuntimeException {
    private static final long serialVersionUID = 1;
    String path = "";

    Uncrossable(String message) {
        super(message, null, false, false);
    }
}

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

/** Lines of JSON on one descriptor; ends the process when the other end is gone. */
final class Wire {
    final ReentrantLock lock = new ReentrantLock(); // whoever holds it has the conversation
    private final InputStream input;
    private final OutputStream output;
    private byte[] buffer = new byte[1 << 16];
    private int start;
    private int end;

    Wire(int number) throws ReflectiveOperationException {
        Constructor<FileDescriptor> open = FileDescriptor.class.getDeclaredConstructor(int.class);
        open.setAccessible(true); // needs --add-opens java.base/java.io=ALL-UNNAMED
        FileDescriptor descriptor = open.newInstance(number);
        input = new FileInputStream(descriptor);
        output = new FileOutputStream(descriptor);
    }

    /** The next message; the end of the stream is the end of this process. */
    Map<String, Object> receive() {
        int at = start;
        while (true) {
            for (; at < end; at++) {
                if (buffer[at] == '\n') {
                    String line = new String(buffer, start, at - start, StandardCharsets.UTF_8);
                    start = at + 1;
                    return understand(line);
                }
            }
            at -= makeRoom();
            int count = 0;
            try {
                count = input.read(buffer, end, buffer.length - end);
            } catch (IOException gone) {
                count = -1;
            }
            if (count < 0) {
                Host.leave(0);
            }
            end += count;
        }
    }

    /** Move what is unread to the front, in a larger buffer if it fills this one. */
    private int makeRoom() {
        int moved = start;
        byte[] roomy = end - start == buffer.length ? new byte[buffer.length * 2] : buffer;
        System.arraycopy(buffer, start, roomy, 0, end - start);
        buffer = roomy;
        end -= start;
        start = 0;
        return moved;
    }

    private Map<String, Object> understand(String line) {
        try {
            Object message = new Json(line).document();
            if (message instanceof Map) {
                return Host.asMap(message);
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException | StackOverflowError malformed) {
            // told below
        }
        breakOff("received a line that is not a JSON object");
        return null;
    }

    void send(Map<String, Object> message, long most) {
        Encoder encoder = new Encoder(Limits.NONE, null, null);
        encoder.encode(message);
        String line = encoder.out.append('\n').toString();
        if (line.length() > most) {
            throw new Fault(Host.UNCROSSABLE, "result: is larger than " + most + " bytes as JSON");
        }
        Host.flush();
        try {
            output.write(line.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException gone) {
            Host.leave(0);
        }
    }

    void breakOff(String reason) {
        Host.say("host: " + reason + "; the conversation is over");
        Host.leave(Host.EXIT_FAULT);
    }
}

/** JSON text that is ready to be sent. */
final class Coded {
    final String text;

    Coded(String text) {
        this.text = text;
    }
}

/** Turns one value into JSON text within the limits, handing out references on the way. */
final class Encoder {
    final StringBuilder out = new StringBuilder();
    long spent; // characters of the values before this one
    private final Limits limits;
    private final Host host;
    private final Object constructed; // asked for as an object: a reference even when it iterates
    private final Map<Object, Object> open = new IdentityHashMap<>(); // containers around the value
    private final List<Integer> kept = new ArrayList<>();
    private long nodes;

    Encoder(Limits limits, Host host, Object constructed) {
        this.limits = limits;
        this.host = host;
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
            if (host != null) {
                host.release(kept);
            }
            if (problem instanceof Uncrossable) {
                String where = name + ((Uncrossable) problem).path + ": ";
                throw new Fault(Host.UNCROSSABLE, where + problem.getMessage());
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
            out.append("{\"$bytes\":\"").append(Base64.getEncoder().encodeToString((byte[]) value)).append("\"}");
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
        } else if (value instanceof Integer || value instanceof Long || value instanceof Short || value instanceof Byte) {
            big(BigInteger.valueOf(value.longValue()));
        } else {
            remote(value);
        }
    }

    private void big(BigInteger value) {
        if (value.bitLength() > Host.BIGGEST_INT_BITS) {
            throw new Uncrossable("an integer of " + value.bitLength() + " bits is too large");
        }
        if (value.bitLength() <= 53 && Math.abs(value.longValue()) <= Host.SAFE_INT) {
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
        if (host == null || limits.handles == 0) {
            throw new Uncrossable("not a plain value");
        }
        int number = host.keep(value, limits.handles);
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
}

/** Describes what the learner's code threw, without trusting anything that it defines. */
final class Problem {
    private Problem() {}

    static Fault of(Throwable error) {
        while (error instanceof ExceptionInInitializerError && error.getCause() != null) {
            error = error.getCause();
        }
        if (error instanceof Fault) {
            return (Fault) error;
        }
        String message = message(error);
        Fault fault = new Fault(Host.RAISED, message);
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
            return message.substring(0, Math.min(message.length(), Host.MESSAGE_CHARS));
        } catch (Throwable second) {
            return "<the message of " + Names.simple(error) + " raised " + Names.simple(second) + ">";
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

    /** Public fields, and private ones with a public reader x() or getX(), named as suites name things. */
    private static Map<String, Object> fields(Throwable error) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (Class<?> kind = error.getClass(); !isBuiltin(kind); kind = kind.getSuperclass()) {
            for (Field field : kind.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && isPublic(kind, field)) {
                    try {
                        field.setAccessible(true);
                        Coded value = new Encoder(Limits.FIELD, null, null).whole(field.get(error), "");
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
            boolean reads = method.getName().equals(name) || method.getName().equals(getter);
            if (reads && method.getParameterCount() == 0 && Modifier.isPublic(method.getModifiers())) {
                return true;
            }
        }
        return false;
    }

    /** The learner's own frames and the kit's, outermost first; of a deep recursion the innermost. */
    private static List<Object> frames(Throwable error) {
        List<Object> frames = new ArrayList<>();
        try {
            for (StackTraceElement element : error.getStackTrace()) {
                boolean own = "app".equals(element.getClassLoaderName());
                if (own && !element.getClassName().startsWith("sfs.") && frames.size() < Host.FRAMES) {
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
        frame.put("text", ""); // classes carry no source: the other end has it
        return frame;
    }
}

/** Finds the learner's classes and methods by the names that suites use. */
final class Names {
    final List<String> own = new ArrayList<>(); // classes of modules, in the order of search
    final List<String> kit = new ArrayList<>();
    String code = "";

    static String pascal(String module) {
        String camel = camel(module);
        return camel.isEmpty() ? camel : Character.toUpperCase(camel.charAt(0)) + camel.substring(1);
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
        String gone = missing.isEmpty() ? "" : " (there is no class " + String.join(", ", missing) + ")";
        String what = Character.isUpperCase(name.charAt(0)) ? "class " + name : "static method " + camel(name);
        throw noSuch(what, String.join(", ", own) + gone, name, seen);
    }

    /** A learner's class, not yet initialised: that happens, and may fail, when it is first used. */
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
        for (Class<?> own = kind; own != null && !Problem.isBuiltin(own); own = own.getSuperclass()) {
            for (Method method : own.getDeclaredMethods()) {
                if (!Modifier.isPrivate(method.getModifiers()) && !Modifier.isPublic(method.getModifiers())) {
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
        Fault fault = new Fault(Host.NO_NAME, "there is no " + what + " in " + where + near);
        fault.data.put("name", name);
        return fault;
    }

    /** Whether one word becomes the other by at most so many letters put in, left out or changed. */
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
                && (given.get(types.length - 1) instanceof List || given.get(types.length - 1) == null));
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
            Fault fault = new Fault(Host.NO_NAME, "no " + Names.camel(name) + " takes "
                    + describe(given) + "; there is " + known);
            fault.data.put("name", name);
            throw fault;
        }
        return best;
    }

    private static String signature(Executable executable) {
        StringBuilder text = new StringBuilder();
        for (Type type : executable.getGenericParameterTypes()) {
            text.append(text.length() > 0 ? ", " : "").append(type.getTypeName().replace("java.lang.", ""));
        }
        Class<?> owner = executable.getDeclaringClass();
        String name = executable instanceof Method ? executable.getName() : owner.getSimpleName();
        return name + "(" + text.toString().replace("java.util.", "") + ")";
    }

    private static String describe(List<Object> given) {
        StringBuilder text = new StringBuilder("(");
        for (Object value : given) {
            String kind = value == null ? "null" : value instanceof Long ? "integer "+ value
                    : value instanceof Callback ? "a function" : value.getClass().getSimpleName();
            text.append(text.length() > 1 ? ", " : "").append(kind);
        }
        return text.append(')').toString();
    }

    /** Enter the learner's code: the only door. Whatever comes out of it becomes an answer. */
    Object invoke(Object target) {
        try {
            if (!executable.trySetAccessible() && !Modifier.isPublic(executable.getModifiers())) {
                throw new Fault(Host.NO_NAME, executable.getName() + " cannot be called from outside");
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
            return kind.isInstance(value) ? value : orMismatch(proxy((Caller) value, kind, type), kind.isInterface());
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
        if (kind == double.class || kind == Double.class || kind == float.class || kind == Float.class) {
            cost += value instanceof Double ? 0 : WIDER;
            boolean single = kind == float.class || kind == Float.class;
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
        return orMismatch((byte) whole, (kind == byte.class || kind == Byte.class) && (byte) whole == whole);
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
                ? ((GenericArrayType) type).getGenericComponentType() : ((Class<?>) type).getComponentType();
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
            map.put(convert(entry.getKey(), argumentOf(type, 0)), convert(entry.getValue(), argumentOf(type, 1)));
        }
        return map;
    }

    private static Object proxy(Caller caller, Class<?> kind, Type type) {
        ClassLoader loader = Host.class.getClassLoader();
        return Proxy.newProxyInstance(loader, new Class<?>[] {kind}, new Callback.Handler(caller, type));
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
}

/** A value is not what a parameter wants. */
final class Mismatch extends Exception {
    private static final long serialVersionUID = 1;

    Mismatch() {
        super(null, null, false, false);
    }
}

/** What stands behind an interface that the learner's code calls. */
interface Caller {
    Object call(String method, Object[] arguments) throws Throwable;

    boolean has(String method);
}

/** A function of the test's, or an object with the methods that the other end named. */
final class Callback implements Caller {
    final int number;
    private final Host host;
    private final List<Object> methods; // null: a function

    Callback(Host host, int number, List<Object> methods) {
        this.host = host;
        this.number = number;
        this.methods = methods;
    }

    @Override
    public Object call(String method, Object[] arguments) throws IOException {
        if (!has(method)) {
            throw new UnsupportedOperationException("the test's object has no method " + method);
        }
        return host.callBack(number, wireName(method), arguments);
    }

    @Override
    public boolean has(String method) {
        return methods == null || wireName(method) != null;
    }

    private String wireName(String method) {
        if (methods != null) {
            for (Object name : methods) {
                if (name.equals(method) || Names.camel((String) name).equals(method)) {
                    return (String) name;
                }
            }
        }
        return null;
    }

    /** The callback that a value of the learner's stands for, if it is one. */
    static Callback behind(Object value) {
        if (Proxy.isProxyClass(value.getClass())) {
            InvocationHandler handler = Proxy.getInvocationHandler(value);
            value = handler instanceof Handler ? ((Handler) handler).caller : value;
        }
        return value instanceof Callback ? (Callback) value : null;
    }

    /** Makes a caller look like the interface that the learner's code asked for. */
    static final class Handler implements InvocationHandler {
        final Caller caller;
        private final Type type;

        Handler(Caller caller, Type type) {
            this.caller = caller;
            this.type = type;
        }

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            if (method.getDeclaringClass() == Object.class) {
                return ofObject(method.getName(), arguments);
            }
            boolean named = !(caller instanceof Callback) || ((Callback) caller).methods != null;
            if (method.isDefault() && !(named && caller.has(method.getName()))) {
                return InvocationHandler.invokeDefault(proxy, method, arguments);
            }
            try {
                Object result = caller.call(method.getName(), arguments);
                boolean nothing = method.getReturnType() == void.class;
                return nothing ? null : Chosen.converted(result, bound(method.getGenericReturnType()));
            } catch (IOException error) {
                for (Class<?> declared : method.getExceptionTypes()) {
                    if (declared.isInstance(error)) {
                        throw error;
                    }
                }
                throw new UncheckedIOException(error.getMessage(), error);
            }
        }

        /** Two views of the same callback are equal, so that a learner can find one again. */
        private Object ofObject(String method, Object[] arguments) {
            if (method.equals("equals")) {
                return arguments[0] != null && Callback.behind(arguments[0]) == caller;
            }
            return method.equals("hashCode") ? (Object) System.identityHashCode(caller) : "a function of the test's";
        }

        /** What a type parameter of the interface stands for, as in Function<String, Integer>. */
        private Type bound(Type wanted) {
            TypeVariable<?>[] variables = Chosen.raw(type).getTypeParameters();
            for (int place = 0; place < variables.length; place++) {
                if (variables[place].equals(wanted)) {
                    return Chosen.argumentOf(type, place);
                }
            }
            return wanted;
        }
    }
}

/** JSON text, read into maps, lists, strings, longs, big integers, doubles, booleans and nulls. */
final class Json {
    private static final String HEX = "0123456789abcdef";
    private final String text;
    private int at;

    Json(String text) {
        this.text = text;
    }

    Object document() {
        Object value = value();
        if (peek() != 0) {
            throw new IllegalArgumentException("more than one value");
        }
        return value;
    }

    /** The next character that is not white space; 0 at the end. */
    private char peek() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        return at < text.length() ? text.charAt(at) : 0;
    }

    private boolean take(char wanted) {
        boolean there = peek() == wanted;
        at += there ? 1 : 0;
        return there;
    }

    private void expect(char wanted) {
        if (!take(wanted)) {
            throw new IllegalArgumentException("expected " + wanted);
        }
    }

    private Object value() {
        switch (peek()) {
            case '{':
                return object();
            case '[':
                return array();
            case '"':
                return string();
            case 't':
                return word("true", true);
            case 'f':
                return word("false", false);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) {
            throw new IllegalArgumentException("not JSON");
        }
        at += word.length();
        return value;
    }

    private Map<String, Object> object() {
        Map<String, Object> items = new LinkedHashMap<>();
        expect('{');
        if (take('}')) {
            return items;
        }
        do {
            peek();
            String key = string();
            expect(':');
            items.put(key, value());
        } while (take(','));
        expect('}');
        return items;
    }

    private List<Object> array() {
        List<Object> items = new ArrayList<>();
        expect('[');
        if (take(']')) {
            return items;
        }
        do {
            items.add(value());
        } while (take(','));
        expect(']');
        return items;
    }

    private Object number() {
        int start = at;
        while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String number = text.substring(start, at);
        boolean whole = number.indexOf('.') < 0 && number.indexOf('e') < 0 && number.indexOf('E') < 0;
        return whole ? integer(number) : (Object) Double.valueOf(number);
    }

    static Object integer(String digits) {
        if (digits.length() < 19) {
            return Long.valueOf(digits);
        }
        BigInteger value = new BigInteger(digits);
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private String string() {
        expect('"');
        int end = at;
        while (text.charAt(end) != '"' && text.charAt(end) != '\\') {
            end++;
        }
        if (text.charAt(end) == '"') { // nothing escaped: the usual case
            String plain = text.substring(at, end);
            at = end + 1;
            return plain;
        }
        StringBuilder value = new StringBuilder();
        char next = text.charAt(at++);
        for (; next != '"'; next = text.charAt(at++)) {
            value.append(next == '\\' ? escaped() : next);
        }
        return value.toString();
    }

    private char escaped() {
        char code = text.charAt(at++);
        if (code == 'u') {
            at += 4;
            return (char) Integer.parseInt(text.substring(at - 4, at), 16);
        }
        int place = "bfnrt".indexOf(code);
        return place >= 0 ? "\b\f\n\r\t".charAt(place) : code;
    }

    /** Write a string in ASCII: lone surrogates travel as escapes like everything else. */
    static void quote(String value, StringBuilder out) {
        out.append('"');
        for (int place = 0; place < value.length(); place++) {
            char next = value.charAt(place);
            if (next == '"' || next == '\\') {
                out.append('\\').append(next);
            } else if (next >= ' ' && next < 127) {
                out.append(next);
            } else {
                out.append("\\u");
                for (int shift = 12; shift >= 0; shift -= 4) {
                    out.append(HEX.charAt(next >> shift & 15));
                }
            }
        }
        out.append('"');
    }
}
