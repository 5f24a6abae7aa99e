package sfs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.util.List;

/** A function of the test's, or an object with the methods that the other end named. */
final class Callback implements Caller {
    final int number;
    private final Host host;
    private final List<Object> methods; // null: a function

    Callback(Host host, int number, List<Object> methods) {
        this.host = host;
        this.number = number;
        this.methods = methods;
    }

    @Override
    public Object call(String method, Object[] arguments) throws IOException {
        if (!has(method)) {
            throw new UnsupportedOperationException("the test's object has no method " + method);
        }
        return host.callBack(number, wireName(method), arguments);
    }

    @Override
    public boolean has(String method) {
        return methods == null || wireName(method) != null;
    }

    private String wireName(String method) {
        if (methods != null) {
            for (Object name : methods) {
                if (name.equals(method) || Names.camel((String) name).equals(method)) {
                    return (String) name;
                }
            }
        }
        return null;
    }

    /** The callback that a value of the learner's stands for, if it is one. */
    static Callback behind(Object value) {
        if (Proxy.isProxyClass(value.getClass())) {
            InvocationHandler handler = Proxy.getInvocationHandler(value);
            value = handler instanceof Handler ? ((Handler) handler).caller : value;
        }
        return value instanceof Callback ? (Callback) value : null;
    }

    /** Makes a caller look like the interface that the learner's code asked for. */
    static final class Handler implements InvocationHandler {
        final Caller caller;
        private final Type type;

        Handler(Caller caller, Type type) {
            this.caller = caller;
            this.type = type;
        }

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            if (method.getDeclaringClass() == Object.class) {
                return ofObject(method.getName(), arguments);
            }
            boolean named = !(caller instanceof Callback) || ((Callback) caller).methods != null;
            if (method.isDefault() && !(named && caller.has(method.getName()))) {
                return InvocationHandler.invokeDefault(proxy, method, arguments);
            }
            try {
                Object result = caller.call(method.getName(), arguments);
                boolean nothing = method.getReturnType() == void.class;
                Type wanted = bound(method.getGenericReturnType());
                return nothing ? null : Chosen.converted(result, wanted);
            } catch (IOException error) {
                for (Class<?> declared : method.getExceptionTypes()) {
                    if (declared.isInstance(error)) {
                        throw error;
                    }
                }
                throw new UncheckedIOException(error.getMessage(), error);
            }
        }

        /** Two views of the same callback are equal, so that a learner can find one again. */
        private Object ofObject(String method, Object[] arguments) {
            if (method.equals("equals")) {
                return arguments[0] != null && Callback.behind(arguments[0]) == caller;
            }
            return method.equals("hashCode")
                    ? (Object) System.identityHashCode(caller) : "a function of the test's";
        }

        /** What a type parameter of the interface stands for, as in Function<String, Integer>. */
        private Type bound(Type wanted) {
            TypeVariable<?>[] variables = Chosen.raw(type).getTypeParameters();
            for (int place = 0; place < variables.length; place++) {
                if (variables[place].equals(wanted)) {
                    return Chosen.argumentOf(type, place);
                }
            }
            return wanted;
        }
    }
}
