package org.greensched.sim.meter;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import org.greensched.sim.carbon.GridSignals;
import org.greensched.sim.carbon.StepSignal;

/**
 * Signals of different steps and lengths on the common grid that meters need. Steps are only divided, so that every integral
 * stays what it was.
 *
 * @param first what ends first, for error messages
 */
record MeterSignals(GridSignals grid, String first) {
    /** Step of a constant: one that no simulation outlasts, 285 years. */
    static final long FOREVER_US = 1L << 53;

    private static final long MOST_STEPS = 20_000_000;

    /** A signal that never changes. */
    static StepSignal constant(String name, double value) {
        return new StepSignal(name, FOREVER_US, new double[] {value});
    }

    /**
     * @param given by the names that run folders use; carbon_gpkwh is among them
     * @throws IllegalArgumentException the steps do not go together
     */
    static MeterSignals of(Map<String, StepSignal> given) {
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
        return new MeterSignals(onto(given, stepUs, (int) steps), first);
    }

    private static GridSignals onto(Map<String, StepSignal> given, long stepUs, int steps) {
        Map<String, StepSignal> common = new HashMap<>();
        given.forEach((name, signal) -> common.put(name, onto(signal, name, stepUs, steps)));
        StepSignal none = StepSignal.constant("missing", stepUs, steps, Double.NaN);
        return new GridSignals(
                common.get("carbon_gpkwh"), common.getOrDefault("marginal_gpkwh", none), none, none, none,
                common.getOrDefault("price_per_kwh", none), common.getOrDefault("temperature_c", none));
    }

    private static StepSignal onto(StepSignal signal, String name, long stepUs, int steps) {
        double[] values = new double[steps];
        for (int k = 0; k < steps; k++) {
            values[k] = signal.step((int) (k * stepUs / signal.stepUs()));
        }
        return new StepSignal(name, stepUs, values);
    }

    /** End of the time that all signals cover, seconds. */
    double endS() {
        return grid.carbon().endS();
    }
}
