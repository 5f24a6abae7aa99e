/** A module that ends the process while it is initialised. */
final class Leaving {
    static {
        System.exit(3);
    }

    static int anything() {
        return 0;
    }
}
