package org.greensched.sim.datacenter;

import org.greensched.sim.util.NeumaierSum;

/** Energies, carbon and cost of a datacenter over a stretch of time, as compensated sums. */
public final class MeterTotals {
    private static final int IT = 0;
    private static final int FACILITY = 1;
    private static final int CARBON = 2;
    private static final int MARGINAL = 3;
    private static final int COST = 4;
    private static final int CHARGED = 5;
    private static final int CHARGED_G = 6;
    private static final int FREE = 7;
    private static final int FREE_G = 8;
    private static final int WAKE = 9;
    private static final int FIXED = 10;
    private static final int FIXED_G = 11;
    private static final int COUNT = 12;

    /** Advance of the clocks in the step being added. */
    final double[] scratch = new double[Clock.COUNT];
    /** The same without the ratio of a load-dependent PUE. */
    final double[] fixedScratch = new double[Clock.COUNT];
    boolean marginalMissing;
    boolean costMissing;
    private final NeumaierSum[] sums = new NeumaierSum[COUNT];

    MeterTotals() {
        for (int i = 0; i < COUNT; i++) {
            sums[i] = new NeumaierSum();
        }
    }

    /** Adds a stretch of constant power whose clock advances are in {@link #scratch}. */
    void add(double itW, double chargedW, double freeW, double wakingW) {
        sums[IT].add(itW * scratch[Clock.TIME]);
        sums[FACILITY].add(itW * scratch[Clock.FACILITY]);
        sums[CARBON].add(itW * scratch[Clock.CARBON]);
        sums[MARGINAL].add(itW * scratch[Clock.MARGINAL]);
        sums[COST].add(itW * scratch[Clock.COST]);
        sums[CHARGED].add(chargedW * scratch[Clock.FACILITY]);
        sums[CHARGED_G].add(chargedW * scratch[Clock.CARBON]);
        sums[FREE].add(freeW * scratch[Clock.FACILITY]);
        sums[FREE_G].add(freeW * scratch[Clock.CARBON]);
        sums[WAKE].add(wakingW * scratch[Clock.FACILITY]);
    }

    /** Adds a stretch in which only the fixed power of the facility was drawn. */
    void addFixed(double fixedW) {
        sums[FACILITY].add(fixedW * fixedScratch[Clock.FACILITY]);
        sums[CARBON].add(fixedW * fixedScratch[Clock.CARBON]);
        sums[MARGINAL].add(fixedW * fixedScratch[Clock.MARGINAL]);
        sums[COST].add(fixedW * fixedScratch[Clock.COST]);
        sums[FIXED].add(fixedW * fixedScratch[Clock.FACILITY]);
        sums[FIXED_G].add(fixedW * fixedScratch[Clock.CARBON]);
    }

    /** Takes over what {@code other} holds, which starts again at 0. */
    void take(MeterTotals other) {
        reset();
        addAll(other);
        other.reset();
    }

    private void reset() {
        for (NeumaierSum sum : sums) {
            sum.set(0);
        }
        marginalMissing = false;
        costMissing = false;
    }

    void addAll(MeterTotals other) {
        for (int i = 0; i < COUNT; i++) {
            sums[i].add(other.sums[i].high());
            sums[i].add(other.sums[i].low());
        }
        marginalMissing |= other.marginalMissing;
        costMissing |= other.costMissing;
    }

    private double scaled(int quantity) {
        return sums[quantity].value() / Clock.J_PER_KWH;
    }

    /** Energy at the plugs of the hosts. */
    public double itKwh() {
        return scaled(IT);
    }

    /** Energy of the facility: PUE and fixed overhead included. */
    public double facilityKwh() {
        return scaled(FACILITY);
    }

    /** Carbon of the facility at average intensity. */
    public double carbonG() {
        return scaled(CARBON);
    }

    /** Carbon of the facility at marginal intensity; NaN if that was missing at any instant. */
    public double marginalG() {
        return marginalMissing ? Double.NaN : scaled(MARGINAL);
    }

    /** Cost of the facility's energy; NaN if the price was missing at any instant. */
    public double cost() {
        return costMissing ? Double.NaN : scaled(COST);
    }

    /** Facility energy charged to tasks: dynamic and share of idle. */
    public double attributedKwh() {
        return scaled(CHARGED);
    }

    /** Carbon charged to tasks, without transfers. */
    public double attributedG() {
        return scaled(CHARGED_G);
    }

    /** Facility energy that no task is charged: idle, sleep, wake-up and fixed overhead. */
    public double idleKwh() {
        return scaled(FREE) + scaled(FIXED);
    }

    /** Carbon that no task is charged. */
    public double idleG() {
        return scaled(FREE_G) + scaled(FIXED_G);
    }

    /** Facility energy of waking hosts, part of {@link #idleKwh}. */
    public double wakeKwh() {
        return scaled(WAKE);
    }

    /** Fixed overhead at zero IT load, part of {@link #idleKwh}. */
    public double fixedOverheadKwh() {
        return scaled(FIXED);
    }

    /** Carbon of the fixed overhead, part of {@link #idleG}. */
    public double fixedOverheadG() {
        return scaled(FIXED_G);
    }
}
