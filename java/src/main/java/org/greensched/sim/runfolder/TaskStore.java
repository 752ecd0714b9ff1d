package org.greensched.sim.runfolder;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.greensched.sim.columns.F64;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.I32;
import org.greensched.sim.columns.I64;
import org.greensched.sim.columns.Str;
import org.greensched.sim.columns.Table;

/** What owners declared about their tasks (tasks.gsf, PROTOCOL.md §2.2), mapped; the row number is the task id. */
public final class TaskStore {
    /** Deadline of a task that has none. */
    public static final long NO_DEADLINE_US = Long.MAX_VALUE;

    private static final String MIPS_LABEL = "mips=";

    /** Rows checked by one call: the virtual machine compiles a method that is called often long before a long loop. */
    private static final int BLOCK = 64;

    private static final String DESCRIPTION = "description";

    private static final String[] COLUMNS = {
        "job", "index", "arrival_us", "deadline_us", "cores", "gpus", "gpu_type", "mem_gb", "data_gb", "origin", "priority",
        "expected_s", "name", "labels", "user"
    };

    private final String where;
    private final Table table;
    private final int size;
    private final I64 job;
    private final I32 index;
    private final I64 arrivalUs;
    private final I64 deadlineUs;
    private final F64 cores;
    private final F64 gpus;
    private final I32 gpuType;
    private final F64 memGb;
    private final F64 dataGb;
    private final I32 origin;
    private final I32 priority;
    private final F64 expectedS;
    private final Str name;
    private final Str labels;
    private final Str user;
    /** {@code null}: no task has any. */
    private final Str description;
    private final Table edges;

    private TaskStore(String where, Frame frame) {
        this.where = where;
        Table tasks = frame.table("tasks");
        table = tasks;
        size = Math.toIntExact(tasks.rows());
        job = tasks.i64("job");
        index = tasks.i32("index");
        arrivalUs = tasks.i64("arrival_us");
        deadlineUs = tasks.i64("deadline_us");
        cores = tasks.f64("cores");
        gpus = tasks.f64("gpus");
        gpuType = tasks.i32("gpu_type");
        memGb = tasks.f64("mem_gb");
        dataGb = tasks.f64("data_gb");
        origin = tasks.i32("origin");
        priority = tasks.i32("priority");
        expectedS = tasks.f64("expected_s");
        name = tasks.str("name");
        labels = tasks.str("labels");
        user = tasks.str("user");
        description = tasks.has(DESCRIPTION) ? tasks.str(DESCRIPTION) : null;
        edges = frame.table("edges");
    }

    /**
     * Maps and checks {@code tasks.gsf}.
     *
     * @throws BadInputException a value that cannot be simulated, with its row
     * @throws IOException the file cannot be read
     */
    public static TaskStore map(Path file, RunConfig config) throws IOException {
        Frame frame = Frame.map(file);
        if (!frame.kind().equals("tasks")) {
            throw new BadInputException(file.toString(), "is a frame of kind " + frame.kind() + ", expected tasks");
        }
        TaskStore store = new TaskStore(file.toString(), frame);
        store.check(config);
        return store;
    }

    private void check(RunConfig config) {
        for (int t = 0; t < size; t += BLOCK) {
            check(t, Math.min(size, t + BLOCK), config.home().length, config.gpuTypes().length);
        }
    }

    private void check(int from, int to, int origins, int gpuTypes) {
        long before = from == 0 ? 0 : arrivalUs.get(from - 1);
        for (int t = from; t < to; t++) {
            long arrival = arrivalUs.get(t);
            if (arrival < before) {
                throw row(t, "arrival_us " + arrival + " before its predecessor's (or before 0): tasks must be sorted by arrival");
            }
            before = arrival;
            refuseUnless(cores.get(t) > 0 && Double.isFinite(cores.get(t)), t, "cores must be positive", cores);
            refuseUnless(gpus.get(t) >= 0 && Double.isFinite(gpus.get(t)), t, "gpus must not be negative", gpus);
            refuseUnless(memGb.get(t) >= 0 && Double.isFinite(memGb.get(t)), t, "mem_gb must not be negative", memGb);
            refuseUnless(dataGb.get(t) >= 0 && Double.isFinite(dataGb.get(t)), t, "data_gb must not be negative", dataGb);
            if (deadlineUs.get(t) < arrival) {
                throw row(t, "deadline_us " + deadlineUs.get(t) + " before arrival_us " + arrival);
            }
            if (origin.get(t) < 0 || origin.get(t) >= origins) {
                throw row(t, "origin " + origin.get(t) + " is not one of the " + origins + " origins of run.json");
            }
            if (gpuType.get(t) < -1 || gpuType.get(t) >= gpuTypes) {
                throw row(t, "gpu_type " + gpuType.get(t) + " is not -1 or one of the " + gpuTypes + " types of run.json");
            }
        }
    }

    private void refuseUnless(boolean ok, int task, String problem, F64 column) {
        if (!ok) {
            throw row(task, problem + " and finite (got " + column.get(task) + ")");
        }
    }

    private BadInputException row(int task, String problem) {
        return new BadInputException(where, "task " + task + ": " + problem);
    }

    /** Number of tasks. */
    public int size() {
        return size;
    }

    /** Dense job id. */
    public long job(long task) {
        return job.get(task);
    }

    /** Position within the job. */
    public int index(long task) {
        return index.get(task);
    }

    /** Arrival, microseconds since the start of the scenario. */
    public long arrivalUs(long task) {
        return arrivalUs.get(task);
    }

    /** Deadline, microseconds since the start of the scenario; {@link #NO_DEADLINE_US} none. */
    public long deadlineUs(long task) {
        return deadlineUs.get(task);
    }

    /** Cores asked for. */
    public double cores(long task) {
        return cores.get(task);
    }

    /** GPUs asked for; below 1 a share of one. */
    public double gpus(long task) {
        return gpus.get(task);
    }

    /** Index of the GPU type, -1 any. */
    public int gpuType(long task) {
        return gpuType.get(task);
    }

    /** Memory, GB. */
    public double memGb(long task) {
        return memGb.get(task);
    }

    /** Input data to move when the task leaves its region, GB. */
    public double dataGb(long task) {
        return dataGb.get(task);
    }

    /** Index of the origin region. */
    public int origin(long task) {
        return origin.get(task);
    }

    /** Higher first. */
    public int priority(long task) {
        return priority.get(task);
    }

    /** The owner's estimate in seconds on reference hardware; NaN not given. */
    public double expectedS(long task) {
        return expectedS.get(task);
    }

    /** Free text. */
    public String name(long task) {
        return name.get(task);
    }

    /** {@code key=value;key=value}. */
    public String labels(long task) {
        return labels.get(task);
    }

    /** MIPS that a core of its host must have at least: what a virtual machine's labels say; 0 for other tasks. */
    public double vmMips(long task) {
        String text = labels.get(task);
        if (!text.contains("kind=vm")) {
            return 0;
        }
        for (String label : text.split(";")) {
            if (label.startsWith(MIPS_LABEL)) {
                try {
                    return Double.parseDouble(label.substring(MIPS_LABEL.length()));
                } catch (NumberFormatException e) {
                    return 0; // labels are free text
                }
            }
        }
        return 0;
    }

    /** Who submitted it. */
    public String user(long task) {
        return user.get(task);
    }

    /** The owner's free text about it; empty where there is none. */
    public String description(long task) {
        return description == null ? "" : description.get(task);
    }

    /** All of {@link #columns}, to be copied. */
    public Table table() {
        return table;
    }

    /** The declared columns, in the order of the protocol. */
    public String[] columns() {
        if (description == null) {
            return COLUMNS.clone();
        }
        String[] all = Arrays.copyOf(COLUMNS, COLUMNS.length + 1);
        all[COLUMNS.length] = DESCRIPTION;
        return all;
    }

    /** Precedence: {@code task} before {@code successor}; may be empty. */
    public Table edges() {
        return edges;
    }

    /** The file, for error messages. */
    public String where() {
        return where;
    }
}
