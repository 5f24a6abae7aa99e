/** A module behind the probe: its `add` is hidden, its own name is found. */
final class Second {
    static String add(int left, int right) {
        return "hidden";
    }

    static int onlyHere() {
        return new Counter(5).value();
    }
}
