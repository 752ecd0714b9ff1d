package org.greensched.sim.runfolder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.greensched.sim.columns.F64;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.I32;
import org.greensched.sim.columns.I64;
import org.greensched.sim.columns.Table;

/**
 * What breaks and when it is repaired, and what operators take out of service (faults.gsf, PROTOCOL.md §2.12): the world's
 * secret until it happens. All may overlap; what several have taken down is up again when the last of them is over.
 */
public final class FaultSchedule {
    /** Hosts fail. */
    public static final int HOST = 0;
    /** A whole datacenter is without power. */
    public static final int DATACENTER = 1;
    /** Nobody can see the grid of a datacenter. */
    public static final int SIGNAL = 2;
    /** Hosts are drained: what runs on them goes on, nothing new starts there. No failure. */
    public static final int WITHDRAWN = 3;
    /** Only a share of a datacenter's cores may be in use. No failure. */
    public static final int CAPPED = 4;
    private static final int KINDS = 5;

    /**
     * One fault.
     *
     * @param dc index of the datacenter
     * @param first first of {@code count} hosts; both 0 unless hosts fail or are withdrawn
     * @param capFrac share of the cores that may be in use; NaN unless they are capped
     */
    public record Fault(long startUs, long endUs, int kind, int dc, int first, int count, double capFrac) {
        /** Whether it is never over. */
        public boolean isForGood() {
            return endUs == Long.MAX_VALUE;
        }
    }

    /** A fault begins or is over. */
    public record Edge(long tUs, boolean begins, Fault fault) {}

    private final List<Edge> edges = new ArrayList<>();
    private final int[] counts = new int[KINDS];

    private FaultSchedule() {}

    /**
     * Reads and checks {@code faults.gsf}; no file, no faults.
     *
     * @throws BadInputException a fault that cannot be simulated, with its row
     * @throws IOException the file cannot be read
     */
    public static FaultSchedule read(Path file, RunConfig config) throws IOException {
        FaultSchedule schedule = new FaultSchedule();
        if (!Files.exists(file)) {
            return schedule;
        }
        Frame frame = Frame.map(file);
        if (!frame.kind().equals("faults")) {
            throw new BadInputException(file.toString(), "is a frame of kind " + frame.kind() + ", expected faults");
        }
        schedule.fill(frame.table("faults"), config, file.toString());
        return schedule;
    }

    private void fill(Table table, RunConfig config, String where) {
        I64 start = table.i64("start_us");
        I64 end = table.i64("end_us");
        I32 kind = table.i32("kind");
        I32 dc = table.i32("dc");
        I32 first = table.i32("first");
        I32 count = table.i32("count");
        F64 cap = table.has("cap_frac") ? table.f64("cap_frac") : null;
        for (int r = 0; r < table.rows(); r++) {
            Fault fault = new Fault(start.get(r), end.get(r), kind.get(r), dc.get(r), first.get(r), count.get(r),
                    cap == null ? Double.NaN : cap.get(r));
            if (!isPossible(fault, config)) {
                throw new BadInputException(where, "row " + r + ": a fault must begin at 0 or later, end after it begins, be of"
                        + " kind 0 to 4 and in a datacenter (and on hosts) that exist, and a cap must be a share of 0 to 1 (column"
                        + " cap_frac); got " + fault);
            }
            edges.add(new Edge(fault.startUs, true, fault));
            edges.add(new Edge(fault.endUs, false, fault));
            counts[fault.kind]++;
        }
        // what is over at an instant is over before anything begins
        edges.sort(Comparator.comparingLong(Edge::tUs).thenComparing(Edge::begins));
    }

    private static boolean isPossible(Fault fault, RunConfig config) {
        if (fault.startUs < 0 || fault.endUs <= fault.startUs || fault.kind < HOST || fault.kind >= KINDS || fault.dc < 0
                || fault.dc >= config.datacenters().size()) {
            return false;
        }
        if (fault.kind == CAPPED) {
            return fault.capFrac >= 0 && fault.capFrac <= 1;
        }
        int hosts = config.datacenters().get(fault.dc).hostCount();
        return fault.kind != HOST && fault.kind != WITHDRAWN || fault.first >= 0 && fault.count > 0 && fault.first + (long) fault.count <= hosts;
    }

    /** All beginnings and ends in the order in which they happen. */
    public List<Edge> edges() {
        return edges;
    }

    /** Number of faults of a kind. */
    public int count(int kind) {
        return counts[kind];
    }
}
