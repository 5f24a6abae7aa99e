/** A module that fails while it is initialised. */
final class Broken {
    static {
        kit.Errors.corrupt(9);
    }

    static int anything() {
        return 0;
    }
}
