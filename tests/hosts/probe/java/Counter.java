/** An object that stays on the far side. */
class Counter {
    private int now;

    Counter(int start) {
        now = start;
    }

    static Counter startingAt(int start) {
        return new Counter(start);
    }

    int increaseBy(int step) {
        now += step;
        return now;
    }

    public int value() {
        return now;
    }
}
