package org.greensched.sim.carbon;

import org.greensched.sim.util.NeumaierSum;

/**
 * A quantity that is constant on each step of a uniform grid, with its exact integral in O(1). Step k covers
 * [k, k + 1) * step; at a boundary the new value holds. Missing values (NaN) integrate as 0 and are counted, so that whoever
 * reads an integral can ask {@link #isMissing} whether it means anything. Outside the covered range it refuses to answer.
 */
public final class StepSignal {
    /** Steps integrated by one call: the virtual machine compiles a method that is called often long before a long loop. */
    private static final int BLOCK = 64;

    private final String name;
    private final long stepUs;
    private final double[] value;
    private final double endS;
    /** Integral from 0 to the start of step k; missing steps count as 0. */
    private final double[] prefix;
    /** Missing steps before step k; {@code null}: none at all. */
    private final int[] missing;

    /**
     * @param name for error messages
     * @param stepUs length of a step, microseconds
     * @param value one value per step; kept, not copied
     */
    public StepSignal(String name, long stepUs, double[] value) {
        if (stepUs <= 0 || value.length == 0) {
            throw new IllegalArgumentException(name + ": needs a positive step and at least one value");
        }
        this.name = name;
        this.stepUs = stepUs;
        this.value = value;
        this.endS = startS(value.length);
        this.prefix = new double[value.length + 1];
        int[] gaps = new int[value.length + 1];
        NeumaierSum sum = new NeumaierSum();
        for (int k = 0; k < value.length; k += BLOCK) {
            integrate(k, Math.min(value.length, k + BLOCK), gaps, sum);
        }
        this.missing = gaps[value.length] > 0 ? gaps : null;
    }

    private void integrate(int from, int to, int[] gaps, NeumaierSum sum) {
        double startS = startS(from);
        for (int k = from; k < to; k++) {
            boolean gap = Double.isNaN(value[k]);
            double endS = startS(k + 1);
            gaps[k + 1] = gaps[k] + (gap ? 1 : 0);
            sum.add(gap ? 0 : value[k] * (endS - startS));
            prefix[k + 1] = sum.value();
            startS = endS;
        }
    }

    /** The same value on every step. */
    public static StepSignal constant(String name, long stepUs, int steps, double constant) {
        double[] value = new double[steps];
        java.util.Arrays.fill(value, constant);
        return new StepSignal(name, stepUs, value);
    }

    /** Step-wise product; missing where either is. Both must have the same grid. */
    public StepSignal times(StepSignal other) {
        if (other.stepUs != stepUs || other.value.length != value.length) {
            throw new IllegalArgumentException(name + " and " + other.name + " have different grids");
        }
        double[] product = new double[value.length];
        for (int k = 0; k < product.length; k++) {
            product[k] = value[k] * other.value[k];
        }
        return new StepSignal(name + " x " + other.name, stepUs, product);
    }

    /** By how much this is above a limit on each step, 0 below it; missing where this is. */
    public StepSignal above(double limit) {
        double[] excess = new double[value.length];
        for (int k = 0; k < excess.length; k++) {
            excess[k] = Math.max(0, value[k] - limit);
        }
        return new StepSignal(name + " above " + limit, stepUs, excess);
    }

    /** Number of steps. */
    public int steps() {
        return value.length;
    }

    /** Length of a step, microseconds. */
    public long stepUs() {
        return stepUs;
    }

    /** Value of step {@code k}; NaN missing. */
    public double step(int k) {
        return value[k];
    }

    /** End of the covered range, seconds. */
    public double endS() {
        return endS;
    }

    /**
     * Value at {@code tS}; NaN missing.
     *
     * @param tS seconds since the start of the scenario
     * @throws SignalRangeException outside the covered range
     */
    public double at(double tS) {
        return value[stepAt(tS)];
    }

    /**
     * Integral over [fromS, toS] (value x seconds), missing steps as 0.
     *
     * @throws SignalRangeException outside the covered range
     */
    public double integral(double fromS, double toS) {
        if (toS <= fromS) {
            if (toS < fromS) {
                throw new IllegalArgumentException(name + ": integral from " + fromS + " s back to " + toS + " s");
            }
            return 0;
        }
        int from = stepAt(fromS);
        return integral(from, lastStep(from, toS), fromS, toS);
    }

    private double integral(int from, int to, double fromS, double toS) {
        if (to == from) {
            return within(from, fromS, toS);
        }
        double head = known(from) * (startS(from + 1) - fromS);
        double tail = known(to) * (toS - startS(to));
        return head + (prefix[to] - prefix[from + 1]) + tail;
    }

    /**
     * The step that holds all of a stretch that is not empty, or -1: with it {@link #within} answers for every signal on this
     * grid what {@link #integral} would, without each looking for the step anew.
     *
     * @throws SignalRangeException outside the covered range
     */
    public int stepWith(double fromS, double toS) {
        int step = stepAt(fromS);
        return toS <= startS(step + 1) ? step : -1;
    }

    /** Integral over [fromS, toS], all of which lies in {@code step}. */
    public double within(int step, double fromS, double toS) {
        return known(step) * (toS - fromS);
    }

    /** Whether any instant of [fromS, toS] is missing; an empty interval asks about its instant. */
    public boolean isMissing(double fromS, double toS) {
        if (missing == null) {
            return false;
        }
        int from = stepAt(fromS);
        return isMissing(from, lastStep(from, toS));
    }

    private boolean isMissing(int from, int to) {
        return missing != null && missing[to + 1] > missing[from];
    }

    /** Time-weighted mean over [fromS, toS]; NaN if anything is missing there. */
    public double mean(double fromS, double toS) {
        int from = stepAt(fromS);
        int to = lastStep(from, toS);
        if (isMissing(from, to)) {
            return Double.NaN;
        }
        return toS > fromS ? integral(from, to, fromS, toS) / (toS - fromS) : value[from];
    }

    private double known(int k) {
        return Double.isNaN(value[k]) ? 0 : value[k];
    }

    /** Start of step k in seconds: the one formula that turns a boundary into a double, shared with the kernel's events. */
    private double startS(int k) {
        return (k * stepUs) / 1e6;
    }

    private int stepAt(double tS) {
        if (!(tS >= 0) || tS >= endS) {
            throw new SignalRangeException(name, tS, endS());
        }
        int k = (int) (tS * 1e6 / stepUs);
        // the division may round across a boundary; the boundary itself decides
        while (k > 0 && startS(k) > tS) {
            k--;
        }
        while (k + 1 < value.length && startS(k + 1) <= tS) {
            k++;
        }
        return Math.min(k, value.length - 1);
    }

    /** The step that holds just before {@code toS}, given the one that holds at the start of the interval. */
    private int lastStep(int from, double toS) {
        return toS <= startS(from + 1) ? from : lastStepBefore(toS);
    }

    /** The step that holds just before {@code tS}. */
    private int lastStepBefore(double tS) {
        if (tS == endS) {
            return value.length - 1;
        }
        int k = stepAt(tS);
        return startS(k) == tS && k > 0 ? k - 1 : k;
    }
}
