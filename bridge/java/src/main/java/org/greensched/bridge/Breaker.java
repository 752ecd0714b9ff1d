package org.greensched.bridge;

import org.greensched.sim.placement.DeciderException;

/** Counts failures in a row; after three the mind is not asked again. */
final class Breaker {
    static final int LIMIT = 3;

    private int failures;

    void check() throws DeciderException {
        if (failures >= LIMIT) {
            throw new DeciderException("breaker_open", "the mind failed " + failures + " times in a row; it is not asked again",
                    null);
        }
    }

    void succeeded() {
        failures = 0;
    }

    void failed() {
        failures++;
    }
}
