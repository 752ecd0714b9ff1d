package org.greensched.sim.datacenter;

/**
 * Exact meters of every host of a datacenter, as arrays. Each host has a clock per quantity of the dynamic watts per
 * utilised core, so that the energy of a task is the difference of two readings times its utilised cores: O(1) per event,
 * however often its neighbours come and go. A host is brought up to date ({@link #touch}) just before anything changes on it.
 */
public final class HostMeters {
    private final FacilityMeter facility;
    /** Readings of the facility's clocks at the last touch, both parts; and the host's own clocks. [host * COUNT + clock]. */
    private final double[] lastHigh;
    private final double[] lastLow;
    private final double[] dynamicClock;
    private final double[] wattsPerCore;
    private final double[] powerW;
    private final double[] freeW;
    private final double[] itJ;
    private final double[] facilityJ;
    private final double[] carbon;
    private final double[] cost;
    private final double[] freeJ;
    private final double[] freeCarbon;

    /** Meters at 0 for hosts without power. */
    public HostMeters(FacilityMeter facility, int hosts) {
        this.facility = facility;
        lastHigh = new double[hosts * Clock.COUNT];
        lastLow = new double[hosts * Clock.COUNT];
        dynamicClock = new double[hosts * Clock.COUNT];
        wattsPerCore = new double[hosts];
        powerW = new double[hosts];
        freeW = new double[hosts];
        itJ = new double[hosts];
        facilityJ = new double[hosts];
        carbon = new double[hosts];
        cost = new double[hosts];
        freeJ = new double[hosts];
        freeCarbon = new double[hosts];
    }

    /** Integrates a host up to the facility's last advance. */
    public void touch(int host) {
        double watts = powerW[host];
        double perCore = wattsPerCore[host];
        int base = host * Clock.COUNT;
        for (int c = 0; c < Clock.COUNT; c++) {
            double high = facility.high(c);
            double low = facility.low(c);
            double d = (high - lastHigh[base + c]) + (low - lastLow[base + c]);
            lastHigh[base + c] = high;
            lastLow[base + c] = low;
            dynamicClock[base + c] += perCore * d;
            switch (c) {
                case Clock.TIME -> itJ[host] += watts * d;
                case Clock.FACILITY -> {
                    facilityJ[host] += watts * d;
                    freeJ[host] += freeW[host] * d;
                }
                case Clock.CARBON -> {
                    carbon[host] += watts * d;
                    freeCarbon[host] += freeW[host] * d;
                }
                case Clock.COST -> cost[host] += watts * d;
                default -> { }
            }
        }
    }

    /**
     * Sets the power of a touched host.
     *
     * @param watts all of it
     * @param free the part that no task is charged
     * @param perCore dynamic CPU power per utilised core
     */
    public void set(int host, double watts, double free, double perCore) {
        powerW[host] = watts;
        freeW[host] = free;
        wattsPerCore[host] = perCore;
    }

    /** Reading of a host's own clock at its last touch. */
    public double reading(int host, int c) {
        return dynamicClock[host * Clock.COUNT + c];
    }

    /** Starts a host's own clocks again at 0, so that readings stay small; only while no task is on it. */
    public void rebase(int host) {
        java.util.Arrays.fill(dynamicClock, host * Clock.COUNT, (host + 1) * Clock.COUNT, 0);
    }

    /** Power now, W. */
    double powerW(int host) {
        return powerW[host];
    }

    /** Part of the power now that no task is charged, W. */
    double freeW(int host) {
        return freeW[host];
    }

    /** Energy at the host's plug. */
    public double itKwh(int host) {
        return itJ[host] / Clock.J_PER_KWH;
    }

    /** Facility energy of the host: PUE included, fixed overhead at zero load not. */
    public double facilityKwh(int host) {
        return facilityJ[host] / Clock.J_PER_KWH;
    }

    /** Carbon of {@link #facilityKwh}. */
    public double carbonG(int host) {
        return carbon[host] / Clock.J_PER_KWH;
    }

    /** Cost of {@link #facilityKwh}; stretches without a price count 0. */
    public double cost(int host) {
        return cost[host] / Clock.J_PER_KWH;
    }

    /** Facility energy of the host that no task is charged. */
    public double freeKwh(int host) {
        return freeJ[host] / Clock.J_PER_KWH;
    }

    /** Carbon of {@link #freeKwh}. */
    public double freeG(int host) {
        return freeCarbon[host] / Clock.J_PER_KWH;
    }
}
