package org.greensched.sim.runfolder;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.greensched.sim.columns.ColumnType;
import org.greensched.sim.columns.FrameLog;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.util.IntList;
import org.greensched.sim.util.LongList;

/** What the world was told and what became of it (world/decisions.gsf, PROTOCOL.md §2.8): canonical, hashed, no wall time. */
public final class DecisionLog implements Closeable {
    private static final int HASHED_BYTES_PER_ROW = 5 * 8 + 4 * 4 + 1;

    private final String[] codes;
    private final FrameLog log;
    private final FrameWriter writer = new FrameWriter();
    private final BackgroundHash hash = new BackgroundHash();
    private final LongList decision = new LongList();
    private final LongList tUs = new LongList();
    private final LongList seq = new LongList();
    private final LongList task = new LongList();
    private final IntList action = new IntList();
    private final IntList dc = new IntList();
    private final LongList untilUs = new LongList();
    private final IntList source = new IntList();
    private final IntList status = new IntList();
    private final IntList code = new IntList();
    private final List<String> reason = new ArrayList<>();

    private DecisionLog(FrameLog log, String[] codes) {
        this.log = log;
        this.codes = codes.clone();
    }

    /** Creates the file; {@code codes} names the codes of {@link #add}. */
    public static DecisionLog create(Path file, String[] codes) throws IOException {
        return new DecisionLog(FrameLog.create(file), codes);
    }

    /** Adds row {@code r} of an answer. */
    public void add(long id, long nowUs, long seqNumber, Decisions answer, int r, int from, int refusal) {
        int where = answer.action()[r] == Decisions.PLACE ? answer.dc()[r] : -1;
        long until = answer.action()[r] == Decisions.DEFER ? answer.untilUs()[r] : 0;
        decision.add(id);
        tUs.add(nowUs);
        seq.add(seqNumber);
        task.add(answer.task()[r]);
        action.add(answer.action()[r]);
        dc.add(where);
        untilUs.add(until);
        source.add(from);
        status.add(answer.status()[r]);
        code.add(refusal);
        reason.add(answer.reason()[r]);
        hash.room(HASHED_BYTES_PER_ROW).putLong(id).putLong(nowUs).putLong(seqNumber).putLong(answer.task()[r])
                .putInt(answer.action()[r]).putInt(where).putLong(until).put((byte) from).putInt(answer.status()[r])
                .putInt(refusal);
    }

    /** Appends what was added since the last call as one frame. */
    public void flush() throws IOException {
        int rows = decision.size();
        if (rows == 0) {
            return;
        }
        writer.begin("decisions").meta("codes", codes).table("decisions", rows)
                .i64("decision", decision.raw()).i64("t_us", tUs.raw()).i64("seq", seq.raw()).i64("task", task.raw())
                .i32("action", action.raw()).i32("dc", dc.raw()).i64("until_us", untilUs.raw());
        writer.open("source", ColumnType.U8);
        for (int r = 0; r < rows; r++) {
            writer.putU8(source.get(r));
        }
        writer.i32("status", status.raw()).i32("code", code.raw()).open("reason", ColumnType.STR);
        for (String text : reason) {
            writer.putStr(text == null ? "" : text);
        }
        log.append(writer);
        for (LongList list : List.of(decision, tUs, seq, task, untilUs)) {
            list.clear();
        }
        for (IntList list : List.of(action, dc, source, status, code)) {
            list.clear();
        }
        reason.clear();
    }

    /** SHA-256 of all rows so far, hexadecimal. */
    public String sha256() {
        return HexFormat.of().formatHex(hash.value());
    }

    @Override
    public void close() throws IOException {
        try {
            flush();
            log.close();
        } finally {
            hash.close();
        }
    }
}
