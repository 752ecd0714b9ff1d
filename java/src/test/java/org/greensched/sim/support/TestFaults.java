package org.greensched.sim.support;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.greensched.sim.columns.FrameLog;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.runfolder.FaultSchedule;

/** What breaks in a {@link TestWorld}, and the rules for what it interrupts. */
public final class TestFaults {
    private final List<long[]> rows = new ArrayList<>();
    private boolean capped;
    private String failedPower = "idle";
    private String interrupted = "requeue";
    private int maxAttempts;
    private String checkpoint = "null";

    /** A host fails from {@code startS} to {@code endS}. */
    public TestFaults host(int dc, int host, double startS, double endS) {
        return add(startS, endS, FaultSchedule.HOST, dc, host, 1);
    }

    public TestFaults outage(int dc, double startS, double endS) {
        return add(startS, endS, FaultSchedule.DATACENTER, dc, 0, 0);
    }

    public TestFaults blind(int dc, double startS, double endS) {
        return add(startS, endS, FaultSchedule.SIGNAL, dc, 0, 0);
    }

    /** Hosts are withdrawn, for good if {@code endS} is infinite. */
    public TestFaults withdrawn(int dc, int first, int count, double startS, double endS) {
        return add(startS, endS, FaultSchedule.WITHDRAWN, dc, first, count);
    }

    public TestFaults capped(int dc, double capFrac, double startS, double endS) {
        capped = true;
        return add(startS, endS, FaultSchedule.CAPPED, dc, 0, 0, capFrac);
    }

    /** Any row, possible or not. */
    public TestFaults add(double startS, double endS, int kind, int dc, int first, int count) {
        return add(startS, endS, kind, dc, first, count, Double.NaN);
    }

    private TestFaults add(double startS, double endS, int kind, int dc, int first, int count, double capFrac) {
        rows.add(new long[] {
            Math.round(startS * 1e6), endS == Double.POSITIVE_INFINITY ? Long.MAX_VALUE : Math.round(endS * 1e6), kind, dc, first,
            count, Double.doubleToLongBits(capFrac)
        });
        return this;
    }

    public TestFaults failedPower(String value) {
        failedPower = value;
        return this;
    }

    public TestFaults interrupted(String value) {
        interrupted = value;
        return this;
    }

    public TestFaults maxAttempts(int value) {
        maxAttempts = value;
        return this;
    }

    public TestFaults checkpoint(double intervalS, double writeS, double restartS) {
        checkpoint = "{\"interval_s\":" + intervalS + ",\"write_s\":" + writeS + ",\"restart_s\":" + restartS + "}";
        return this;
    }

    String json() {
        return "\"faults\":{\"failed_power\":\"" + failedPower + "\",\"interrupted\":\"" + interrupted + "\",\"max_attempts\":"
                + maxAttempts + "},\"checkpoint\":" + checkpoint + ",";
    }

    void write(Path input) throws IOException {
        rows.sort(Comparator.comparingLong(row -> row[0]));
        FrameWriter w = new FrameWriter();
        w.begin("faults").table("faults", rows.size()).i64("start_us", column(0)).i64("end_us", column(1));
        String[] names = {"kind", "dc", "first", "count"};
        for (int c = 0; c < names.length; c++) {
            int at = c + 2;
            w.i32(names[c], rows.stream().mapToInt(row -> (int) row[at]).toArray());
        }
        if (capped) {
            w.f64("cap_frac", rows.stream().mapToDouble(row -> Double.longBitsToDouble(row[6])).toArray());
        }
        try (FrameLog log = FrameLog.create(input.resolve("faults.gsf"))) {
            log.append(w);
        }
    }

    private long[] column(int c) {
        return rows.stream().mapToLong(row -> row[c]).toArray();
    }
}
