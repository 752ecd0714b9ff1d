package org.greensched.sim.runfolder;

import com.google.gson.JsonArray;
import java.io.IOException;
import java.nio.file.Path;
import org.greensched.sim.columns.F64;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.I32;
import org.greensched.sim.columns.I64;
import org.greensched.sim.columns.Table;

/** Forecasts with their issue time (forecasts.gsf, PROTOCOL.md §2.5), mapped; sorted by issue time. */
public final class Forecasts {
    private final int size;
    private final I64 issueUs;
    private final I32 datacenter;
    private final I32 kind;
    private final I64 firstUs;
    private final I64 stepUs;
    private final I64 offset;
    private final I32 count;
    private final F64 value;
    private final String[] kinds;

    private Forecasts(Frame frame, String where, int datacenters) {
        Table issues = frame.table("issues");
        size = Math.toIntExact(issues.rows());
        issueUs = issues.i64("issue_us");
        datacenter = issues.i32("datacenter");
        kind = issues.i32("kind");
        firstUs = issues.i64("first_us");
        stepUs = issues.i64("step_us");
        offset = issues.i64("offset");
        count = issues.i32("count");
        value = frame.table("values").f64("value");
        JsonArray names = frame.meta().getAsJsonArray("kinds");
        kinds = new String[names == null ? 0 : names.size()];
        for (int k = 0; k < kinds.length; k++) {
            kinds[k] = names.get(k).getAsString();
        }
        check(where, datacenters);
    }

    /**
     * Maps and checks {@code forecasts.gsf}.
     *
     * @throws BadInputException issues out of order or outside the table of values
     * @throws IOException the file cannot be read
     */
    public static Forecasts map(Path file, int datacenters) throws IOException {
        Frame frame = Frame.map(file);
        if (!frame.kind().equals("forecasts")) {
            throw new BadInputException(file.toString(), "is a frame of kind " + frame.kind() + ", expected forecasts");
        }
        return new Forecasts(frame, file.toString(), datacenters);
    }

    private void check(String where, int datacenters) {
        long before = Long.MIN_VALUE;
        for (int i = 0; i < size; i++) {
            boolean ok = issueUs.get(i) >= before && datacenter.get(i) >= 0 && datacenter.get(i) < datacenters
                    && kind.get(i) >= 0 && kind.get(i) < kinds.length && stepUs.get(i) > 0 && count.get(i) >= 0
                    && offset.get(i) >= 0 && offset.get(i) + count.get(i) <= value.size();
            if (!ok) {
                throw new BadInputException(where, "issue " + i + " is out of order, of an unknown datacenter or kind, or"
                        + " points outside the values");
            }
            before = issueUs.get(i);
        }
    }

    /** Number of issues. */
    public int size() {
        return size;
    }

    /** When it became known, microseconds since the start of the scenario. */
    public long issueUs(int issue) {
        return issueUs.get(issue);
    }

    /** Which datacenter it is about. */
    public int datacenter(int issue) {
        return datacenter.get(issue);
    }

    /** Index into {@link #kinds}. */
    public int kind(int issue) {
        return kind.get(issue);
    }

    /** Start of the first value's interval, microseconds since the start of the scenario. */
    public long firstUs(int issue) {
        return firstUs.get(issue);
    }

    /** Length of each value's interval, microseconds. */
    public long stepUs(int issue) {
        return stepUs.get(issue);
    }

    /** Row of the first value. */
    public long offset(int issue) {
        return offset.get(issue);
    }

    /** Number of values. */
    public int count(int issue) {
        return count.get(issue);
    }

    /** A row of the table of values. */
    public double value(long row) {
        return value.get(row);
    }

    /** Names of the signals that are forecast. */
    public String[] kinds() {
        return kinds.clone();
    }
}
