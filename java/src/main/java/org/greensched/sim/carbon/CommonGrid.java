package org.greensched.sim.carbon;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Signals of different steps and lengths, brought onto one grid. Steps are only divided, so that every integral stays
 * what it was; the grid ends where the first of the signals does.
 *
 * @param stepUs the largest step that divides all steps, microseconds
 * @param steps how many of them all signals cover
 * @param first name of the signal that ends first; empty where all are constant
 * @param signals by the names given
 */
public record CommonGrid(long stepUs, int steps, String first, Map<String, StepSignal> signals) {
    /** Step of a constant, microseconds: one that no simulation outlasts, 285 years. */
    public static final long FOREVER_US = 1L << 53;

    private static final long MOST_STEPS = 20_000_000;

    /** A signal that never changes. */
    public static StepSignal constant(String name, double value) {
        return new StepSignal(name, FOREVER_US, new double[] {value});
    }

    /**
     * A signal from values that a user gave, which are copied.
     *
     * @param stepS how long each value holds, seconds
     * @throws IllegalArgumentException no values, or a step that is not a positive number of whole microseconds
     */
    public static StepSignal signal(String name, double stepS, double[] values) {
        long stepUs = Math.round(stepS * 1e6);
        boolean fits = stepUs > 0 && values.length > 0 && stepS * values.length * 1e6 < FOREVER_US;
        if (!fits || Math.abs(stepS * 1e6 - stepUs) > 1e-3) {
            throw new IllegalArgumentException(name + ": needs values and a positive step of whole microseconds (got "
                    + values.length + " values, a step of " + stepS + " s)");
        }
        return new StepSignal(name, stepUs, values.clone());
    }

    /**
     * @param given at least one signal, by name
     * @throws IllegalArgumentException the steps do not go together
     */
    public static CommonGrid of(Map<String, StepSignal> given) {
        long stepUs = 0; // gcd(0, x) = x
        long endUs = FOREVER_US;
        String first = "";
        for (var entry : given.entrySet()) {
            StepSignal signal = entry.getValue();
            if (signal.stepUs() != FOREVER_US) {
                stepUs = BigInteger.valueOf(stepUs).gcd(BigInteger.valueOf(signal.stepUs())).longValueExact();
                long lengthUs = signal.stepUs() * signal.steps();
                first = lengthUs < endUs ? entry.getKey() : first;
                endUs = Math.min(endUs, lengthUs);
            }
        }
        stepUs = stepUs == 0 ? FOREVER_US : stepUs;
        long steps = endUs / stepUs;
        if (steps > MOST_STEPS) {
            throw new IllegalArgumentException("signals " + given.keySet() + " have a common step of only " + stepUs
                    + " us, which makes " + steps + " of them; give signals whose steps divide each other");
        }
        Map<String, StepSignal> common = new LinkedHashMap<>();
        for (var entry : given.entrySet()) {
            common.put(entry.getKey(), onto(entry.getValue(), entry.getKey(), stepUs, (int) steps));
        }
        return new CommonGrid(stepUs, (int) steps, first, common);
    }

    private static StepSignal onto(StepSignal signal, String name, long stepUs, int steps) {
        double[] values = new double[steps];
        for (int k = 0; k < steps; k++) {
            values[k] = signal.step((int) (k * stepUs / signal.stepUs()));
        }
        return new StepSignal(name, stepUs, values);
    }

    /** End of the time that all signals cover, seconds. */
    public double endS() {
        return steps * stepUs / 1e6;
    }
}
