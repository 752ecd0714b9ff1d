package org.greensched.sim.datacenter;

import org.greensched.sim.carbon.GridSignals;
import org.greensched.sim.carbon.StepSignal;
import org.greensched.sim.runfolder.PueSpec;
import org.greensched.sim.util.NeumaierSum;

/**
 * The meter of a whole datacenter: running sums of power, integrated exactly each time anything changes. It also keeps the
 * {@link Clock}s that hosts and tasks read.
 *
 * <p>With a static or temperature-dependent PUE a clock advances by the integral of a product of signals on the common grid.
 * With a load-dependent PUE the ratio (fixed + slope * P) / P is constant between two changes of power P; while P is 0 the
 * ratio does not exist, the clocks stand still and the fixed power is booked apart.
 */
public final class FacilityMeter {
    private static final int IT = 0;
    private static final int CHARGED = 1;
    private static final int FREE = 2;
    private static final int WAKING = 3;

    private final GridSignals grid;
    private final PueSpec.Load load;
    private final StepSignal pue;
    private final StepSignal[] rate = new StepSignal[Clock.COUNT];
    private final NeumaierSum[] clock = sums(Clock.COUNT);
    private final NeumaierSum[] powerW = sums(4);
    private final MeterTotals slot = new MeterTotals();
    private final MeterTotals closed = new MeterTotals();
    private final MeterTotals run = new MeterTotals();
    private double lastS;
    private boolean withoutPower;

    /**
     * A meter that starts at 0 s with no power.
     *
     * @param grid signals on one common grid; the temperature is needed by a temperature-dependent PUE only
     * @param spec how IT power becomes facility power
     */
    public FacilityMeter(GridSignals grid, PueSpec spec) {
        this.grid = grid;
        this.load = spec instanceof PueSpec.Load l ? l : null;
        this.pue = PueModel.signal(spec, grid);
        rate[Clock.FACILITY] = pue;
        rate[Clock.CARBON] = pue.times(grid.carbon());
        rate[Clock.MARGINAL] = pue.times(grid.marginal());
        rate[Clock.COST] = pue.times(grid.price());
    }

    private static NeumaierSum[] sums(int count) {
        NeumaierSum[] sums = new NeumaierSum[count];
        for (int i = 0; i < count; i++) {
            sums[i] = new NeumaierSum();
        }
        return sums;
    }

    /**
     * Integrates up to {@code nowS}; to be called before any power changes at that instant. Times not after the last one
     * are ignored.
     *
     * @throws org.greensched.sim.carbon.SignalRangeException after the end of the signals
     */
    public void advance(double nowS) {
        if (nowS <= lastS) {
            return;
        }
        double p = itW();
        double ratio = load == null ? 1 : p > 0 ? (load.fixedW() + load.slope() * p) / p : 0;
        double[] d = slot.scratch;
        d[Clock.TIME] = nowS - lastS;
        int step = pue.stepWith(lastS, nowS);
        for (int c = Clock.FACILITY; c < Clock.COUNT; c++) {
            double plain = step >= 0 ? rate[c].within(step, lastS, nowS) : rate[c].integral(lastS, nowS);
            slot.fixedScratch[c] = plain;
            d[c] = plain * ratio;
        }
        for (int c = 0; c < Clock.COUNT; c++) {
            clock[c].add(d[c]);
        }
        slot.add(p, powerW[CHARGED].value(), powerW[FREE].value(), powerW[WAKING].value());
        if (load != null && p == 0) {
            slot.addFixed(withoutPower ? 0 : load.fixedW());
        }
        lastS = nowS;
    }

    /** The facility has no power from {@code nowS} on, so that its fixed overhead is not drawn either; or has it again. */
    void setWithoutPower(boolean without, double nowS) {
        advance(nowS);
        withoutPower = without;
    }

    /** Changes the power: of all IT, of its part that tasks are charged, of the part nobody is, of waking hosts therein. */
    public void shift(double itW, double chargedW, double freeW, double wakingW) {
        powerW[IT].add(itW);
        powerW[CHARGED].add(chargedW);
        powerW[FREE].add(freeW);
        powerW[WAKING].add(wakingW);
    }

    /** IT power now, W; never the dust that rounding leaves of zero. */
    double itW() {
        double p = powerW[IT].value();
        return Math.abs(p) < 1e-9 ? 0 : p;
    }

    /** PUE now; NaN for a load-dependent one without load, and at the end of the signals. */
    double pueAt(double tS) {
        if (load != null) {
            double p = itW();
            return p > 0 ? (load.fixedW() + load.slope() * p) / p : Double.NaN;
        }
        return tS < pue.endS() ? pue.at(tS) : Double.NaN;
    }

    /**
     * Integral of PUE over a stretch of time to come, for what-if questions; a load-dependent PUE is taken at {@code itW}.
     * After the end of the signals the last PUE stays.
     */
    double facilityS(double fromS, double toS, double itW) {
        double ratio = load == null ? 1 : itW > 0 ? (load.fixedW() + load.slope() * itW) / itW : load.slope();
        double endS = pue.endS();
        double covered = fromS < endS ? pue.integral(fromS, Math.min(toS, endS)) : 0;
        return ratio * (toS <= endS ? covered : covered + pue.step(pue.steps() - 1) * (toS - Math.max(fromS, endS)));
    }

    /** Leading part of a clock's reading; see {@link #low}. */
    double high(int c) {
        return clock[c].high();
    }

    /** Rest of a clock's reading: differences of two readings subtract both parts, so that short stretches stay exact. */
    double low(int c) {
        return clock[c].low();
    }

    /** Whether the quantity of a clock is missing anywhere in [fromS, toS]. */
    public boolean isMissing(int c, double fromS, double toS) {
        return rate[c] != null && rate[c].isMissing(fromS, toS);
    }

    /** Closes the current slot at {@code nowS}: its totals, valid until the next call; the run's totals include it. */
    public MeterTotals closeSlot(double startS, double nowS) {
        advance(nowS);
        slot.marginalMissing |= isMissing(Clock.MARGINAL, startS, nowS);
        slot.costMissing |= isMissing(Clock.COST, startS, nowS);
        closed.take(slot);
        run.addAll(closed);
        return closed;
    }

    /** Totals of all closed slots. */
    public MeterTotals run() {
        return run;
    }

    /** What the grid does. */
    public GridSignals grid() {
        return grid;
    }
}
