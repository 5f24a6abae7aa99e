package sfs;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A program of the learner's: a class with main(config, ready), run on the main thread to its end.
 *
 * <p>It is asked to stop as any server is, by SIGTERM, which here interrupts main. Whatever ends
 * main ends the process, so that no thread of the learner's holds it.
 */
final class Program {
    private static final int DEFAULT_GRACE = 5; // seconds between SIGTERM and the end
    private final Host host;
    private final Object id; // of the request that is answered when the program is ready

    Program(Host host, Object id) {
        this.host = host;
        this.id = id;
    }

    /** What a program calls when it listens: the first time, the answer to `run` goes out. */
    private final class Ready implements Caller {
        volatile boolean said;

        @Override
        public synchronized Object call(String method, Object[] arguments) {
            if (!said) {
                Map<String, Object> result = new LinkedHashMap<>();
                Encoder encoder = new Encoder(host.limits, host.values, null);
                result.put("port", encoder.whole(arguments[0], "port"));
                said = true;
                host.wire.send(Host.answerOf(id, "result", result), Long.MAX_VALUE);
            }
            return null;
        }

        @Override
        public boolean has(String method) {
            return true;
        }
    }

    /** Run a program to its end; the answer goes out as soon as it says that it is ready. */
    Object run(Map<String, Object> params) {
        String module = Names.pascal((String) params.get("module"));
        Map<String, Object> config = Host.asMap(host.values.decode(params.get("config")));
        Ready ready = new Ready();
        List<Object> arguments = new ArrayList<>(List.of(config, ready));
        Chosen main = Chosen.among(host.names.find(module + ".main"), arguments, module + ".main");
        host.running = true;
        startWatching();
        Object grace = config.getOrDefault("grace", DEFAULT_GRACE);
        onTerminate(Thread.currentThread(), ((Number) grace).doubleValue());
        Fault problem = null;
        try {
            main.invoke(null);
        } catch (Fault fault) {
            problem = fault;
        }
        if (!ready.said) {
            String early = "main returned before it called ready(port)";
            Fault fault = problem != null ? problem : Problem.of(new RuntimeException(early));
            host.wire.send(Host.answerOf(id, "error", fault.error()), Long.MAX_VALUE);
        }
        if (problem != null) {
            Host.say(problem.stack());
        }
        Host.leave(problem == null ? 0 : 1);
        return null;
    }

    /** Beside a running program: notice that the other end says bye or is gone. */
    private void startWatching() {
        Thread watcher = new Thread("host") {
            @Override
            public void run() {
                Map<String, Object> message = host.wire.receive();
                if (!"bye".equals(message.get("method"))) {
                    host.wire.breakOff("received a request while a program runs");
                }
                host.wire.lock.lock();
                host.respond(message);
            }
        };
        watcher.setDaemon(true);
        watcher.start();
    }

    /**
     * SIGTERM interrupts main and starts the shutdown hooks; the process ends with 0 as soon as
     * main returns, else with 143 shortly before its grace is over. (A handler of our own, as a hook
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
            ClassLoader loader = Host.class.getClassLoader();
            Object proxy = Proxy.newProxyInstance(loader, new Class<?>[] {handlerType}, handler);
            signal.getMethod("handle", signal, handlerType)
                    .invoke(null, signal.getConstructor(String.class).newInstance("TERM"), proxy);
        } catch (ReflectiveOperationException missing) {
            return; // then SIGTERM has the effect that the virtual machine gives it
        }
    }
}
