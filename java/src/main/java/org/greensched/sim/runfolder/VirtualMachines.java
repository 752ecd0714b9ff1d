package org.greensched.sim.runfolder;

import java.util.Arrays;
import org.greensched.sim.columns.F64;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.I32;
import org.greensched.sim.columns.I64;
import org.greensched.sim.columns.Table;

/**
 * The tasks that are virtual machines, and their cloudlets (tables {@code vms} and {@code cloudlets} of hidden.gsf,
 * PROTOCOL.md §2.3). Cloudlets go by the number of their row.
 */
public final class VirtualMachines {
    /** Scheduler of a machine's cloudlets: one after the other by free cores. */
    public static final int SPACE_SHARED = 0;
    /** All at once, each with its share. */
    public static final int TIME_SHARED = 1;
    /** In turns of some seconds. */
    public static final int COMPLETELY_FAIR = 2;

    private final String where;
    /** Row of each task in the table of machines, -1 none; {@code null}: no task is a machine. */
    private final int[] rowOf;
    private final F64 mips;
    private final I32 scheduler;
    private final F64 bwMbps;
    private final F64 sizeMb;
    private final F64 bootS;
    /** First cloudlet of each machine and one past the last. */
    private final int[] first;
    private final I64 cloudletTask;
    private final F64 lengthMi;
    private final I32 pes;
    private final F64 delayS;
    private final F64 cpuUtilFrac;

    private VirtualMachines(HiddenTruth hidden, TaskStore tasks) {
        Frame frame = hidden.frame();
        where = hidden.where();
        Table vms = frame.table("vms");
        mips = vms.f64("mips");
        scheduler = vms.i32("scheduler");
        bwMbps = vms.f64("bw_mbps");
        sizeMb = vms.f64("size_mb");
        bootS = vms.f64("boot_s");
        Table cloudlets = frame.table("cloudlets");
        cloudletTask = cloudlets.i64("task");
        lengthMi = cloudlets.f64("length_mi");
        pes = cloudlets.i32("pes");
        delayS = cloudlets.f64("delay_s");
        cpuUtilFrac = cloudlets.f64("cpu_util_frac");
        rowOf = vms.rows() == 0 ? null : rows(vms.i64("task"), tasks);
        first = new int[(int) vms.rows() + 1];
        findCloudlets(vms.i64("task"), tasks);
    }

    /**
     * Reads and checks the two tables; a file without them has no machines.
     *
     * @throws BadInputException a value that cannot be simulated, with its row
     */
    public static VirtualMachines read(HiddenTruth hidden, TaskStore tasks) {
        return new VirtualMachines(hidden, tasks);
    }

    private int[] rows(I64 task, TaskStore tasks) {
        int[] rows = new int[tasks.size()];
        Arrays.fill(rows, -1);
        long before = -1;
        for (int r = 0; r < task.size(); r++) {
            long t = task.get(r);
            if (t <= before || t >= tasks.size()) {
                throw wrong("vms", r, "task " + t + " is unknown, twice or not in order");
            }
            checkMachine(r, tasks, t);
            before = t;
            rows[(int) t] = r;
        }
        return rows;
    }

    private void checkMachine(int row, TaskStore tasks, long task) {
        double cores = tasks.cores(task);
        if (cores != Math.rint(cores) || tasks.gpus(task) > 0) {
            throw wrong("vms", row, "task " + task + " must ask for whole cores and no GPUs (cores " + cores + ", gpus "
                    + tasks.gpus(task) + ")");
        }
        boolean ok = mips.get(row) > 0 && Double.isFinite(mips.get(row)) && scheduler.get(row) >= SPACE_SHARED
                && scheduler.get(row) <= COMPLETELY_FAIR && isAmount(bwMbps.get(row)) && isAmount(sizeMb.get(row))
                && isAmount(bootS.get(row));
        if (!ok) {
            throw wrong("vms", row, "mips, scheduler, bw_mbps, size_mb or boot_s is out of range (mips > 0, a known scheduler,"
                    + " the others >= 0)");
        }
    }

    private void findCloudlets(I64 vmTask, TaskStore tasks) {
        int row = 0;
        long before = -1;
        for (int v = 0; v < first.length; v++) {
            long task = v < first.length - 1 ? vmTask.get(v) : Long.MAX_VALUE;
            while (row < cloudletTask.size() && cloudletTask.get(row) < task) {
                long t = cloudletTask.get(row);
                if (t < before || t >= 0 && (v == 0 || t != vmTask.get(v - 1))) {
                    throw wrong("cloudlets", row, "task " + t + " is no virtual machine or not in order");
                }
                if (t >= 0) {
                    checkCloudlet(row, tasks.cores(t));
                }
                before = t;
                row++;
            }
            first[v] = row;
        }
    }

    private void checkCloudlet(int row, double cores) {
        boolean ok = lengthMi.get(row) > 0 && Double.isFinite(lengthMi.get(row)) && pes.get(row) >= 1 && pes.get(row) <= cores
                && isAmount(delayS.get(row)) && cpuUtilFrac.get(row) > 0 && cpuUtilFrac.get(row) <= 1;
        if (!ok) {
            throw wrong("cloudlets", row, "length_mi, pes, delay_s or cpu_util_frac is out of range (length_mi > 0, pes from 1"
                    + " to the " + cores + " cores of its machine, delay_s >= 0, cpu_util_frac above 0 to 1)");
        }
    }

    private static boolean isAmount(double value) {
        return value >= 0 && Double.isFinite(value);
    }

    private BadInputException wrong(String table, int row, String problem) {
        return new BadInputException(where, table + " row " + row + ": " + problem);
    }

    /** Whether there are any. */
    public boolean any() {
        return rowOf != null;
    }

    /** Whether the task is a virtual machine. */
    public boolean isVm(int task) {
        return rowOf != null && rowOf[task] >= 0;
    }

    /** Millions of instructions per second of each of its cores. */
    public double mips(int task) {
        return mips.get(rowOf[task]);
    }

    /** How its cloudlets share it: {@link #SPACE_SHARED} and the others. */
    public int scheduler(int task) {
        return scheduler.get(rowOf[task]);
    }

    /** Its bandwidth, Mbit/s. */
    public double bwMbps(int task) {
        return bwMbps.get(rowOf[task]);
    }

    /** Its image, MB. */
    public double sizeMb(int task) {
        return sizeMb.get(rowOf[task]);
    }

    /** Seconds from its start to the start of its first cloudlet. */
    public double bootS(int task) {
        return bootS.get(rowOf[task]);
    }

    /** Its first cloudlet. */
    public int firstCloudlet(int task) {
        return first[rowOf[task]];
    }

    /** One past its last cloudlet. */
    public int endOfCloudlets(int task) {
        return first[rowOf[task] + 1];
    }

    /** All cloudlets, those without a machine too. */
    public int cloudlets() {
        return cloudletTask.size();
    }

    /** The machine of a cloudlet, -1 none. */
    public int taskOf(int cloudlet) {
        return (int) cloudletTask.get(cloudlet);
    }

    /** Millions of instructions on each of its cores. */
    public double lengthMi(int cloudlet) {
        return lengthMi.get(cloudlet);
    }

    /** Cores that it runs on at once. */
    public int pes(int cloudlet) {
        return pes.get(cloudlet);
    }

    /** When it is submitted, seconds since the start of the scenario; when its machine is up if that is later. */
    public double delayS(int cloudlet) {
        return delayS.get(cloudlet);
    }

    /** Share of its cores' MIPS that it can use. */
    public double cpuUtilFrac(int cloudlet) {
        return cpuUtilFrac.get(cloudlet);
    }
}
