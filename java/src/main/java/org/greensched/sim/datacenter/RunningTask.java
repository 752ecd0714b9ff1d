package org.greensched.sim.datacenter;

import org.greensched.sim.runfolder.JobLedger;

/** A task that holds cores, with its meter; pooled, since a run sees millions. */
final class RunningTask {
    int task;
    int host;
    double cores;
    double memGb;
    double gpus;
    long gpuMask;
    /** Utilised cores and dynamic GPU power in the current phase; 0 before it executes. */
    double utilisedCores;
    double gpuW;
    /** The task's share of the host's idle power. */
    double idleW;
    double powerFactor;
    double startS;
    double runtimeS;
    int phase;
    double donePhasesFrac;
    /** Position in the datacenter's list of running tasks. */
    int slot;
    boolean executing;
    /** What its engine keeps about it; such a task is not pooled, since events on their way may still hold it. */
    Object work;

    private final double[] hostReading = new double[Clock.COUNT];
    private final double[] high = new double[Clock.COUNT];
    private final double[] low = new double[Clock.COUNT];
    private final double[] dynamic = new double[Clock.COUNT];
    private final double[] idle = new double[Clock.COUNT];

    /** Forgets the last task's energy. */
    void reset() {
        java.util.Arrays.fill(dynamic, 0);
        java.util.Arrays.fill(idle, 0);
        utilisedCores = 0;
        gpuW = 0;
        gpuMask = 0;
        phase = 0;
        donePhasesFrac = 0;
        runtimeS = Double.NaN;
        executing = false;
        work = null;
    }

    /** Opens a stretch of constant own utilisation; host and facility are up to date. */
    void open(HostMeters hosts, FacilityMeter facility) {
        for (int c = 0; c < Clock.COUNT; c++) {
            hostReading[c] = hosts.reading(host, c);
            high[c] = facility.high(c);
            low[c] = facility.low(c);
        }
    }

    /** Books the stretch that {@link #open} began; host and facility are up to date. */
    void close(HostMeters hosts, FacilityMeter facility) {
        for (int c = 0; c < Clock.COUNT; c++) {
            double d = (facility.high(c) - high[c]) + (facility.low(c) - low[c]);
            dynamic[c] += utilisedCores * (hosts.reading(host, c) - hostReading[c]) + gpuW * d;
            idle[c] += idleW * d;
        }
    }

    /** Writes what was booked so far, up to {@code nowS}. */
    void record(JobLedger ledger, FacilityMeter facility, double nowS) {
        double toS = Math.max(nowS, startS);
        ledger.itKwh.set(task, dynamic[Clock.TIME] / Clock.J_PER_KWH);
        ledger.dynamicKwh.set(task, dynamic[Clock.FACILITY] / Clock.J_PER_KWH);
        ledger.idleKwh.set(task, idle[Clock.FACILITY] / Clock.J_PER_KWH);
        ledger.dynamicG.set(task, dynamic[Clock.CARBON] / Clock.J_PER_KWH);
        ledger.idleG.set(task, idle[Clock.CARBON] / Clock.J_PER_KWH);
        ledger.marginalG.set(task, known(Clock.MARGINAL, facility, toS));
        ledger.cost.set(task, known(Clock.COST, facility, toS));
    }

    private double known(int c, FacilityMeter facility, double toS) {
        boolean missing = executing && toS > startS && facility.isMissing(c, startS, toS);
        return missing ? Double.NaN : (dynamic[c] + idle[c]) / Clock.J_PER_KWH;
    }
}
