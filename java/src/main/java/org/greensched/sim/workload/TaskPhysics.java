package org.greensched.sim.workload;

import org.greensched.sim.runfolder.HiddenTruth;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.RecoveryRules;
import org.greensched.sim.runfolder.RunConfig;

/** How long a task really runs and how hard it really works, noise included. */
public final class TaskPhysics {
    private final HiddenTruth hidden;
    private final TaskLuck luck;
    private final double timeSigmaFrac;
    private final double powerSigmaFrac;
    private final RecoveryRules recovery;
    private final JobLedger ledger;

    /** Physics of a run; what is left of interrupted tasks stands in {@code ledger}. */
    public TaskPhysics(HiddenTruth hidden, RunConfig config, JobLedger ledger) {
        this.hidden = hidden;
        this.luck = new TaskLuck(config.seed());
        this.timeSigmaFrac = config.timeSigmaFrac();
        this.powerSigmaFrac = config.powerSigmaFrac();
        this.recovery = config.recovery();
        this.ledger = ledger;
    }

    /**
     * Seconds that the next attempt at the task takes on a host: all of it, or what its last checkpoint left.
     *
     * @param othersFrac share of the host's cores that other tasks hold when it starts
     */
    public double runtimeS(int task, HostSpec host, double othersFrac) {
        double aloneS = hidden.workS(task) / host.speed()[hidden.workClass(task)];
        double slowdown = 1 + hidden.interference(task) * othersFrac;
        double wholeS = aloneS * slowdown * luck.factor(task, TaskLuck.TIME, timeSigmaFrac) * recovery.stretch();
        return restartS(task) + (1 - savedFrac(task)) * wholeS;
    }

    /** Seconds that the next attempt takes before it goes on with the work. */
    public double restartS(int task) {
        return ledger.attempts.get(task) > 0 ? recovery.restartS() : 0;
    }

    /** Share of the work that need not be done again, 0..1. */
    public double savedFrac(int task) {
        return ledger.doneFrac.get(task);
    }

    /** What interruptions cost. */
    public RecoveryRules recovery() {
        return recovery;
    }

    /** Factor on both utilisations of the task; the products are clamped to 0..1. */
    public double powerFactor(int task) {
        return luck.factor(task, TaskLuck.POWER, powerSigmaFrac);
    }

    /** Number of phases, at least 1. */
    public int phases(int task) {
        return hidden.phaseCount(task);
    }

    /** Share of the run time that a phase takes. */
    public double phaseFrac(int task, int phase) {
        return hidden.phaseWorkFrac(task, phase);
    }

    /** Real utilisation of the task's cores in a phase, 0..1. */
    public double cpuUtilFrac(int task, int phase, double powerFactor) {
        return Math.min(1, hidden.cpuUtilFrac(task, phase) * powerFactor);
    }

    /** Real utilisation of the task's GPUs in a phase, 0..1. */
    public double gpuUtilFrac(int task, int phase, double powerFactor) {
        return Math.min(1, hidden.gpuUtilFrac(task, phase) * powerFactor);
    }
}
