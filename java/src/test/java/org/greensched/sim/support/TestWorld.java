package org.greensched.sim.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import org.greensched.sim.World;
import org.greensched.sim.columns.ColumnType;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.placement.PlacementDecider;

/** Builds a run folder by hand, straight in the format of bridge/PROTOCOL.md, and runs it with the invariants watched. */
public final class TestWorld {
    private final List<TestSite> sites = new ArrayList<>();
    private final List<TestTask> tasks = new ArrayList<>();
    private final List<long[]> edges = new ArrayList<>();
    private final List<double[]> issues = new ArrayList<>();
    private final List<Advisory> advisories = new ArrayList<>();
    private double horizonS = 7200;
    private double drainS = 48 * 3600;
    private double slotS = 300;
    private double stepS = 300;
    private String end = "";
    private String execution = "exact";
    private String mode = "slots";
    private String onFailure = "abort";
    private boolean privileged;
    private long seed = 1;
    private double timeSigma;
    private double powerSigma;
    private double kwhPerGb;
    private double rttMs;
    private double gbps = 10;
    private TestFaults faults = new TestFaults();
    private TestTruth truth = new TestTruth();

    public TestWorld site(TestSite site) {
        sites.add(site);
        return this;
    }

    /** Number of datacenters so far. */
    public int siteCount() {
        return sites.size();
    }

    public TestWorld tasks(TestTask... more) {
        tasks.addAll(List.of(more));
        return this;
    }

    public TestWorld tasks(List<TestTask> more) {
        tasks.addAll(more);
        return this;
    }

    /** Task numbers are those after sorting by arrival. */
    public TestWorld edge(long task, long successor) {
        edges.add(new long[] {task, successor});
        return this;
    }

    /** A forecast of intensity: issued, about which datacenter, one value. */
    public TestWorld issue(double issueS, int datacenter, double value) {
        issues.add(new double[] {issueS, datacenter, value});
        return this;
    }

    private record Advisory(double issueS, int dc, String text) {}

    /** What operators announce; in the order of issue. */
    public TestWorld advisory(double issueS, int dc, String text) {
        advisories.add(new Advisory(issueS, dc, text));
        return this;
    }

    public TestWorld hours(double horizon) {
        horizonS = horizon * 3600;
        return this;
    }

    public TestWorld drainS(double value) {
        drainS = value;
        return this;
    }

    public TestWorld slotS(double value) {
        slotS = value;
        return this;
    }

    /** Until horizon plus drain, whatever is left. */
    public TestWorld fixedEnd() {
        return end("fixed");
    }

    /** Any text as the end. */
    public TestWorld end(String value) {
        end = ",\"end\":\"" + value + "\"";
        return this;
    }

    /** Executed by CloudSim Plus's own classes. */
    public TestWorld cloudsim() {
        execution = "cloudsim";
        return this;
    }

    public TestWorld immediate() {
        mode = "immediate";
        return this;
    }

    public TestWorld fallback() {
        onFailure = "fallback";
        return this;
    }

    public TestWorld privileged() {
        privileged = true;
        return this;
    }

    public TestWorld seed(long value) {
        seed = value;
        return this;
    }

    public TestWorld noise(double time, double power) {
        timeSigma = time;
        powerSigma = power;
        return this;
    }

    public TestWorld network(double kwhPerGigabyte, double roundTripMs, double gigabits) {
        kwhPerGb = kwhPerGigabyte;
        rttMs = roundTripMs;
        gbps = gigabits;
        return this;
    }

    public TestWorld truth(TestTruth value) {
        truth = value;
        return this;
    }

    public TestWorld faults(TestFaults value) {
        faults = value;
        return this;
    }

    /** Writes the folder. */
    public Path write(Path folder) throws IOException {
        Path input = Files.createDirectories(folder.resolve("input"));
        tasks.sort(Comparator.comparingDouble(t -> t.arrivalS));
        Files.writeString(input.resolve("run.json"), runJson());
        writeTasks(input);
        writeHidden(input);
        writeSignals(input);
        writeForecasts(input);
        faults.write(input);
        if (!advisories.isEmpty()) {
            writeAdvisories(input);
        }
        return folder;
    }

    /** Writes the folder and runs it; what an earlier run left in it is removed first, since no run is overwritten. */
    public RunResult run(Path folder, PlacementDecider decider) throws IOException {
        System.setProperty("greensched.check", "true");
        if (Files.exists(folder.resolve("world"))) {
            TestFolders.delete(folder.resolve("world"));
        }
        return new RunResult(folder, World.run(write(folder), decider));
    }

    private String runJson() {
        int n = sites.size();
        List<String> centres = new ArrayList<>();
        List<String> origins = new ArrayList<>();
        List<String> rtt = new ArrayList<>();
        List<String> bandwidth = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            centres.add(sites.get(i).json(i));
            origins.add("{\"region\":\"r" + i + "\",\"home\":" + i + "}");
            rtt.add(java.util.Collections.nCopies(n, rttMs).toString());
            bandwidth.add(java.util.Collections.nCopies(n, gbps).toString());
        }
        return "{\"format\":1,\"run_id\":\"test\",\"scenario\":\"test\",\"start_utc\":\"2022-01-01T00:00:00Z\",\"horizon_us\":"
                + us(horizonS) + ",\"drain_us\":" + us(drainS) + ",\"slot_us\":" + us(slotS) + end + ",\"execution\":\"" + execution + "\",\"mode\":\"" + mode
                + "\",\"seed\":" + seed + ",\"privileged\":" + privileged + ",\"on_mind_failure\":\"" + onFailure
                + "\",\"mind\":{\"start_timeout_s\":10,\"decide_timeout_s\":10},\"noise\":{\"time_sigma_frac\":" + timeSigma
                + ",\"power_sigma_frac\":" + powerSigma + "},\"work_classes\":[\"a\",\"b\"],\"gpu_types\":[\"g0\",\"g1\"],"
                + "\"network\":{\"kwh_per_gb\":" + kwhPerGb + ",\"rtt_ms\":" + rtt + ",\"gbps\":" + bandwidth
                + "}," + faults.json() + "\"origins\":" + origins + ",\"datacenters\":" + centres + ",\"policy\":{\"name\":\"test\"}}";
    }

    private static long us(double seconds) {
        return Math.round(seconds * 1e6);
    }

    private void writeTasks(Path input) throws IOException {
        FrameWriter w = new FrameWriter();
        w.begin("tasks").meta("labels_synthetic", true).meta("deadline_rule", "given").meta("source", "test");
        w.table("tasks", tasks.size());
        w.open("job", ColumnType.I64);
        for (int i = 0; i < tasks.size(); i++) {
            w.putI64(i);
        }
        i32(w, "index", t -> 0);
        i64(w, "arrival_us", t -> us(t.arrivalS));
        i64(w, "deadline_us", TestTask::deadlineUs);
        f64(w, "cores", t -> t.cores);
        f64(w, "gpus", t -> t.gpus);
        i32(w, "gpu_type", t -> t.gpuType);
        f64(w, "mem_gb", t -> t.memGb);
        f64(w, "data_gb", t -> t.dataGb);
        i32(w, "origin", t -> t.origin);
        i32(w, "priority", t -> t.priority);
        f64(w, "expected_s", t -> t.workS);
        for (String column : List.of("name", "labels", "user")) {
            w.open(column, ColumnType.STR);
            tasks.forEach(t -> w.putStr(column.equals("labels") && t.vm != null ? "kind=vm;mips=" + t.vm[0] : column));
        }
        if (tasks.stream().anyMatch(t -> !t.description.isEmpty())) {
            w.open("description", ColumnType.STR);
            tasks.forEach(t -> w.putStr(t.description));
        }
        if (!edges.isEmpty()) {
            w.table("edges", edges.size());
            w.i64("task", edges.stream().mapToLong(e -> e[0]).toArray());
            w.i64("successor", edges.stream().mapToLong(e -> e[1]).toArray());
        }
        TestFolders.save(w, input.resolve("tasks.gsf"));
    }

    private void writeHidden(Path input) throws IOException {
        FrameWriter w = new FrameWriter();
        w.begin("hidden").table("hidden", tasks.size());
        f64(w, "work_s", t -> t.workS);
        i32(w, "work_class", t -> t.workClass);
        f64(w, "cpu_util_frac", t -> t.cpuUtil);
        f64(w, "gpu_util_frac", t -> t.gpuUtil);
        f64(w, "interference", t -> t.interference);
        TestTruth.columns(w, tasks);
        List<double[]> rows = new ArrayList<>();
        for (int t = 0; t < tasks.size(); t++) {
            for (double[] phase : tasks.get(t).phases) {
                rows.add(new double[] {t, phase[0], phase[1], phase[2]});
            }
        }
        if (!rows.isEmpty()) {
            w.table("phases", rows.size());
            w.i64("task", rows.stream().mapToLong(r -> (long) r[0]).toArray());
            w.f64("work_frac", rows.stream().mapToDouble(r -> r[1]).toArray());
            w.f64("cpu_util_frac", rows.stream().mapToDouble(r -> r[2]).toArray());
            w.f64("gpu_util_frac", rows.stream().mapToDouble(r -> r[3]).toArray());
        }
        truth.write(w);
        TestVms.write(w, tasks);
        TestFolders.save(w, input.resolve("hidden.gsf"));
    }

    private void writeSignals(Path input) throws IOException {
        int steps = (int) Math.ceil((horizonS + drainS) / stepS);
        FrameWriter w = new FrameWriter();
        w.begin("signals").meta("step_us", us(stepS)).metaJson("labels", "{}").table("signals", steps);
        for (int d = 0; d < sites.size(); d++) {
            w.f64(d + ".carbon_gpkwh", hourly(sites.get(d).carbonGpkwh, steps));
            for (var signal : sites.get(d).signals.entrySet()) {
                w.f64(d + "." + signal.getKey(), hourly(signal.getValue(), steps));
            }
        }
        TestFolders.save(w, input.resolve("signals.gsf"));
    }

    private double[] hourly(double[] values, int steps) {
        double[] all = new double[steps];
        for (int k = 0; k < steps; k++) {
            all[k] = values[(int) Math.min(values.length - 1, Math.floor(k * stepS / 3600))];
        }
        return all;
    }

    private void writeForecasts(Path input) throws IOException {
        FrameWriter w = new FrameWriter();
        int n = issues.size();
        w.begin("forecasts").meta("kinds", new String[] {"carbon_gpkwh"}).meta("synthetic", true).meta("model", "test");
        w.table("issues", n);
        long[] offset = new long[n];
        long[] step = new long[n];
        int[] count = new int[n];
        for (int i = 0; i < n; i++) {
            offset[i] = i;
            step[i] = 3_600_000_000L;
            count[i] = 1;
        }
        long[] issueUs = issues.stream().mapToLong(x -> us(x[0])).toArray();
        w.i64("issue_us", issueUs).i32("datacenter", issues.stream().mapToInt(x -> (int) x[1]).toArray());
        w.i32("kind", new int[n]).i64("first_us", issueUs).i64("step_us", step).i64("offset", offset).i32("count", count);
        w.table("values", n).f64("value", issues.stream().mapToDouble(x -> x[2]).toArray());
        TestFolders.save(w, input.resolve("forecasts.gsf"));
    }

    private void writeAdvisories(Path input) throws IOException {
        FrameWriter w = new FrameWriter();
        w.begin("advisories").table("advisories", advisories.size())
                .i64("issue_us", advisories.stream().mapToLong(a -> us(a.issueS)).toArray())
                .i32("dc", advisories.stream().mapToInt(Advisory::dc).toArray())
                .str("text", advisories.stream().map(Advisory::text).toArray(String[]::new));
        TestFolders.save(w, input.resolve("advisories.gsf"));
    }

    private void i64(FrameWriter w, String name, ToLongFunction<TestTask> value) {
        w.i64(name, tasks.stream().mapToLong(value).toArray());
    }

    private void i32(FrameWriter w, String name, ToIntFunction<TestTask> value) {
        w.i32(name, tasks.stream().mapToInt(value).toArray());
    }

    private void f64(FrameWriter w, String name, ToDoubleFunction<TestTask> value) {
        w.f64(name, tasks.stream().mapToDouble(value).toArray());
    }
}
