package sfs;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
        boolean point = number.indexOf('.') >= 0;
        boolean power = number.indexOf('e') >= 0 || number.indexOf('E') >= 0;
        return point || power ? Double.valueOf(number) : integer(number);
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
