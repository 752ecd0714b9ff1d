package org.greensched.bridge;

import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;
import org.greensched.sim.columns.ColumnType;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.columns.I32;
import org.greensched.sim.columns.F64;
import org.greensched.sim.columns.Str;
import org.greensched.sim.placement.DatacenterView;
import org.greensched.sim.placement.Observation;
import org.greensched.sim.runfolder.Forecasts;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.util.LongList;

/** Writes an observation as the messages {@code observe} and {@code finish} (PROTOCOL.md §4); empty tables are left out. */
final class ObservationEncoder {
    private final FrameWriter writer;
    private final PlacementNeeds needs;

    /** Which optional tables the mind wants. */
    record PlacementNeeds(boolean forecasts, boolean progress) {}

    @FunctionalInterface
    private interface TaskDouble {
        double of(long task);
    }

    @FunctionalInterface
    private interface TaskLong {
        long of(long task);
    }

    @FunctionalInterface
    private interface TaskInt {
        int of(long task);
    }

    ObservationEncoder(FrameWriter writer, PlacementNeeds needs) {
        this.writer = writer;
        this.needs = needs;
    }

    void encode(String kind, Observation o) {
        writer.begin(kind).meta("seq", o.seq).meta("t_us", o.tUs).meta("ack", o.ack);
        boolean issues = needs.forecasts() && o.endIssue > o.firstIssue;
        if (issues) {
            writer.meta("kinds", o.forecasts.kinds());
        }
        if (!o.refusedDecision.isEmpty()) {
            writer.meta("codes", Observation.CODES);
        }
        newTasks(o.newTasks, o.tasks);
        ids("ask", o.ask);
        states(o);
        if (needs.progress() && !o.progressTask.isEmpty()) {
            ids("progress", o.progressTask);
            writer.f64("done_frac", o.progressFrac);
        }
        datacenters(o.datacenters);
        if (issues) {
            issues(o.forecasts, o.firstIssue, o.endIssue);
        }
        reports(o);
        refusals(o);
    }

    private void ids(String table, LongList tasks) {
        if (!tasks.isEmpty()) {
            writer.table(table, tasks.size()).i64("task", tasks.raw());
        }
    }

    private void newTasks(LongList ids, TaskStore tasks) {
        if (ids.isEmpty()) {
            return;
        }
        ids("new_tasks", ids);
        i64("job", ids, tasks::job);
        i32("index", ids, tasks::index);
        i64("arrival_us", ids, tasks::arrivalUs);
        i64("deadline_us", ids, tasks::deadlineUs);
        f64("cores", ids, tasks::cores);
        f64("gpus", ids, tasks::gpus);
        i32("gpu_type", ids, tasks::gpuType);
        f64("mem_gb", ids, tasks::memGb);
        f64("data_gb", ids, tasks::dataGb);
        i32("origin", ids, tasks::origin);
        i32("priority", ids, tasks::priority);
        f64("expected_s", ids, tasks::expectedS);
        text("name", ids, tasks.names());
        text("labels", ids, tasks.labelTexts());
        text("user", ids, tasks.users());
    }

    private void states(Observation o) {
        if (!o.stateTask.isEmpty()) {
            ids("states", o.stateTask);
            writer.i32("state", o.stateCode.raw()).i64("t_us", o.stateUs.raw()).i32("dc", o.stateDc.raw());
        }
    }

    private void datacenters(DatacenterView[] views) {
        writer.table("datacenters", views.length);
        view("free_cores", views, v -> v.freeCores);
        view("free_gpus", views, v -> v.freeGpus);
        view("free_mem_gb", views, v -> v.freeMemGb);
        view("max_free_cores", views, v -> v.maxFreeCores);
        view("max_free_gpus", views, v -> v.maxFreeGpus);
        count("running", views, v -> v.running);
        count("queued", views, v -> v.queued);
        view("queued_cores", views, v -> v.queuedCores);
        view("queued_gpus", views, v -> v.queuedGpus);
        view("queued_mem_gb", views, v -> v.queuedMemGb);
        count("inbound", views, v -> v.inbound);
        view("inbound_cores", views, v -> v.inboundCores);
        view("inbound_gpus", views, v -> v.inboundGpus);
        view("inbound_mem_gb", views, v -> v.inboundMemGb);
        view("used_cores", views, v -> v.usedCores);
        view("utilisation_frac", views, v -> v.utilisationFrac);
        view("it_w", views, v -> v.itW);
        view("pue", views, v -> v.pue);
        view("carbon_gpkwh", views, v -> v.carbonGpkwh);
        view("marginal_gpkwh", views, v -> v.marginalGpkwh);
        view("wind_frac", views, v -> v.windFrac);
        view("solar_frac", views, v -> v.solarFrac);
        view("renewable_frac", views, v -> v.renewableFrac);
        view("price_per_kwh", views, v -> v.pricePerKwh);
        view("temperature_c", views, v -> v.temperatureC);
    }

    /** Issues whose values are packed in the message: offsets count from its own first value. */
    private void issues(Forecasts f, int first, int end) {
        int n = end - first;
        long[][] wide = new long[4][n];
        int[][] narrow = new int[3][n];
        int values = 0;
        for (int k = 0; k < n; k++) {
            int i = first + k;
            wide[0][k] = f.issueUs(i);
            wide[1][k] = f.firstUs(i);
            wide[2][k] = f.stepUs(i);
            wide[3][k] = values;
            narrow[0][k] = f.datacenter(i);
            narrow[1][k] = f.kind(i);
            narrow[2][k] = f.count(i);
            values = Math.addExact(values, f.count(i));
        }
        writer.table("issues", n).i64("issue_us", wide[0]).i32("datacenter", narrow[0]).i32("kind", narrow[1])
                .i64("first_us", wide[1]).i64("step_us", wide[2]).i64("offset", wide[3]).i32("count", narrow[2]);
        writer.table("values", values).open("value", ColumnType.F64);
        for (int i = first; i < end; i++) {
            long from = f.offset(i);
            for (long row = from; row < from + f.count(i); row++) {
                writer.putF64(f.value(row));
            }
        }
    }

    private void reports(Observation o) {
        if (o.reports.isEmpty()) {
            return;
        }
        LongList ids = o.reports;
        ids("reports", ids);
        i64("decision", ids, o.jobs.decision::get);
        column("state", ids, o.jobs.state);
        column("dc", ids, o.jobs.dc);
        column("placed_s", ids, o.jobs.placedS);
        column("queued_s", ids, o.jobs.queuedS);
        column("start_s", ids, o.jobs.startS);
        column("finish_s", ids, o.jobs.finishS);
        column("it_kwh", ids, o.jobs.itKwh);
        column("dynamic_kwh", ids, o.jobs.dynamicKwh);
        column("idle_kwh", ids, o.jobs.idleKwh);
        column("transfer_kwh", ids, o.jobs.transferKwh);
        column("dynamic_g", ids, o.jobs.dynamicG);
        column("idle_g", ids, o.jobs.idleG);
        column("transfer_g", ids, o.jobs.transferG);
        column("cost", ids, o.jobs.cost);
    }

    private void refusals(Observation o) {
        if (!o.refusedDecision.isEmpty()) {
            writer.table("refusals", o.refusedDecision.size()).i64("decision", o.refusedDecision.raw())
                    .i64("task", o.refusedTask.raw()).i32("code", o.refusedCode.raw());
        }
    }

    private void i64(String name, LongList ids, TaskLong value) {
        writer.open(name, ColumnType.I64);
        for (int i = 0; i < ids.size(); i++) {
            writer.putI64(value.of(ids.get(i)));
        }
    }

    private void i32(String name, LongList ids, TaskInt value) {
        writer.open(name, ColumnType.I32);
        for (int i = 0; i < ids.size(); i++) {
            writer.putI32(value.of(ids.get(i)));
        }
    }

    private void f64(String name, LongList ids, TaskDouble value) {
        writer.open(name, ColumnType.F64);
        for (int i = 0; i < ids.size(); i++) {
            writer.putF64(value.of(ids.get(i)));
        }
    }

    private void text(String name, LongList ids, Str source) {
        writer.open(name, ColumnType.STR);
        for (int i = 0; i < ids.size(); i++) {
            writer.putStr(source, ids.get(i));
        }
    }

    private void column(String name, LongList ids, F64 source) {
        f64(name, ids, source::get);
    }

    private void column(String name, LongList ids, I32 source) {
        i32(name, ids, source::get);
    }

    private void view(String name, DatacenterView[] views, ToDoubleFunction<DatacenterView> value) {
        writer.open(name, ColumnType.F64);
        for (DatacenterView view : views) {
            writer.putF64(value.applyAsDouble(view));
        }
    }

    private void count(String name, DatacenterView[] views, ToIntFunction<DatacenterView> value) {
        writer.open(name, ColumnType.I32);
        for (DatacenterView view : views) {
            writer.putI32(value.applyAsInt(view));
        }
    }
}
