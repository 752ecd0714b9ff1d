package org.greensched.sim.workload;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntToDoubleFunction;
import org.greensched.sim.columns.FrameLog;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.runfolder.VirtualMachines;

/** When every cloudlet of the run started and finished (world/cloudlets.gsf, PROTOCOL.md §2.10). */
public final class CloudletBook {
    private final VirtualMachines vms;
    private final double[] startS;
    private final double[] finishS;
    /** What checkpoints have kept of each, as millions of instructions on each of its cores. */
    private final double[] savedMi;
    private final double stretch;

    /**
     * A book in which no cloudlet has started.
     *
     * @param stretch how much longer everything takes because checkpoints are written
     */
    public CloudletBook(VirtualMachines vms, double stretch) {
        this.vms = vms;
        this.stretch = stretch;
        savedMi = new double[vms.cloudlets()];
        startS = new double[vms.cloudlets()];
        finishS = new double[vms.cloudlets()];
        Arrays.fill(startS, Double.NaN);
        Arrays.fill(finishS, Double.NaN);
    }

    /** A cloudlet begins to execute, perhaps not for the first time. */
    public void started(int cloudlet, double nowS) {
        startS[cloudlet] = nowS;
    }

    /** A cloudlet is done. */
    public void finished(int cloudlet, double nowS) {
        finishS[cloudlet] = nowS;
    }

    /** Whether a cloudlet is done. */
    public boolean isFinished(int cloudlet) {
        return !Double.isNaN(finishS[cloudlet]);
    }

    /** Millions of instructions on each of its cores that a cloudlet has to do before it is done, if it is started now. */
    public double leftMi(int cloudlet) {
        return (vms.lengthMi(cloudlet) - savedMi[cloudlet]) * stretch;
    }

    /**
     * A machine is interrupted: cloudlets that are done stay so, others keep what the last checkpoint kept. Returns the share
     * of all its work that is kept.
     *
     * @param keptMi what a cloudlet keeps of what it did since the machine started, on each core
     */
    public double interrupted(int task, IntToDoubleFunction keptMi) {
        for (int c = vms.firstCloudlet(task); c < vms.endOfCloudlets(task); c++) {
            if (!isFinished(c)) {
                savedMi[c] = Math.min(vms.lengthMi(c), savedMi[c] + keptMi.applyAsDouble(c) / stretch);
                startS[c] = Double.NaN;
            }
        }
        return doneFrac(task, c -> 0);
    }

    /**
     * Share of all work of a machine that is done.
     *
     * @param runningMi what a cloudlet that is not done has done since the machine started, on each core
     */
    public double doneFrac(int task, IntToDoubleFunction runningMi) {
        double done = 0;
        double all = 0;
        for (int c = vms.firstCloudlet(task); c < vms.endOfCloudlets(task); c++) {
            double length = vms.lengthMi(c);
            all += length * vms.pes(c);
            done += vms.pes(c) * (isFinished(c) ? length
                    : Math.min(length, savedMi[c] + runningMi.applyAsDouble(c) / stretch));
        }
        return all > 0 ? done / all : 0;
    }

    /** The machines and cloudlets that this is about. */
    public VirtualMachines vms() {
        return vms;
    }

    /** The cloudlets of a machine that is to run that are not done, in the order of their submission. */
    public int[] unfinished(int task) {
        int[] open = new int[vms.endOfCloudlets(task) - vms.firstCloudlet(task)];
        int n = 0;
        for (int c = vms.firstCloudlet(task); c < vms.endOfCloudlets(task); c++) {
            if (!isFinished(c)) {
                open[n++] = c;
            }
        }
        return Arrays.stream(open, 0, n).boxed().sorted(Comparator.comparingDouble(vms::delayS)).mapToInt(c -> c).toArray();
    }

    /** Writes the file; nothing where the run has no cloudlets. */
    public void write(Path file, TaskBook tasks) throws IOException {
        int n = vms.cloudlets();
        if (n == 0) {
            return;
        }
        int[] state = new int[n];
        for (int c = 0; c < n; c++) {
            state[c] = state(c, tasks);
        }
        FrameWriter writer = new FrameWriter();
        writer.begin("cloudlets").table("cloudlets", n).i32("state", state).f64("start_s", startS).f64("finish_s", finishS);
        try (FrameLog out = FrameLog.create(file)) {
            out.append(writer);
        }
    }

    private int state(int cloudlet, TaskBook tasks) {
        if (isFinished(cloudlet)) {
            return TaskState.FINISHED;
        }
        int vm = vms.taskOf(cloudlet);
        int vmState = vm < 0 ? TaskState.REJECTED : tasks.state(vm);
        if (vmState == TaskState.REJECTED || vmState == TaskState.FAILED) {
            return vmState;
        }
        return vmState == TaskState.RUNNING && !Double.isNaN(startS[cloudlet]) ? TaskState.RUNNING : TaskState.QUEUED;
    }
}
