package org.greensched.sim.datacenter;

/**
 * The quantities that meters integrate IT power against. A constant power of p watts between two readings a and b of a
 * clock amounts to p * (b - a): joules at the plug for TIME, facility joules for FACILITY, and so on.
 */
public final class Clock {
    /** Seconds. */
    public static final int TIME = 0;
    /** Integral of PUE, s. */
    public static final int FACILITY = 1;
    /** Integral of PUE times average intensity, s g/kWh. */
    public static final int CARBON = 2;
    /** Integral of PUE times marginal intensity, s g/kWh; missing stretches count 0. */
    public static final int MARGINAL = 3;
    /** Integral of PUE times price, s/kWh; missing stretches count 0. */
    public static final int COST = 4;
    /** Number of clocks. */
    public static final int COUNT = 5;
    /** Divides watt x clock into kWh, grams or currency. */
    public static final double J_PER_KWH = 3.6e6;

    private Clock() {}
}
