package org.greensched.sim.broker;

/** The decider failed and the run was asked to abort rather than fall back. */
public final class MindFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String code;

    MindFailedException(String code, Throwable cause) {
        super("the mind gave no usable answer (" + code + "): " + cause.getMessage(), cause);
        this.code = code;
    }

    /** Short stable reason. */
    public String code() {
        return code;
    }
}
