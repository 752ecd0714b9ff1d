package org.greensched.sim.placement;

/** A decider gave no usable answer. {@link #code()} is short and stable, for counting; the message is for people. */
public class DeciderException extends Exception {
    private final String code;

    /**
     * @param code one of {@code timeout}, {@code disconnected}, {@code garbled}, {@code mind_error}, {@code breaker_open},
     *     {@code auth}, {@code protocol}, {@code config} (what the scenario asks of the decider cannot work)
     */
    public DeciderException(String code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** Short stable reason. */
    public String code() {
        return code;
    }
}
