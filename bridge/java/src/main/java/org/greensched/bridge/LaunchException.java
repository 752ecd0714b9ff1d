package org.greensched.bridge;

/** The run cannot even begin; the message says what is missing and what to do. */
final class LaunchException extends Exception {
    private static final long serialVersionUID = 1L;
    private final int exitCode;

    /** @param exitCode of this program (PROTOCOL.md §2.11) */
    LaunchException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }
}
