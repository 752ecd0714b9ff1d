package org.greensched.bridge;

import java.util.stream.IntStream;
import org.greensched.sim.columns.ColumnType;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.columns.Table;
import org.greensched.sim.placement.DatacenterView;
import org.greensched.sim.placement.Observation;
import org.greensched.sim.runfolder.Advisories;
import org.greensched.sim.runfolder.Forecasts;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.util.LongList;

/** Writes an observation as the messages {@code observe} and {@code finish} (PROTOCOL.md §4); empty tables are left out. */
final class ObservationEncoder {
    private final FrameWriter writer;
    private final PlacementNeeds needs;

    /** Which optional tables the mind wants. */
    record PlacementNeeds(boolean forecasts, boolean progress) {}

    /** Columns of the ledger that a report carries, besides the task. */
    private static final String[] REPORT_COLUMNS = {
        "decision", "state", "dc", "placed_s", "queued_s", "start_s", "finish_s", "it_kwh", "dynamic_kwh", "idle_kwh",
        "transfer_kwh", "dynamic_g", "idle_g", "transfer_g", "cost", "attempts"
    };

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
        rows("new_tasks", o.newTasks, o.tasks.table(), o.tasks.columns());
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
        rows("reports", o.reports, o.jobs.table(), REPORT_COLUMNS);
        refusals(o);
        advisories(o.advisories, o.firstAdvisory, o.endAdvisory);
    }

    /** Rows of a table of the run folder, whose row numbers are the ids of the tasks. */
    private void rows(String table, LongList tasks, Table source, String[] columns) {
        ids(table, tasks);
        if (!tasks.isEmpty()) {
            for (String column : columns) {
                writer.gather(column, source, tasks.raw());
            }
        }
    }

    private void ids(String table, LongList tasks) {
        if (!tasks.isEmpty()) {
            writer.table(table, tasks.size()).i64("task", tasks.raw());
        }
    }

    private void states(Observation o) {
        if (!o.stateTask.isEmpty()) {
            ids("states", o.stateTask);
            writer.i32("state", o.stateCode.raw()).i64("t_us", o.stateUs.raw()).i32("dc", o.stateDc.raw());
            saved(o);
        }
    }

    /** What checkpoints have kept of tasks that are pending again; left out where there is nothing of the kind. */
    private void saved(Observation o) {
        double[] savedFrac = new double[o.stateTask.size()];
        boolean any = false;
        for (int i = 0; i < savedFrac.length; i++) {
            if (o.stateCode.get(i) == TaskState.PENDING) {
                savedFrac[i] = o.jobs.doneFrac.get(o.stateTask.get(i));
                any |= savedFrac[i] > 0;
            }
        }
        if (any) {
            writer.f64("saved_frac", savedFrac);
        }
    }

    private void datacenters(DatacenterView[] views) {
        double[][] values = new double[views.length][];
        for (int d = 0; d < views.length; d++) {
            values[d] = views[d].values();
        }
        writer.table("datacenters", views.length);
        for (int c = 0; c < DatacenterView.COLUMNS.length; c++) {
            boolean count = DatacenterView.isCount(c);
            writer.open(DatacenterView.COLUMNS[c], count ? ColumnType.I32 : ColumnType.F64);
            for (double[] view : values) {
                if (count) {
                    writer.putI32((int) view[c]);
                } else {
                    writer.putF64(view[c]);
                }
            }
        }
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

    private void advisories(Advisories all, int first, int end) {
        if (end > first) {
            int[] rows = IntStream.range(first, end).toArray();
            writer.table("advisories", rows.length).i64("issue_us", IntStream.of(rows).mapToLong(all::issueUs).toArray())
                    .i32("dc", IntStream.of(rows).map(all::dc).toArray())
                    .str("text", IntStream.of(rows).mapToObj(all::text).toArray(String[]::new));
        }
    }

    private void refusals(Observation o) {
        if (!o.refusedDecision.isEmpty()) {
            writer.table("refusals", o.refusedDecision.size()).i64("decision", o.refusedDecision.raw())
                    .i64("task", o.refusedTask.raw()).i32("code", o.refusedCode.raw());
        }
    }
}
