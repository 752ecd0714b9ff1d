package org.greensched.sim.builder;

/** Refuses wrong values with a message that names them. */
final class Check {
    /** Longest time that is accepted, seconds: a hundred years. */
    static final double MOST_S = 100 * 366 * 86_400.0;

    private Check() {}

    static double number(String what, double value, double min, double max) {
        if (!(value >= min && value <= max)) {
            throw outside(what, min, max, value);
        }
        return value;
    }

    static int count(String what, int value, int min, int max) {
        if (value < min || value > max) {
            throw outside(what, min, max, value);
        }
        return value;
    }

    private static IllegalArgumentException outside(String what, Object min, Object max, Object got) {
        return new IllegalArgumentException(what + " must lie between " + min + " and " + max + " (got " + got + ")");
    }

    static String name(String what, String value) {
        if (value == null || value.isBlank()) {
            throw new IllegalArgumentException(what + " must not be empty");
        }
        return value;
    }

    /** Microseconds of a time or a duration. */
    static long us(String what, double seconds, double minS) {
        return Math.round(number(what, seconds, minS, MOST_S) * 1e6);
    }
}
