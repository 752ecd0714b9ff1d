package org.greensched.sim.columns;

/** Bytes that are not the frame that was expected; the message names the file (or message) and what is wrong with it. */
public class FrameException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param where the file or message, for the reader of the error
     * @param problem what is wrong and what was expected
     */
    public FrameException(String where, String problem) {
        super(where + ": " + problem);
    }

    /**
     * @param where the file or message, for the reader of the error
     * @param problem what is wrong and what was expected
     * @param cause the underlying failure
     */
    public FrameException(String where, String problem, Throwable cause) {
        super(where + ": " + problem, cause);
    }
}
