package org.greensched.sim.carbon;

/** A signal was asked outside the range that it covers: it refuses to guess. */
public final class SignalRangeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Says what was asked, and which signals to give instead. */
    public SignalRangeException(String message) {
        super(message);
    }

    SignalRangeException(String signal, double tS, double endS) {
        super(signal + " asked at " + tS + " s; it covers 0 to " + endS
                + " s. Prepare the run with signals up to horizon + drain.");
    }
}
