package org.greensched.sim.meter;

import org.greensched.sim.datacenter.Clock;
import org.greensched.sim.datacenter.FacilityMeter;

/** What a VM or a cloudlet has been charged. */
final class Consumer {
    private final double[] charged = new double[Clock.COUNT];
    private final boolean[] missing = new boolean[Clock.COUNT];

    /**
     * Adds a stretch of time in which {@code mips} were used.
     *
     * @param clock advance of the host's own clocks, J per MIPS and so on
     * @param facility knows which signals were missing in the stretch
     */
    void charge(double mips, double[] clock, FacilityMeter facility, double fromS, double toS) {
        for (int c = 0; c < Clock.COUNT; c++) {
            charged[c] += mips * clock[c];
            missing[c] |= facility.isMissing(c, fromS, toS);
        }
    }

    MeterReading reading() {
        return new MeterReading(value(Clock.TIME), value(Clock.FACILITY), value(Clock.CARBON), value(Clock.COST));
    }

    private double value(int c) {
        return missing[c] ? Double.NaN : charged[c] / Clock.J_PER_KWH;
    }
}
