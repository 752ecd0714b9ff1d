package org.greensched.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.greensched.bridge.ObservationEncoder.PlacementNeeds;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.FrameLog;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.placement.DatacenterView;
import org.greensched.sim.placement.Observation;
import org.greensched.sim.runfolder.Advisories;
import org.greensched.sim.runfolder.Forecasts;
import org.greensched.sim.runfolder.HiddenTruth;
import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.TaskStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The world's encoder must write the golden observation to the byte: the Python encoder made it. */
class ObservationEncoderTest {
    private static final double NAN = Double.NaN;
    private static final int TASKS = 13;

    @TempDir
    Path folder;

    private Observation observation;

    @BeforeEach
    void observation() throws IOException {
        observation = new Observation();
        observation.seq = 7;
        observation.tUs = 600_000_000;
        observation.ack = 5;
        observation.tasks = TaskStore.map(tasks(), config());
        observation.forecasts = Forecasts.map(forecasts(), 2);
        observation.firstIssue = 1;
        observation.endIssue = 3;
        observation.advisories = Advisories.map(advisories(), 2);
        observation.firstAdvisory = 1;
        observation.endAdvisory = 3;
        observation.jobs = jobs();
        observation.datacenters = datacenters();
        for (long task : new long[] {11, 12}) {
            observation.newTasks.add(task);
        }
        for (long task : new long[] {11, 12, 9}) {
            observation.ask.add(task);
        }
        state(3, 5, 301_250_000, 0);
        state(4, 7, 580_000_001, 1);
        state(9, 1, 590_000_000, -1);
        observation.progressTask.add(3);
        observation.progressTask.add(5);
        observation.progressFrac = new double[] {0.125, 0.75, 0.5};
        observation.reports.add(4);
        observation.reports.add(6);
        observation.refusedDecision.add(5L * (1 << 24) + 1);
        observation.refusedTask.add(8);
        observation.refusedCode.add(5);
    }

    @Test
    void writesTheGoldenObservationByteForByte() throws IOException {
        assertSameText("observe", encode("observe", new PlacementNeeds(true, true)));
    }

    @Test
    void descriptionsCrossWhereThereAreAny() throws IOException {
        observation.tasks = TaskStore.map(tasks("", "Fine-tunes the encoder; reprend à 60 % 🚀"), config());
        assertEquals("another", observation.tasks.description(3));
        assertSameText("observe-described", encode("observe", new PlacementNeeds(true, true)));
    }

    /** A file of the run folder that Python wrote, with everything optional in it. */
    @Test
    void theWorldReadsTheGoldenHiddenTruth() throws IOException {
        HiddenTruth truth = HiddenTruth.map(Path.of("..", "golden", "hidden.gsf"), config(), 2);
        assertEquals(-1, truth.profile(0));
        assertEquals(1, truth.profile(1));
        assertEquals(1 + 0.75 * Math.pow(0.5, 2.5), truth.slowdown(1, 0.5));
        assertEquals(0.0125, truth.heat(1));
        assertEquals(0, truth.hosts().kind(1, 0));
        assertEquals(1, truth.hosts().kind(1, 1));
        assertEquals(8, truth.hosts().speed(1, 1));
        assertEquals(1.25, truth.hosts().cpuScale(1, 0));
        assertEquals(1.5, truth.hosts().gpuScale(1, 1));
        assertFalse(truth.hosts().throttles(0));
        assertEquals(32.5, truth.hosts().throttleC(1));
    }

    @Test
    void leavesOutWhatIsNotNeededAndWhatIsEmpty() throws IOException {
        Frame bare = Frame.wrap(encode("observe", new PlacementNeeds(false, false)), "message");
        assertFalse(bare.table("issues").has("issue_us"));
        assertFalse(bare.table("progress").has("task"));
        observation.newTasks.clear();
        observation.ask.clear();
        observation.stateTask.clear();
        observation.refusedDecision.clear();
        observation.firstAdvisory = 3;
        observation.seq = 8;
        observation.tUs = 86_400_000_000L;
        observation.ack = 7;
        assertSameText("finish", encode("finish", new PlacementNeeds(false, false)));
    }

    @Test
    void aReusedEncoderForgetsTheObservationBefore() throws IOException {
        FrameWriter writer = new FrameWriter();
        ObservationEncoder encoder = new ObservationEncoder(writer, new PlacementNeeds(true, true));
        encoder.encode("observe", observation);
        encoder.encode("observe", observation);
        assertEquals(GoldenTest.golden("observe"), written(writer));
    }

    private ByteBuffer encode(String kind, PlacementNeeds needs) {
        FrameWriter writer = new FrameWriter();
        new ObservationEncoder(writer, needs).encode(kind, observation);
        return written(writer);
    }

    private static ByteBuffer written(FrameWriter writer) {
        ByteBuffer bytes = ByteBuffer.allocate((int) writer.length());
        writer.writeTo(bytes);
        return bytes.flip();
    }

    private static void assertSameText(String golden, ByteBuffer bytes) throws IOException {
        // the text first: its difference can be read, that of the bytes cannot
        String expected = StandardCharsets.ISO_8859_1.decode(GoldenTest.golden(golden)).toString();
        assertEquals(expected.substring(24), StandardCharsets.ISO_8859_1.decode(bytes.duplicate()).toString().substring(24));
        assertTrue(GoldenTest.golden(golden).equals(bytes));
    }

    private void state(long task, int code, long tUs, int dc) {
        observation.stateTask.add(task);
        observation.stateCode.add(code);
        observation.stateUs.add(tUs);
        observation.stateDc.add(dc);
    }

    private RunConfig config() throws IOException {
        JsonObject run = Frame.wrap(GoldenTest.golden("start"), "start").meta().deepCopy();
        JsonObject more = JsonParser.parseString("""
                {"format": 1, "drain_us": 0, "on_mind_failure": "fallback",
                 "mind": {"start_timeout_s": 60.0, "decide_timeout_s": 10.0},
                 "noise": {"time_sigma_frac": 0.0, "power_sigma_frac": 0.0}}""").getAsJsonObject();
        more.entrySet().forEach(entry -> run.add(entry.getKey(), entry.getValue()));
        return RunConfig.read(Files.writeString(folder.resolve("run.json"), run.toString()));
    }

    private static double[] doubles(double value, double eleventh, double twelfth) {
        double[] column = new double[TASKS];
        Arrays.fill(column, value);
        column[11] = eleventh;
        column[12] = twelfth;
        return column;
    }

    private static int[] ints(int value, int eleventh, int twelfth) {
        int[] column = new int[TASKS];
        Arrays.fill(column, value);
        column[11] = eleventh;
        column[12] = twelfth;
        return column;
    }

    private static long[] longs(long value, long eleventh, long twelfth) {
        long[] column = new long[TASKS];
        Arrays.fill(column, value);
        column[11] = eleventh;
        column[12] = twelfth;
        return column;
    }

    private static String[] texts(String eleventh, String twelfth) {
        String[] column = new String[TASKS];
        Arrays.fill(column, "another");
        column[11] = eleventh;
        column[12] = twelfth;
        return column;
    }

    private Path save(String name, FrameWriter writer) throws IOException {
        try (FrameLog file = FrameLog.create(folder.resolve(name))) {
            file.append(writer);
        }
        return folder.resolve(name);
    }

    /** @param descriptions of the eleventh and the twelfth; none: no column */
    private Path tasks(String... descriptions) throws IOException {
        FrameWriter w = new FrameWriter();
        w.begin("tasks").table("tasks", TASKS).i64("job", longs(0, 10, 11)).i32("index", ints(0, 0, 0))
                .i64("arrival_us", longs(0, 301_000_000, 599_999_999))
                .i64("deadline_us", longs(Long.MAX_VALUE, 4_201_000_000L, Long.MAX_VALUE)).f64("cores", doubles(1, 2, 0.5))
                .f64("gpus", doubles(0, 0, 0.25)).i32("gpu_type", ints(-1, -1, 0)).f64("mem_gb", doubles(1, 4, 16))
                .f64("data_gb", doubles(0, 0, 1.5)).i32("origin", ints(0, 0, 0)).i32("priority", ints(0, 0, 2))
                .f64("expected_s", doubles(60, 1800, NAN)).str("name", texts("render", "entraînement 🚀"))
                .str("labels", texts("", "kind=train;team=é")).str("user", texts("u1", ""));
        if (descriptions.length > 0) {
            w.str("description", texts(descriptions[0], descriptions[1]));
        }
        return save("tasks" + descriptions.length + ".gsf", w);
    }

    private Path forecasts() throws IOException {
        FrameWriter w = new FrameWriter();
        w.begin("forecasts").meta("kinds", new String[] {"carbon_gpkwh"}).table("issues", 4)
                .i64("issue_us", new long[] {0, 600_000_000, 600_000_000, 900_000_000}).i32("datacenter", new int[] {0, 0, 1, 1})
                .i32("kind", new int[4]).i64("first_us", new long[] {0, 600_000_000, 0, 0})
                .i64("step_us", new long[] {3_600_000_000L, 3_600_000_000L, 3_600_000_000L, 3_600_000_000L})
                .i64("offset", new long[] {0, 1, 4, 6}).i32("count", new int[] {1, 3, 2, 1});
        w.table("values", 7).f64("value", new double[] {99, 400, 390.5, NAN, 30, 32, 77});
        return save("forecasts.gsf", w);
    }

    private Path advisories() throws IOException {
        FrameWriter w = new FrameWriter();
        w.begin("advisories").table("advisories", 4).i64("issue_us", new long[] {0, 0, 599_999_999, 600_000_001})
                .i32("dc", new int[] {0, 1, 0, 1}).str("text", new String[] {
                    "told before", "maintenance in ca: 3 of 5 hosts leave tonight", "Hitzewelle in Frankfurt, +9 °C", "not yet"
                });
        return save("advisories.gsf", w);
    }

    private JobLedger jobs() throws IOException {
        JobLedger jobs = JobLedger.create(folder.resolve("jobs.gsf"), TASKS);
        jobs.decision.set(4, 3L << 24);
        jobs.state.set(4, 7);
        jobs.dc.set(4, 1);
        jobs.placedS.set(4, 300);
        jobs.queuedS.set(4, 301.25);
        jobs.startS.set(4, 301.25);
        jobs.finishS.set(4, 580.000001);
        jobs.itKwh.set(4, 0.01);
        jobs.dynamicKwh.set(4, 0.0115);
        jobs.idleKwh.set(4, 0.002);
        jobs.transferKwh.set(4, 0.0015);
        jobs.dynamicG.set(4, 0.36);
        jobs.idleG.set(4, 0.063);
        jobs.transferG.set(4, 0.05);
        jobs.cost.set(4, 0.00108);
        jobs.attempts.set(4, 1);
        jobs.doneFrac.set(9, 0.25);
        jobs.state.set(6, 9);
        jobs.cost.set(6, NAN);
        return jobs;
    }

    private static DatacenterView[] datacenters() {
        DatacenterView de = new DatacenterView();
        de.freeCores = 100.5;
        de.freeMemGb = 400;
        de.maxFreeCores = 32;
        de.running = 3;
        de.queued = 1;
        de.queuedCores = 2;
        de.queuedGpus = 0.5;
        de.queuedMemGb = 8;
        de.usedCores = 27.5;
        de.utilisationFrac = 0.23871527777777778;
        de.itW = 812.5;
        de.pue = 1.2;
        de.carbonGpkwh = 412.125;
        de.marginalGpkwh = NAN;
        de.windFrac = 0.25;
        de.renewableFrac = 0.5;
        de.pricePerKwh = NAN;
        de.temperatureC = NAN;
        de.failedCores = 32;
        DatacenterView ca = new DatacenterView();
        ca.freeCores = 160;
        ca.freeGpus = 3.5;
        ca.freeMemGb = 640.25;
        ca.maxFreeCores = 32;
        ca.maxFreeGpus = 3.5;
        ca.inbound = 1;
        ca.inboundCores = 4;
        ca.inboundGpus = 1;
        ca.inboundMemGb = 12;
        ca.itW = 600;
        ca.pue = 1.15;
        ca.carbonGpkwh = 31.5;
        ca.marginalGpkwh = NAN;
        ca.windFrac = NAN;
        ca.solarFrac = NAN;
        ca.renewableFrac = 0.9375;
        ca.pricePerKwh = 0.08;
        ca.temperatureC = 20;
        ca.down = 1;
        return new DatacenterView[] {de, ca};
    }
}
