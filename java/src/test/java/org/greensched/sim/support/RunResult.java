package org.greensched.sim.support;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.greensched.sim.World;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.FrameLog;
import org.greensched.sim.columns.Table;

/** Reads what a run left behind. */
public final class RunResult {
    private final Path folder;
    private final World.Result result;
    /** Mapped once: a mapping stays until the garbage collector comes by, and the kernel allows 65 530 of them. */
    private Table jobs;
    private List<Table> slots;

    RunResult(Path folder, World.Result result) {
        this.folder = folder;
        this.result = result;
    }

    public World.Result result() {
        return result;
    }

    public String status() {
        return result.status();
    }

    public Table jobs() throws IOException {
        if (jobs == null) {
            jobs = Frame.map(folder.resolve("world/jobs.gsf")).table("jobs");
        }
        return jobs;
    }

    public Table hosts() throws IOException {
        return Frame.map(folder.resolve("world/hosts.gsf")).table("hosts");
    }

    public Table cloudlets() throws IOException {
        return Frame.map(folder.resolve("world/cloudlets.gsf")).table("cloudlets");
    }

    public List<Table> slots() throws IOException {
        if (slots == null) {
            slots = new ArrayList<>();
            for (Frame frame : FrameLog.read(folder.resolve("world/datacenters.gsf"))) {
                slots.add(frame.table("datacenters"));
            }
        }
        return slots;
    }

    /** Sum of a column over all slots and datacenters. */
    public double slotSum(String column) throws IOException {
        double sum = 0;
        for (Table slot : slots()) {
            sum += sum(slot, column);
        }
        return sum;
    }

    /** All decisions as rows of (task, action, dc, source, code). */
    public List<long[]> decisions() throws IOException {
        List<long[]> rows = new ArrayList<>();
        for (Frame frame : FrameLog.read(folder.resolve("world/decisions.gsf"))) {
            Table t = frame.table("decisions");
            for (int r = 0; r < t.rows(); r++) {
                rows.add(new long[] {t.i64("task").get(r), t.i32("action").get(r), t.i32("dc").get(r), t.u8("source").get(r),
                    t.i32("code").get(r)});
            }
        }
        return rows;
    }

    /** A cell of jobs.gsf. */
    public double job(String column, int task) throws IOException {
        return jobs().f64(column).get(task);
    }

    public int state(int task) throws IOException {
        return jobs().i32("state").get(task);
    }

    /** A total of world.json over all datacenters. */
    public double total(String name) {
        return result.json().getAsJsonObject("totals").get(name).getAsDouble();
    }

    public JsonObject totals() {
        return result.json().getAsJsonObject("totals");
    }

    public static double sum(Table table, String column) {
        double sum = 0;
        for (double value : table.f64(column).toArray()) {
            sum += value;
        }
        return sum;
    }
}
