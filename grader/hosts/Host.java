package sfs;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
 *   <li>The trusted end believes nothing that is said here. What a host does against hostile code
 *       keeps honest reports readable; it does not protect the verdict.
 *   <li>It starts fast, because every test gets a process of its own. Hence no lambda, no stream,
 *       no regular expression on the way to the first answer, as each costs milliseconds at its
 *       first use; compile it with -XDstringConcat=inline for the same reason.
 * </ul>
 *
 * <p>A module {@code page_file} is the class PageFile, its free functions are that class's static
 * methods, and snake_case names are looked up as they are and then in camelCase.
 */
public final class Host {
    private static final long ENOUGH_BYTES = 1 << 20; // a batch of iterator values is cut here

    final Wire wire;
    final Names names = new Names();
    final Values values = new Values(this);
    Limits limits;
    private int lastCallback;
    volatile boolean running;

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

    void respond(Map<String, Object> request) {
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
                throw new Fault(Fault.MISUSE, "the first request must be hello");
            }
            return dispatch(method, request);
        } catch (ClassCastException | NullPointerException | IllegalArgumentException error) {
            throw new Fault(Fault.MISUSE, "bad parameters of " + method + ": " + error);
        } finally {
            wire.lock.lock();
        }
    }

    private Object dispatch(String method, Map<String, Object> request) {
        Map<String, Object> params = asMap(request.get("params"));
        if (params.get("release") != null) {
            for (Object number : asList(params.get("release"))) {
                values.handles.remove(((Number) number).intValue());
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
                return new Program(this, request.get("id")).run(params);
            default:
                throw new Fault(Fault.MISUSE, "no method " + method + " in this protocol");
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
        Problem.sources = (String) params.get("sources"); // classes carry no source text
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
        Object target = values.decode(params.get("target"));
        for (Object argument : asList(params.get("args"))) {
            arguments.add(values.decode(argument));
        }
        String name = (String) params.get("name");
        List<Executable> found = target == null ? names.find(name) : names.methods(target, name);
        Chosen chosen = Chosen.among(found, arguments, name);
        Object value = chosen.invoke(target);
        Object constructed = chosen.executable instanceof Constructor ? value : null;
        return new Encoder(limits, values, constructed).whole(value, "result");
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
        Encoder encoder = new Encoder(limits, values, null);
        long enough = Math.min(ENOUGH_BYTES, limits.bytes / 4);
        List<Object> found = new ArrayList<>();
        boolean done = false;
        try {
            Iterator<?> iterator = iteratorOf(number);
            while (found.size() < count && encoder.spent < enough) {
                Object value = step(iterator);
                if (value == iterator) {
                    values.handles.remove(number);
                    done = true;
                    break;
                }
                found.add(encoder.whole(value, "value " + found.size() + " of the iterator"));
            }
        } catch (Fault fault) {
            fault.data.put("values", found);
            throw fault;
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("values", found);
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
        Object held = values.held(number);
        try {
            if (held instanceof BaseStream) {
                held = ((BaseStream<?, ?>) held).iterator();
            } else if (held instanceof Iterable) {
                held = ((Iterable<?>) held).iterator();
            }
        } catch (Throwable error) {
            throw Problem.of(error);
        }
        values.handles.put(number, held);
        return (Iterator<?>) held;
    }

    // -- callbacks --------------------------------------------------------------------------------

    /** Ask the other end to call a function of the test's; serve what it asks meanwhile. */
    Object callBack(int number, String name, Object[] given) throws IOException {
        if (running) {
            throw new IllegalStateException("a running program has no test to call back");
        }
        List<Object> arguments = new ArrayList<>();
        for (int place = 0; given != null && place < given.length; place++) {
            String where = "argument " + (place + 1) + " of the callback";
            arguments.add(new Encoder(limits, values, null).whole(given[place], where));
        }
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("callback", number);
        params.put("name", name);
        params.put("args", arguments);
        return values.decode(converse(params));
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
}
