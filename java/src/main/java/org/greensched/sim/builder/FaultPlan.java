package org.greensched.sim.builder;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.runfolder.FaultSchedule;

/**
 * What breaks in a run that is built, and what becomes of the tasks that it interrupts: unless said otherwise they are decided
 * again, as often as it takes, and begin anew; a failed host draws its idle power. Faults may overlap. Also what operators do:
 * hosts that are withdrawn and cores that are capped interrupt nothing.
 */
public final class FaultPlan {
    private record Row(String site, long startUs, long endUs, int kind, int first, int count, double capFrac) {}

    private final List<Row> rows = new ArrayList<>();
    private boolean off;
    private boolean fail;
    private int maxAttempts;
    private JsonObject checkpoint;

    /**
     * Hosts fail from {@code startS} to {@code endS} (seconds; infinite: they are never repaired).
     *
     * @param first the first of {@code count} hosts of the site, in the order in which they were added, from 0 on
     */
    public FaultPlan hosts(String site, int first, int count, double startS, double endS) {
        Check.count("first host that fails", first, 0, Integer.MAX_VALUE - count);
        Check.count("number of hosts that fail", count, 1, Integer.MAX_VALUE);
        return add(site, FaultSchedule.HOST, first, count, startS, endS);
    }

    /** The whole site is without power from {@code startS} to {@code endS}, seconds. */
    public FaultPlan outage(String site, double startS, double endS) {
        return add(site, FaultSchedule.DATACENTER, 0, 0, startS, endS);
    }

    /** Nobody can see the grid of the site from {@code startS} to {@code endS}, seconds. */
    public FaultPlan signalLoss(String site, double startS, double endS) {
        return add(site, FaultSchedule.SIGNAL, 0, 0, startS, endS);
    }

    /**
     * No task starts on the hosts from {@code startS} to {@code endS} (seconds; infinite: they are gone for good); what runs goes
     * on, and an empty one is switched off.
     *
     * @param first as in {@link #hosts}
     */
    public FaultPlan withdrawn(String site, int first, int count, double startS, double endS) {
        Check.count("first host that is withdrawn", first, 0, Integer.MAX_VALUE - count);
        Check.count("number of hosts that are withdrawn", count, 1, Integer.MAX_VALUE);
        return add(site, FaultSchedule.WITHDRAWN, first, count, startS, endS);
    }

    /** New tasks start only while at most {@code capFrac} of the site's cores in service are in use. */
    public FaultPlan capped(String site, double capFrac, double startS, double endS) {
        Check.number("share of the cores that may be in use", capFrac, 0, 1);
        return add(site, FaultSchedule.CAPPED, 0, 0, startS, endS, capFrac);
    }

    private FaultPlan add(String site, int kind, int first, int count, double startS, double endS) {
        return add(site, kind, first, count, startS, endS, Double.NaN);
    }

    private FaultPlan add(String site, int kind, int first, int count, double startS, double endS, double capFrac) {
        long startUs = Check.us("start of a fault in s", startS, 0);
        boolean forEver = endS == Double.POSITIVE_INFINITY;
        long endUs = forEver ? Long.MAX_VALUE : Check.us("end of a fault in s", endS, startS + 1e-6);
        rows.add(new Row(site, startUs, endUs, kind, first, count, capFrac));
        return this;
    }

    /** A failed host draws nothing. */
    public FaultPlan failedHostsAreOff() {
        off = true;
        return this;
    }

    /** An interrupted task has failed. */
    public FaultPlan interruptedTasksFail() {
        fail = true;
        return this;
    }

    /** A task that was started so often has failed when it is interrupted again. */
    public FaultPlan maxAttempts(int value) {
        maxAttempts = Check.count("number of attempts", value, 1, Integer.MAX_VALUE);
        return this;
    }

    /**
     * Interrupted tasks go on from their last checkpoint.
     *
     * @param everyS seconds of execution between two checkpoints
     * @param writeS seconds that writing one takes, spread evenly over the execution
     * @param restartS seconds that every attempt after the first takes before it goes on
     */
    public FaultPlan checkpoint(double everyS, double writeS, double restartS) {
        checkpoint = new JsonObject();
        checkpoint.addProperty("interval_s", Check.number("time between checkpoints in s", everyS, 1e-6, Check.MOST_S));
        checkpoint.addProperty("write_s", Check.number("time to write a checkpoint in s", writeS, 0, Check.MOST_S));
        checkpoint.addProperty("restart_s", Check.number("time to restart in s", restartS, 0, Check.MOST_S));
        return this;
    }

    void addTo(JsonObject json) {
        JsonObject faults = new JsonObject();
        faults.addProperty("failed_power", off ? "off" : "idle");
        faults.addProperty("interrupted", fail ? "fail" : "requeue");
        faults.addProperty("max_attempts", maxAttempts);
        json.add("faults", faults);
        json.add("checkpoint", checkpoint == null ? JsonNull.INSTANCE : checkpoint);
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    /** Whether nobody can see the grid of a site at an instant, so that no forecast about it is issued. */
    boolean isBlind(String site, long atUs) {
        return rows.stream().anyMatch(row -> row.kind == FaultSchedule.SIGNAL && row.site.equals(site) && row.startUs <= atUs
                && atUs < row.endUs);
    }

    /**
     * Writes the frame of faults.gsf.
     *
     * @throws IllegalArgumentException a site or host that does not exist
     */
    void write(FrameWriter writer, List<Site> sites) {
        List<String> names = sites.stream().map(site -> site.name).toList();
        for (Row row : rows) {
            if (!names.contains(row.site)) {
                throw new IllegalArgumentException("a fault: site " + row.site + " is unknown; expected one of " + names);
            }
            int hosts = sites.get(names.indexOf(row.site)).hosts.stream().mapToInt(group -> group.count).sum();
            if (row.first + (long) row.count > hosts) {
                throw new IllegalArgumentException("a fault: hosts " + row.first + " to " + (row.first + row.count - 1)
                        + " of site " + row.site + ", which has " + hosts + " (0 to " + (hosts - 1) + ")");
            }
        }
        List<Row> sorted = rows.stream().sorted(Comparator.comparingLong(Row::startUs)).toList();
        writer.begin("faults").table("faults", sorted.size())
                .i64("start_us", sorted.stream().mapToLong(Row::startUs).toArray())
                .i64("end_us", sorted.stream().mapToLong(Row::endUs).toArray())
                .i32("kind", sorted.stream().mapToInt(Row::kind).toArray())
                .i32("dc", sorted.stream().mapToInt(row -> names.indexOf(row.site)).toArray())
                .i32("first", sorted.stream().mapToInt(Row::first).toArray())
                .i32("count", sorted.stream().mapToInt(Row::count).toArray());
        if (sorted.stream().anyMatch(row -> row.kind == FaultSchedule.CAPPED)) {
            writer.f64("cap_frac", sorted.stream().mapToDouble(Row::capFrac).toArray());
        }
    }
}
