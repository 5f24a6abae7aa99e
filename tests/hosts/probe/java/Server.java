import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.IntConsumer;
import kit.Errors;

/** The probe's program: how it behaves is in its configuration. */
public final class Server {
    public static void main(Map<String, Object> config, IntConsumer ready) throws Exception {
        String mode = (String) config.get("mode");
        int port = ((Number) config.get("port")).intValue();
        switch (mode) {
            case "early": return;
            case "todo": throw new UnsupportedOperationException("not implemented: 01-byte-stream main");
            case "never ready": Thread.sleep(3_600_000); break;
            case "raise before": Errors.corrupt(1); break;
            default:
        }
        ServerSocket listener = new ServerSocket(port, 50, InetAddress.getByName((String) config.get("host")));
        CountDownLatch stop = new CountDownLatch(1);
        new Thread(() -> greet(listener)).start();
        if (mode.equals("hook")) {
            Runtime.getRuntime().addShutdownHook(new Thread(stop::countDown));
        }
        ready.accept(listener.getLocalPort());
        ready.accept(1);
        System.out.println("serving");
        if (mode.equals("raise after")) {
            Errors.corrupt(2);
        }
        waitFor(stop, mode.equals("serve"));
    }

    private static void waitFor(CountDownLatch stop, boolean whenInterrupted) {
        while (true) {
            try {
                stop.await();
                return;
            } catch (InterruptedException asked) {
                if (whenInterrupted) {
                    return;
                }
            }
        }
    }

    private static void greet(ServerSocket listener) {
        try {
            while (true) {
                listener.accept().getOutputStream().write("hello\n".getBytes());
            }
        } catch (java.io.IOException closed) {
            return;
        }
    }
}
