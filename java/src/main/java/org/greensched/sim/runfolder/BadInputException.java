package org.greensched.sim.runfolder;

/** The run folder cannot be simulated; the message names file, key and what was expected. */
public class BadInputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param where file and place in it
     * @param problem what is wrong, what was expected, what to do
     */
    public BadInputException(String where, String problem) {
        super(where + ": " + problem);
    }

    /**
     * @param where file and place in it
     * @param problem what is wrong
     * @param cause the underlying failure
     */
    public BadInputException(String where, String problem, Throwable cause) {
        super(where + ": " + problem, cause);
    }
}
