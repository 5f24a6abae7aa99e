package sfs;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** Lines of JSON on one descriptor; ends the process when the other end is gone. */
final class Wire {
    private static final int EXIT_FAULT = 70; // the conversation broke: EX_SOFTWARE of sysexits.h
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
        } catch (RuntimeException | StackOverflowError malformed) {
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
            throw new Fault(Fault.UNCROSSABLE, "result: is larger than " + most + " bytes as JSON");
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
        Host.leave(EXIT_FAULT);
    }
}
