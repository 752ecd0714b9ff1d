package org.greensched.sim.workload;

/**
 * Random numbers that depend on nothing but (seed, task, stream): every policy meets the same luck, whatever it does and in
 * whatever order. SplitMix64 (Steele, Lea, Flood 2014) as a hash of the counter, Box-Muller for normals, {@link StrictMath}
 * so that every machine agrees to the bit.
 */
public final class TaskLuck {
    /** Stream of the run time. */
    public static final int TIME = 0;
    /** Stream of the power draw. */
    public static final int POWER = 1;

    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
    private static final double TWO_POW_MINUS_53 = 0x1.0p-53;

    private final long key;

    /** Luck of a run. */
    public TaskLuck(long seed) {
        this.key = mix(seed + GOLDEN_GAMMA);
    }

    /** SplitMix64's output function. */
    static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** A standard normal number. */
    public double gaussian(long task, int stream) {
        long counter = mix(key + GOLDEN_GAMMA * (task + 1)) + GOLDEN_GAMMA * (2L * stream + 1);
        double u1 = uniform(mix(counter));
        double u2 = uniform(mix(counter + GOLDEN_GAMMA));
        return StrictMath.sqrt(-2 * StrictMath.log(u1)) * StrictMath.cos(2 * StrictMath.PI * u2);
    }

    /** A factor with mean 1: exp(sigma z - sigma^2 / 2); exactly 1 for sigma 0. */
    public double factor(long task, int stream, double sigmaFrac) {
        if (sigmaFrac == 0) {
            return 1;
        }
        return StrictMath.exp(sigmaFrac * gaussian(task, stream) - sigmaFrac * sigmaFrac / 2);
    }

    /** Uniform in (0, 1), never an end, so that its logarithm is finite. */
    private static double uniform(long bits) {
        return ((bits >>> 11) + 0.5) * TWO_POW_MINUS_53;
    }
}
