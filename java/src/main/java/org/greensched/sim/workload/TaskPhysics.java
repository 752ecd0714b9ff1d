package org.greensched.sim.workload;

import org.greensched.sim.runfolder.HiddenTruth;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.runfolder.VirtualMachines;

/** How long a task really runs and how hard it really works, noise included. */
public final class TaskPhysics {
    private final HiddenTruth hidden;
    private final CloudletBook cloudlets;
    private final VirtualMachines vms;
    private final TaskStore tasks;
    private final TaskLuck luck;
    private final double timeSigmaFrac;
    private final double powerSigmaFrac;

    /** Physics of a run. */
    public TaskPhysics(HiddenTruth hidden, VirtualMachines vms, TaskStore tasks, RunConfig config) {
        this.hidden = hidden;
        this.cloudlets = new CloudletBook(vms);
        this.vms = vms;
        this.tasks = tasks;
        this.luck = new TaskLuck(config.seed());
        this.timeSigmaFrac = config.timeSigmaFrac();
        this.powerSigmaFrac = config.powerSigmaFrac();
    }

    /**
     * Seconds that the task executes on a host.
     *
     * @param othersFrac share of the host's cores that other tasks hold when it starts
     */
    public double runtimeS(int task, HostSpec host, double othersFrac) {
        double aloneS = hidden.workS(task) / host.speed()[hidden.workClass(task)];
        double slowdown = 1 + hidden.interference(task) * othersFrac;
        return aloneS * slowdown * luck.factor(task, TaskLuck.TIME, timeSigmaFrac);
    }

    /** The tasks that are virtual machines. Run time, phases and utilisations here are about the others. */
    public VirtualMachines vms() {
        return vms;
    }

    /** What has become of their cloudlets. */
    public CloudletBook cloudlets() {
        return cloudlets;
    }

    /** What a virtual machine that starts at {@code startS} has left to do. */
    public VmPlan vmPlan(int task, double startS) {
        double sinceArrivalS = startS - tasks.arrivalUs(task) / 1e6;
        return new VmPlan(vms, task, (int) tasks.cores(task), cloudlets.unfinished(task), sinceArrivalS);
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
