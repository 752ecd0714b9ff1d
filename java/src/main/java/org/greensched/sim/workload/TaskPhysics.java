package org.greensched.sim.workload;

import java.util.HashMap;
import java.util.Map;
import org.greensched.sim.carbon.StepSignal;
import org.greensched.sim.runfolder.DatacenterSpec;
import org.greensched.sim.runfolder.HiddenTruth;
import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.RecoveryRules;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.runfolder.VirtualMachines;

/** How long a task really runs and how hard it really works, noise included. */
public final class TaskPhysics {
    private final HiddenTruth hidden;
    private final CloudletBook cloudlets;
    private final VirtualMachines vms;
    private final TaskStore tasks;
    private final Map<Integer, VmPlan> runningVms = new HashMap<>();
    private final TaskLuck luck;
    private final double timeSigmaFrac;
    private final double powerSigmaFrac;
    private final RecoveryRules recovery;
    private final JobLedger ledger;

    /** Physics of a run; what is left of interrupted tasks stands in {@code ledger}. */
    public TaskPhysics(
            HiddenTruth hidden, VirtualMachines vms, TaskStore tasks, RunConfig config, JobLedger ledger) {
        this.hidden = hidden;
        this.cloudlets = new CloudletBook(vms, config.recovery().stretch());
        this.vms = vms;
        this.tasks = tasks;
        this.luck = new TaskLuck(config.seed());
        this.timeSigmaFrac = config.timeSigmaFrac();
        this.powerSigmaFrac = config.powerSigmaFrac();
        this.recovery = config.recovery();
        this.ledger = ledger;
    }

    /**
     * The groups of hosts of a datacenter as tasks find them, in the order of {@code spec}.
     *
     * @param temperature outdoors, degrees Celsius
     */
    public HostTruth[] hosts(int datacenter, DatacenterSpec spec, StepSignal temperature) {
        StepSignal excessC = hidden.hosts().throttles(datacenter)
                ? temperature.above(hidden.hosts().throttleC(datacenter)) : null;
        HostTruth[] groups = new HostTruth[spec.hosts().size()];
        for (int g = 0; g < groups.length; g++) {
            groups[g] = new HostTruth(spec.hosts().get(g), hidden.hosts().kind(datacenter, g), excessC);
        }
        return groups;
    }

    /**
     * Seconds that the next attempt at the task takes on a host: all of it, or what its last checkpoint left.
     *
     * @param othersFrac share of the host's cores that other tasks hold when it starts
     * @param startS when it starts
     */
    public double runtimeS(int task, HostTruth host, double othersFrac, double startS) {
        return runtimeS(task, host, othersFrac, startS, restartS(task), savedFrac(task));
    }

    /** The same for who knows what the next attempt goes on from. */
    public double runtimeS(
            int task, HostTruth host, double othersFrac, double startS, double restartS, double savedFrac) {
        double aloneS = hidden.workS(task) / speed(task, host);
        double slowdown = hidden.slowdown(task, othersFrac) * throttling(task, host, startS);
        double wholeS = aloneS * slowdown * luck.factor(task, TaskLuck.TIME, timeSigmaFrac) * recovery.stretch();
        return restartS + (1 - savedFrac) * wholeS;
    }

    private double speed(int task, HostTruth host) {
        int profile = hidden.profile(task);
        return profile < 0 ? host.spec().speed()[hidden.workClass(task)] : hidden.hosts().speed(profile, host.kind());
    }

    /** How much longer the task takes because its datacenter is too hot when it starts. */
    private double throttling(int task, HostTruth host, double startS) {
        double heat = hidden.heat(task);
        return heat > 0 ? 1 + heat * host.excessC(startS) : 1;
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

    /** The tasks that are virtual machines. Run time, phases and utilisations here are about the others. */
    public VirtualMachines vms() {
        return vms;
    }

    /** What has become of their cloudlets. */
    public CloudletBook cloudlets() {
        return cloudlets;
    }

    /** What a virtual machine that runs will do from its start on, or what one that would start at {@code startS} would do. */
    public VmPlan vmPlan(int task, double startS) {
        VmPlan running = runningVms.get(task);
        return running != null ? running : new VmPlan(cloudlets, task, (int) tasks.cores(task), upS(task), startS);
    }

    /** Seconds from the start of a virtual machine to the start of its first cloudlet. */
    public double upS(int task) {
        return restartS(task) + vms.bootS(task);
    }

    /** A virtual machine starts: its plan is kept until {@link #endVm}, whatever of it is done by then. */
    public VmPlan beginVm(int task, double startS) {
        VmPlan plan = vmPlan(task, startS);
        runningVms.put(task, plan);
        return plan;
    }

    /** A virtual machine has left its host. */
    public void endVm(int task) {
        runningVms.remove(task);
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

    /** Real utilisation of the task's cores on a host in a phase, 0..1. */
    public double cpuUtilFrac(int task, HostTruth host, int phase, double powerFactor) {
        double frac = hidden.cpuUtilFrac(task, phase);
        int profile = hidden.profile(task);
        if (profile >= 0) {
            frac = Math.min(1, frac * hidden.hosts().cpuScale(profile, host.kind()));
        }
        return Math.min(1, frac * powerFactor);
    }

    /** Real utilisation of the task's GPUs on a host in a phase, 0..1. */
    public double gpuUtilFrac(int task, HostTruth host, int phase, double powerFactor) {
        double frac = hidden.gpuUtilFrac(task, phase);
        int profile = hidden.profile(task);
        if (profile >= 0) {
            frac = Math.min(1, frac * hidden.hosts().gpuScale(profile, host.kind()));
        }
        return Math.min(1, frac * powerFactor);
    }
}
