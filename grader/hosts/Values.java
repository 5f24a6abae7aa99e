package sfs;

import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What comes in over the wire, and the objects behind the numbers that go out. */
final class Values {
    final Map<Integer, Object> handles = new HashMap<>();
    private final Map<Integer, Callback> callbacks = new HashMap<>();
    private final Host host;
    private int lastHandle;

    Values(Host host) {
        this.host = host;
    }

    /** JSON with its tags resolved: objects, bytes, callbacks; not yet what a parameter wants. */
    Object decode(Object value) {
        if (value instanceof List) {
            List<Object> items = new ArrayList<>();
            for (Object item : Host.asList(value)) {
                items.add(decode(item));
            }
            return items;
        }
        if (!(value instanceof Map)) {
            return value;
        }
        Map<String, Object> items = new LinkedHashMap<>();
        for (Map.Entry<String, Object> entry : Host.asMap(value).entrySet()) {
            if (entry.getKey().startsWith("$")) {
                return untag(Host.asMap(value), entry.getKey(), entry.getValue());
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
                        : "inf".equals(content) ? Double.POSITIVE_INFINITY
                        : Double.NEGATIVE_INFINITY;
            case "$dict":
                Map<String, Object> items = new LinkedHashMap<>();
                for (Object pair : Host.asList(content)) {
                    items.put((String) Host.asList(pair).get(0), decode(Host.asList(pair).get(1)));
                }
                return items;
            case "$ref":
            case "$iter":
                return held(((Number) content).intValue());
            case "$callback":
                return callback(((Number) content).intValue(), value.get("methods"));
            default:
                throw new Fault(Fault.MISUSE, "unknown tag " + tag);
        }
    }

    Object held(Integer number) {
        Object held = handles.get(number);
        if (held == null) {
            Fault fault = new Fault(Fault.DEAD, "handle " + number + " is not alive");
            fault.data.put("ref", number);
            throw fault;
        }
        return held;
    }

    int keep(Object value, long most) {
        if (handles.size() >= most) {
            throw new Encoder.Uncrossable("more than " + most + " live handles");
        }
        handles.put(++lastHandle, value);
        return lastHandle;
    }

    void release(List<Integer> numbers) {
        handles.keySet().removeAll(numbers);
    }

    /** The same number is the same object for the learner. */
    private Callback callback(int number, Object methods) {
        Callback known = callbacks.get(number);
        if (known == null) {
            known = new Callback(host, number, methods == null ? null : Host.asList(methods));
            callbacks.put(number, known);
        }
        return known;
    }
}
