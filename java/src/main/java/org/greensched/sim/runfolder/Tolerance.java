package org.greensched.sim.runfolder;

/** The rounding that comparisons of capacities forgive. */
public final class Tolerance {
    /** Cores, GB and GPU shares closer than this count as equal: sums of shares such as 0.1 are not exact in binary. */
    public static final double CAPACITY = 1e-9;

    private Tolerance() {}
}
