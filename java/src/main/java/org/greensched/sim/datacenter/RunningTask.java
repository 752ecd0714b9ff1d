package org.greensched.sim.datacenter;

import org.greensched.sim.runfolder.JobLedger;

/** A task that holds cores, with its meter; pooled, since a run sees millions. */
final class RunningTask {
    /** A checkpoint that is due at the instant of the failure has been written, however its time was rounded. */
    private static final double CHECKPOINT_TOLERANCE = 1e-9;

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
    /** Since when it has been on its host. */
    double sinceS;
    /** Of this attempt: all of it, and the part before it goes on with the work. */
    double runtimeS;
    double restartS;
    /** Share of the work that earlier attempts have saved. */
    double savedFrac;
    int phase;
    double donePhasesFrac;
    /** When the attempt before this one began to execute; NaN: there was none. */
    double beforeS;
    /** Neighbours in the list of its host, see {@link HostGuests}. */
    RunningTask nextOnHost;
    RunningTask previousOnHost;
    /** Position in the datacenter's list of running tasks. */
    int slot;
    boolean executing;
    /** What its engine keeps about it; such a task is not pooled, since events on their way may still hold it. */
    Object work;
    /** It left its host unfinished; events that are still on their way mean nothing. */
    boolean interrupted;

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
        restartS = 0;
        savedFrac = 0;
        executing = false;
        work = null;
        interrupted = false;
    }

    /** Goes on from what earlier attempts at the task have used. */
    void resume(JobLedger ledger) {
        savedFrac = ledger.doneFrac.get(task);
        dynamic[Clock.TIME] = ledger.itKwh.get(task) * Clock.J_PER_KWH;
        dynamic[Clock.FACILITY] = ledger.dynamicKwh.get(task) * Clock.J_PER_KWH;
        dynamic[Clock.CARBON] = ledger.dynamicG.get(task) * Clock.J_PER_KWH;
        dynamic[Clock.MARGINAL] = ledger.marginalG.get(task) * Clock.J_PER_KWH;
        dynamic[Clock.COST] = ledger.cost.get(task) * Clock.J_PER_KWH;
        idle[Clock.FACILITY] = ledger.idleKwh.get(task) * Clock.J_PER_KWH;
        idle[Clock.CARBON] = ledger.idleG.get(task) * Clock.J_PER_KWH;
    }

    /** When this attempt reaches a share of the work, if it goes on as it should. */
    double reachesS(double frac) {
        double leftFrac = 1 - savedFrac;
        return startS + restartS + (leftFrac > 0 ? (runtimeS - restartS) * ((frac - savedFrac) / leftFrac) : 0);
    }

    /** Share of the work that is done at {@code nowS}, if it goes on as it should. */
    double reachedFrac(double nowS) {
        double workS = runtimeS - restartS;
        double workedS = nowS - startS - restartS;
        return savedFrac + (1 - savedFrac) * (workS > 0 ? Math.max(0, Math.min(1, workedS / workS)) : workedS < 0 ? 0 : 1);
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

    /** Share of the work that the last checkpoint keeps, of this attempt or of an earlier one; a checkpoint every 0 s: none. */
    double keptFrac(double doneFrac, double everyS) {
        double leftFrac = 1 - savedFrac;
        double workS = runtimeS - restartS;
        if (everyS <= 0 || leftFrac <= 0 || workS <= 0) {
            return savedFrac;
        }
        double checkpoints = Math.floor((doneFrac - savedFrac) / leftFrac * workS / everyS + CHECKPOINT_TOLERANCE);
        return Math.min(1, savedFrac + checkpoints * everyS / workS * leftFrac);
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
