package org.greensched.sim.runfolder;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.greensched.sim.columns.F64;
import org.greensched.sim.columns.I32;
import org.greensched.sim.columns.I64;
import org.greensched.sim.columns.MappedTable;
import org.greensched.sim.columns.MappedTable.Spec;
import org.greensched.sim.columns.Table;
import org.greensched.sim.columns.U8;

/**
 * The world's record of every task (world/jobs.gsf, PROTOCOL.md §2.6): a mapped row per task, written in place as things
 * happen, so that a killed world loses no finished task. The columns are public to be set directly: each name is a name of
 * the protocol.
 */
public final class JobLedger {
    /** Reasons by code. */
    public static final String[] REASONS = {"", "policy", "never_fits", "predecessor", "interrupted"};
    /** Nothing to explain. */
    public static final int REASON_NONE = 0;
    /** Rejected by a decision. */
    public static final int REASON_POLICY = 1;
    /** No host of any datacenter could ever hold it. */
    public static final int REASON_NEVER_FITS = 2;
    /** A predecessor was rejected or failed. */
    public static final int REASON_PREDECESSOR = 3;
    /** Its host or datacenter failed, and the rules of the run give it no further attempt. */
    public static final int REASON_INTERRUPTED = 4;

    /** Decided by nobody yet. */
    public static final int SOURCE_NONE = 0;
    /** Decided by the mind, or a decider in Java. */
    public static final int SOURCE_MIND = 1;
    /** Decided by the local fallback. */
    public static final int SOURCE_FALLBACK = 2;

    private static final List<Spec> COLUMNS = List.of(
            Spec.i32("state", TaskState.ABSENT), Spec.i32("reason", REASON_NONE), Spec.i32("dc"), Spec.i32("host"),
            Spec.i64("decision"), Spec.u8("source"), Spec.f64("placed_s"), Spec.f64("queued_s"), Spec.f64("start_s"),
            Spec.f64("finish_s"), Spec.f64("done_frac", 0), Spec.f64("it_kwh", 0), Spec.f64("dynamic_kwh", 0),
            Spec.f64("idle_kwh", 0), Spec.f64("transfer_kwh", 0), Spec.f64("dynamic_g", 0), Spec.f64("idle_g", 0),
            Spec.f64("transfer_g", 0), Spec.f64("marginal_g", 0), Spec.f64("cost", 0), Spec.i32("attempts", 0),
            Spec.f64("first_start_s"));

    /** One of {@link TaskState}; written last. */
    public final I32 state;
    /** Index into {@link #REASONS}. */
    public final I32 reason;
    /** Datacenter; -1 none. */
    public final I32 dc;
    /** Host within the datacenter; -1 none. */
    public final I32 host;
    /** Id of the last decision about it; -1 none. */
    public final I64 decision;
    /** Who decided. */
    public final U8 source;
    /** When it was placed, seconds; NaN not yet. */
    public final F64 placedS;
    /** When its data were there and it waited for cores, seconds; NaN not yet. */
    public final F64 queuedS;
    /** When it began to execute, seconds; NaN not yet. */
    public final F64 startS;
    /** When it ended, seconds; NaN not yet. */
    public final F64 finishS;
    /** Share of its work that is done, 0..1. */
    public final F64 doneFrac;
    /** Dynamic energy at the plug of the host. */
    public final F64 itKwh;
    /** Dynamic energy times PUE. */
    public final F64 dynamicKwh;
    /** Share of the host's idle energy while it held cores, times PUE. */
    public final F64 idleKwh;
    /** Energy to move its data. */
    public final F64 transferKwh;
    /** Carbon of {@link #dynamicKwh}. */
    public final F64 dynamicG;
    /** Carbon of {@link #idleKwh}. */
    public final F64 idleG;
    /** Carbon of {@link #transferKwh}. */
    public final F64 transferG;
    /** Carbon of dynamic and idle energy at marginal intensity; NaN unknown. */
    public final F64 marginalG;
    /** Cost of dynamic and idle energy; NaN unknown. */
    public final F64 cost;
    /** How often it began to hold cores; more than once only if it was interrupted. */
    public final I32 attempts;
    /** When the first attempt began to execute; {@link #startS} is that of the last. */
    public final F64 firstStartS;
    private final MappedTable file;

    private JobLedger(MappedTable file) {
        this.file = file;
        Table t = file.table();
        state = t.i32("state");
        reason = t.i32("reason");
        dc = t.i32("dc");
        host = t.i32("host");
        decision = t.i64("decision");
        source = t.u8("source");
        placedS = t.f64("placed_s");
        queuedS = t.f64("queued_s");
        startS = t.f64("start_s");
        finishS = t.f64("finish_s");
        doneFrac = t.f64("done_frac");
        itKwh = t.f64("it_kwh");
        dynamicKwh = t.f64("dynamic_kwh");
        idleKwh = t.f64("idle_kwh");
        transferKwh = t.f64("transfer_kwh");
        dynamicG = t.f64("dynamic_g");
        idleG = t.f64("idle_g");
        transferG = t.f64("transfer_g");
        marginalG = t.f64("marginal_g");
        cost = t.f64("cost");
        attempts = t.i32("attempts");
        firstStartS = t.f64("first_start_s");
    }

    /**
     * Creates the file, all tasks absent.
     *
     * @throws IOException the disk is full or the folder cannot be written
     */
    public static JobLedger create(Path path, int tasks) throws IOException {
        StringBuilder meta = new StringBuilder("{\"reasons\":[");
        for (int i = 0; i < REASONS.length; i++) {
            meta.append(i == 0 ? "\"" : ",\"").append(REASONS[i]).append('"');
        }
        return new JobLedger(MappedTable.create(path, "jobs", meta.append("]}").toString(), "jobs", tasks, COLUMNS));
    }

    /** All columns, to be copied. */
    public Table table() {
        return file.table();
    }

    /** Releases the file; what was set stays. */
    public void close() {
        file.close();
    }
}
