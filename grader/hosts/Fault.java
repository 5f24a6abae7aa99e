package sfs;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Becomes the error of an answer. */
final class Fault extends RuntimeException {
    static final int RAISED = -32000;
    static final int UNCROSSABLE = -32001;
    static final int NO_NAME = -32002;
    static final int DEAD = -32003;
    static final int MISUSE = -32004;
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
        StringBuilder text = new StringBuilder();
        text.append(data.get("class")).append(": ").append(getMessage());
        List<Object> frames = new ArrayList<>(Host.asList(data.get("frames")));
        Collections.reverse(frames);
        for (Object item : frames) {
            Map<String, Object> frame = Host.asMap(item);
            text.append("\n    at ").append(frame.get("function"));
            text.append(" (").append(frame.get("file")).append(':');
            text.append(frame.get("line")).append(')');
        }
        return text.toString();
    }
}
