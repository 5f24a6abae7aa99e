package sfs;

/** What stands behind an interface that the learner's code calls. */
interface Caller {
    Object call(String method, Object[] arguments) throws Throwable;

    boolean has(String method);
}
