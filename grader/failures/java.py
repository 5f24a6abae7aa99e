"""A transcript in Java: a class `Reproduction` in the unnamed package, beside the learner's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.course.languages import camel, pascal
from grader.failures.phrases import (
    HEAD,
    LONGEST_DECIMAL,
    NOTE,
    RESERVED,
    Known,
    around,
    bytes_call,
    module_of,
    repeated,
    used,
)
from grader.failures.transcript import Ref, text_pieces

INT, LONG = 1 << 31, 1 << 63
FOLDER = ".sfs/classes"
IMPORTS = (
    "java.nio.charset.StandardCharsets",
    "java.nio.file.Files",
    "java.util.*",
)
REMOVE = """
    static void remove(String folder) {
        try (var paths = Files.walk(java.nio.file.Path.of(folder))) {
            paths.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (java.io.IOException error) {
            System.err.println(folder + " stays: " + error);
        }
    }
"""
HELPERS = {
    "bytes": """
    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
""",
    "hex": """
    static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }
""",
    "list": """
    @SuppressWarnings("unchecked")
    static <T> List<T> list(Object... items) {
        return (List<T>) new ArrayList<>(Arrays.asList(items));
    }
""",
    "map": """
    @SuppressWarnings("unchecked")
    static <T> Map<String, T> map(Object... pairs) {
        Map<String, T> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], (T) pairs[i + 1]);
        }
        return map;
    }
""",
    "at": """
    static Object at(Object value, Object... path) {
        for (Object key : path) {
            if (value instanceof Map) {
                value = ((Map<?, ?>) value).get(key);
            } else if (value instanceof List) {
                value = ((List<?>) value).get((Integer) key);
            } else {
                value = java.lang.reflect.Array.get(value, (Integer) key);
            }
        }
        return value;
    }
""",
    "walk": """
    static Iterator<?> walk(Object source) {
        if (source instanceof java.util.stream.BaseStream) {
            return ((java.util.stream.BaseStream<?, ?>) source).iterator();
        }
        return source instanceof Iterator ? (Iterator<?>) source : ((Iterable<?>) source).iterator();
    }
""",
    "take": """
    static List<Object> take(Iterator<?> iterator, int count) {
        List<Object> taken = new ArrayList<>();
        while (taken.size() < count && iterator.hasNext()) {
            taken.add(iterator.next());
        }
        return taken;
    }
""",
    "idle": """
    /** In place of a function or an object of the test's: takes everything, does nothing. */
    static Object idle(Class<?> type) {
        return java.lang.reflect.Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, given) -> {
            Class<?> answer = method.getReturnType();
            return answer == void.class ? null : java.lang.reflect.Array.get(java.lang.reflect.Array.newInstance(answer, 1), 0);
        });
    }
""",
    "invoke": """
    static final Object NOTHING = new Object();

    /** A call with something idle in place of NOTHING; `new` constructs. */
    static Object invoke(Object subject, String name, Object... given) throws Throwable {
        Class<?> type = subject instanceof Class ? (Class<?>) subject : subject.getClass();
        boolean make = name.equals("new");
        for (java.lang.reflect.Executable able : make ? type.getDeclaredConstructors() : type.getMethods()) {
            if (able.getParameterCount() != given.length || !make && !able.getName().equals(name)) {
                continue;
            }
            for (int i = 0; i < given.length; i++) {
                given[i] = given[i] == NOTHING ? idle(able.getParameterTypes()[i]) : given[i];
            }
            able.setAccessible(true);
            try {
                return make ? ((java.lang.reflect.Constructor<?>) able).newInstance(given)
                        : ((java.lang.reflect.Method) able).invoke(subject, given);
            } catch (java.lang.reflect.InvocationTargetException error) {
                throw error.getCause();
            }
        }
        throw new NoSuchMethodException(name);
    }
""",
    "show": """
    static String show(Object value) {
        if (value instanceof byte[]) {
            return "bytes " + HexFormat.of().formatHex((byte[]) value);
        }
        if (value != null && value.getClass().isArray()) {
            List<Object> items = new ArrayList<>();
            for (int i = 0; i < java.lang.reflect.Array.getLength(value); i++) {
                items.add(java.lang.reflect.Array.get(value, i));
            }
            return show(items);
        }
        if (!(value instanceof List)) {
            return String.valueOf(value);
        }
        StringJoiner items = new StringJoiner(", ", "[", "]");
        for (Object item : (List<?>) value) {
            items.add(show(item));
        }
        return items.toString();
    }
""",
}


class Java:
    """Satisfies `phrases.Dialect`."""

    longest = 20_000  # a method holds 64 KiB of bytecode
    reserved = RESERVED
    comment = "//"

    def __init__(self, home: Mapping[str, str], workdir: str) -> None:
        self.home = home
        self.workdir = workdir
        self.imports: set[str] = set()

    def style(self, name: str) -> str:
        return camel(name)

    def value(self, value: object, known: Known, boxed: bool = False) -> str:
        if isinstance(value, Ref):
            return known(value)
        if isinstance(value, str):
            return around(value, self.workdir, _text)
        if isinstance(value, bytes):
            return bytes_call(value, _literal)
        if isinstance(value, list | tuple):
            items = [self.value(item, known, boxed=True) for item in value]
            return f"list({'(Object) null' if items == ['null'] else ', '.join(items)})"
        if isinstance(value, dict):
            pairs = (f"{_literal(k)}, {self.value(v, known, boxed=True)}" for k, v in value.items())
            return f"map({', '.join(pairs)})"
        return (
            _number(value, boxed) if value is None or isinstance(value, int | float) else "NOTHING"
        )

    def call(self, target: str | None, name: str, arguments: Sequence[str]) -> str:
        *path, last = name.split(".")
        if target:
            return _called(target, camel(last), arguments)
        root, *middle = [*path, last]
        owner = self._owner(root, module_of(self.home, root, camel(root)))
        if not path and root[:1].isupper():
            return _called(owner, "new", arguments)
        return _called(".".join([owner, *map(camel, middle[:-1])]), camel(last), arguments)

    def _owner(self, name: str, module: str) -> str:
        """The class that `name` is, or that has it; one of the kit's is imported."""
        stem = module.rpartition(".")[2]
        outer = stem if stem[:1].isupper() else pascal(stem)
        owner = name if name[:1].isupper() else outer
        if module.startswith("kit."):
            self.imports.add(f"kit.{owner}" if owner == outer else f"kit.{outer}.{owner}")
        return owner

    def take(self, iterator: str, count: int) -> str:
        return f"take({iterator}, {count})"

    def bind(self, name: str, expression: str, kind: str) -> str:
        if kind == "iterator":
            return f"var {name} = walk({expression});"
        if kind and expression.startswith(("invoke(", "at(")):
            return f"var {name} = ({self._owner(kind, module_of(self.home, kind))}) {expression};"
        return f"{'var' if kind else 'Object'} {name} = {expression};"

    def pick(self, name: str, found: str, path: Sequence[object], kind: str) -> str:
        keys = [str(key) if isinstance(key, int) else _literal(str(key)) for key in path]
        return self.bind(name, f"at({', '.join([found, *keys])})", kind)

    def statement(self, expression: str) -> str:
        return f"{expression};"

    def show(self, expression: str) -> str:
        return f"System.out.println(show({expression}));"

    def attempt(self, expression: str) -> list[str]:
        caught = '    System.out.println("raised " + error);'
        return ["try {", f"    {expression};", "} catch (Throwable error) {", caught, "}"]

    def fail(self, expression: str) -> list[str]:
        return [f"{expression};", 'System.out.println("no error this time");']

    def program(self, lines: Sequence[str]) -> str:
        body = "".join(f"        {line}\n" for line in lines)
        helpers = "".join(used(HELPERS, lines, self.comment))
        imports = "".join(f"import {name};\n" for name in sorted({*self.imports, *IMPORTS}))
        run = f"javac -d {FOLDER} Reproduction.java && java -cp {FOLDER} Reproduction"
        return (
            f"// {HEAD.format(file='Reproduction.java', run=run)}\n// {NOTE}\n{imports}\n"
            "public class Reproduction {\n"
            "    public static void main(String[] arguments) throws Throwable {\n"
            '        String workdir = Files.createTempDirectory("reproduction").toString();\n'
            "        Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(workdir)));\n"
            f"{body}    }}\n{REMOVE}{helpers}}}\n"
        )


def _called(subject: str, name: str, arguments: Sequence[str]) -> str:
    """Plainly; by reflection where something idle has to take the shape of a parameter."""
    if "NOTHING" in arguments:
        whole = f"{subject}.class" if subject[:1].isupper() else subject
        return f"invoke({', '.join([whole, _literal(name), *arguments])})"
    inside = ", ".join(arguments)
    return f"new {subject}({inside})" if name == "new" else f"{subject}.{name}({inside})"


def _text(text: str) -> str:
    return repeated(text_pieces(text), _literal)


def _literal(text: str) -> str:
    """ASCII only. Control characters in octal: Java reads \\u000a as the end of the line."""
    units = text.encode("utf-16-be", "surrogatepass")
    numbers = (units[i] << 8 | units[i + 1] for i in range(0, len(units), 2))
    return '"' + "".join(map(_unit, numbers)) + '"'


def _unit(number: int) -> str:
    common = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 92: "\\\\"}.get(number)
    if common:
        return common
    if 32 <= number < 127:
        return chr(number)
    return f"\\{number:03o}" if number < 256 else f"\\u{number:04x}"


def _number(value: float | None, boxed: bool) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, float):
        special = {"nan": "NaN", "inf": "POSITIVE_INFINITY", "-inf": "NEGATIVE_INFINITY"}
        text = repr(value)
        return f"Double.{special[text]}" if text in special else text
    if -INT <= value < INT and not boxed:
        return str(value)
    if -LONG <= value < LONG:
        return f"{value}L"
    long = value.bit_length() > LONGEST_DECIMAL
    digits = f'"{value:x}", 16' if long else f'"{value}"'
    return f"new java.math.BigInteger({digits})"
