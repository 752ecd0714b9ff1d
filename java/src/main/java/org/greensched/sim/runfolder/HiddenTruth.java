package org.greensched.sim.runfolder;

import java.io.IOException;
import java.nio.file.Path;
import org.greensched.sim.columns.F64;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.I32;
import org.greensched.sim.columns.I64;
import org.greensched.sim.columns.Table;

/** What is true about tasks and only the world knows (hidden.gsf, PROTOCOL.md §2.3), mapped. */
public final class HiddenTruth {
    /** Rows checked by one call: the virtual machine compiles a method that is called often long before a long loop. */
    private static final int BLOCK = 64;

    private final String where;
    private final Frame frame;
    private final F64 workS;
    private final I32 workClass;
    private final F64 cpuUtilFrac;
    private final F64 gpuUtilFrac;
    private final F64 interference;
    /** The columns that may be absent are {@code null} then. */
    private final I32 profile;
    private final F64 interferencePower;
    private final F64 heat;
    private final HiddenHosts hosts;
    private final F64 phaseWorkFrac;
    private final F64 phaseCpuUtilFrac;
    private final F64 phaseGpuUtilFrac;
    /** First row of each task in the phase table and one past the last; {@code null}: no task has phases. */
    private final int[] phaseStart;

    private HiddenTruth(String where, Frame frame, RunConfig config, int tasks) {
        this.where = where;
        this.frame = frame;
        Table hidden = frame.table("hidden");
        if (hidden.rows() != tasks) {
            throw new BadInputException(where, "has " + hidden.rows() + " rows for " + tasks + " tasks of tasks.gsf");
        }
        workS = hidden.f64("work_s");
        workClass = hidden.i32("work_class");
        cpuUtilFrac = hidden.f64("cpu_util_frac");
        gpuUtilFrac = hidden.f64("gpu_util_frac");
        interference = hidden.f64("interference");
        profile = hidden.has("profile") ? hidden.i32("profile") : null;
        interferencePower = hidden.has("interference_power") ? hidden.f64("interference_power") : null;
        heat = hidden.has("heat") ? hidden.f64("heat") : null;
        hosts = new HiddenHosts(where, frame, config.datacenters());
        Table phases = frame.table("phases");
        phaseWorkFrac = phases.f64("work_frac");
        phaseCpuUtilFrac = phases.f64("cpu_util_frac");
        phaseGpuUtilFrac = phases.f64("gpu_util_frac");
        phaseStart = phases.rows() == 0 ? null : starts(phases.i64("task"), tasks);
    }

    /**
     * Maps and checks {@code hidden.gsf}.
     *
     * @throws BadInputException a value that cannot be simulated, with its row
     * @throws IOException the file cannot be read
     */
    public static HiddenTruth map(Path file, RunConfig config, int tasks) throws IOException {
        Frame frame = Frame.map(file);
        if (!frame.kind().equals("hidden")) {
            throw new BadInputException(file.toString(), "is a frame of kind " + frame.kind() + ", expected hidden");
        }
        HiddenTruth truth = new HiddenTruth(file.toString(), frame, config, tasks);
        for (int t = 0; t < tasks; t += BLOCK) {
            truth.check(t, Math.min(tasks, t + BLOCK), config.workClasses().length);
        }
        return truth;
    }

    /** The whole file, for those who read its other tables. */
    public Frame frame() {
        return frame;
    }

    /** The file, for error messages. */
    String where() {
        return where;
    }

    private int[] starts(I64 task, int tasks) {
        int[] start = new int[tasks + 1];
        long before = -1;
        for (int r = 0; r < task.size(); r++) {
            long t = task.get(r);
            if (t < before || t < 0 || t >= tasks) {
                throw new BadInputException(where, "phases row " + r + ": task " + t + " is unknown or not in order");
            }
            before = t;
            start[(int) t + 1]++;
        }
        for (int t = 0; t < tasks; t++) {
            start[t + 1] += start[t];
        }
        return start;
    }

    private void check(int from, int to, int workClasses) {
        for (int t = from; t < to; t++) {
            boolean ok = workS.get(t) >= 0 && Double.isFinite(workS.get(t)) && workClass.get(t) >= 0
                    && workClass.get(t) < workClasses && isFraction(cpuUtilFrac.get(t)) && isFraction(gpuUtilFrac.get(t))
                    && interference.get(t) >= 0 && Double.isFinite(interference.get(t));
            if (!ok) {
                throw new BadInputException(where, "task " + t + ": work_s, work_class, utilisation or interference is out of"
                        + " range (work_s >= 0, utilisations 0..1, interference >= 0, a known work class)");
            }
            checkMore(t);
            if (hasPhases(t)) {
                checkPhases(t);
            }
        }
    }

    private void checkMore(int task) {
        if (profile != null && (profile.get(task) < -1 || profile.get(task) >= hosts.profiles())) {
            throw new BadInputException(where, "task " + task + ": profile " + profile.get(task)
                    + " is neither -1 nor one of the " + hosts.profiles() + " profiles");
        }
        if (interferencePower != null && !(interferencePower.get(task) > 0 && Double.isFinite(interferencePower.get(task)))) {
            throw new BadInputException(where, "task " + task + ": interference_power " + interferencePower.get(task)
                    + ", expected a number above 0");
        }
        if (heat != null && !(heat.get(task) >= 0 && Double.isFinite(heat.get(task)))) {
            throw new BadInputException(where, "task " + task + ": heat " + heat.get(task)
                    + ", expected a number of 0 or more per degree Celsius");
        }
    }

    private void checkPhases(int task) {
        int n = phaseCount(task);
        double sum = 0;
        for (int p = 0; p < n; p++) {
            double frac = phaseWorkFrac(task, p);
            if (!(frac >= 0) || !isFraction(cpuUtilFrac(task, p)) || !isFraction(gpuUtilFrac(task, p))) {
                throw new BadInputException(where, "phase " + p + " of task " + task + " holds a value outside 0..1");
            }
            sum += frac;
        }
        if (Math.abs(sum - 1) > 1e-6) {
            throw new BadInputException(where, "phases of task " + task + ": work_frac sums to " + sum + ", expected 1");
        }
    }

    private static boolean isFraction(double value) {
        return value >= 0 && value <= 1;
    }

    private boolean hasPhases(int task) {
        return phaseStart != null && phaseStart[task + 1] > phaseStart[task];
    }

    /** Run time in seconds at speed 1, alone. */
    public double workS(int task) {
        return workS.get(task);
    }

    /** Index of the work class. */
    public int workClass(int task) {
        return workClass.get(task);
    }

    /** How much longer the task takes where others hold this share of the host's cores when it starts: a factor, 1 alone. */
    public double slowdown(int task, double othersFrac) {
        double crowd = interferencePower == null ? othersFrac : Math.pow(othersFrac, interferencePower.get(task));
        return 1 + interference.get(task) * crowd;
    }

    /** Row in {@link HiddenHosts} that takes the place of the speeds of work classes; -1 none. */
    public int profile(int task) {
        return profile == null ? -1 : profile.get(task);
    }

    /** How much longer the task takes per degree that its datacenter is too hot when it starts; 0 not at all. */
    public double heat(int task) {
        return heat == null ? 0 : heat.get(task);
    }

    /** What is true about hosts. */
    public HiddenHosts hosts() {
        return hosts;
    }

    /** Number of phases, at least 1. */
    public int phaseCount(int task) {
        return hasPhases(task) ? phaseStart[task + 1] - phaseStart[task] : 1;
    }

    /** Share of the run time that a phase takes. */
    public double phaseWorkFrac(int task, int phase) {
        return hasPhases(task) ? phaseWorkFrac.get(phaseStart[task] + phase) : 1;
    }

    /** CPU utilisation of the task's cores in a phase. */
    public double cpuUtilFrac(int task, int phase) {
        return hasPhases(task) ? phaseCpuUtilFrac.get(phaseStart[task] + phase) : cpuUtilFrac.get(task);
    }

    /** Utilisation of the task's GPUs in a phase. */
    public double gpuUtilFrac(int task, int phase) {
        return hasPhases(task) ? phaseGpuUtilFrac.get(phaseStart[task] + phase) : gpuUtilFrac.get(task);
    }
}
