package org.greensched.sim.workload;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.greensched.sim.columns.FrameLog;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.runfolder.VirtualMachines;

/** When every cloudlet of the run started and finished (world/cloudlets.gsf, PROTOCOL.md §2.10). */
public final class CloudletBook {
    private final VirtualMachines vms;
    private final double[] startS;
    private final double[] finishS;

    /** A book in which no cloudlet has started. */
    public CloudletBook(VirtualMachines vms) {
        this.vms = vms;
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

    /** The cloudlets of a machine that is to run that are not done, in the order of their submission. */
    public int[] unfinished(int task) {
        int[] open = new int[vms.endOfCloudlets(task) - vms.firstCloudlet(task)];
        int n = 0;
        for (int c = vms.firstCloudlet(task); c < vms.endOfCloudlets(task); c++) {
            if (!isFinished(c)) {
                open[n++] = c;
            }
        }
        return Arrays.copyOf(open, n);
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
