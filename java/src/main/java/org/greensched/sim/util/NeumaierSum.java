package org.greensched.sim.util;

/** A compensated sum (Neumaier 1974): the rounding of each addition is kept and given back at the end. */
public final class NeumaierSum {
    private double sum;
    private double lost;

    /** Adds a term. */
    public void add(double term) {
        double next = sum + term;
        lost += Math.abs(sum) >= Math.abs(term) ? (sum - next) + term : (term - next) + sum;
        sum = next;
    }

    /** The sum so far. */
    public double value() {
        return sum + lost;
    }

    /** The leading part, to be paired with {@link #low} for differences of two readings. */
    public double high() {
        return sum;
    }

    /** What {@link #high} lost to rounding. */
    public double low() {
        return lost;
    }

    /** Forgets everything and starts at {@code value}. */
    public void set(double value) {
        sum = value;
        lost = 0;
    }

    /** The sum so far; starts again at 0. */
    public double take() {
        double value = value();
        set(0);
        return value;
    }
}
