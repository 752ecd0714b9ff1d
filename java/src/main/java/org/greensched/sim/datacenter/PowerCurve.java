package org.greensched.sim.datacenter;

/** Wall power of a host over its CPU utilisation: linear between evenly spaced points. */
public final class PowerCurve {
    private final double[] powerW;

    /**
     * @param powerW power at utilisation 0, ..., 1; at least two points
     */
    public PowerCurve(double... powerW) {
        if (powerW.length < 2) {
            throw new IllegalArgumentException("a power curve needs the power at 0 and at full load");
        }
        this.powerW = powerW.clone();
    }

    /** Power at a utilisation, clamped to 0..1 (sums of shares may exceed 1 by a rounding). */
    public double at(double utilisationFrac) {
        double x = Math.max(0, Math.min(1, utilisationFrac)) * (powerW.length - 1);
        int left = Math.min((int) x, powerW.length - 2);
        double share = x - left;
        return powerW[left] * (1 - share) + powerW[left + 1] * share;
    }

    /** Power above idle. */
    public double dynamicW(double utilisationFrac) {
        return at(utilisationFrac) - powerW[0];
    }

    /** Power at utilisation 0. */
    public double idleW() {
        return powerW[0];
    }
}
