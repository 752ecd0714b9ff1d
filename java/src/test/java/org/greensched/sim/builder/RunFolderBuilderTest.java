package org.greensched.sim.builder;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.greensched.sim.World;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.Table;
import org.greensched.sim.placement.LowestIntensityDecider;
import org.greensched.sim.runfolder.PueSpec;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Run folders made by Java code. */
class RunFolderBuilderTest {
    private static final String START = "2022-01-01T00:00:00Z";

    @TempDir
    private Path folder;

    private static World.Result run(Path folder) {
        RunConfig config = RunConfig.read(folder.resolve("input/run.json"));
        World.Result result = World.run(folder, new LowestIntensityDecider(config));
        assertEquals("completed", result.status(), result.reason());
        return result;
    }

    /** Two hours at 100 W idle; an hour's job on one of two cores adds 50 W; PUE 1.5; 300, then 100 g/kWh. */
    @Test
    void byHand() throws IOException {
        Path run = new RunFolderBuilder("hand", START, 3600).drainS(3600).slotS(3600).fixedEnd()
                .site(new Site("here").carbonGpkwh(3600, new double[] {300, 100}).pue(1.5).hosts(new Hosts("h", 1, 2)))
                .job(new Job("j", 0, 3600)).write(folder);
        JsonObject totals = run(run).json().getAsJsonObject("totals");
        assertEquals(1.5 * (0.15 + 0.1), totals.get("facility_kwh").getAsDouble(), 1e-12);
        assertEquals(1.5 * (0.15 * 300 + 0.1 * 100), totals.get("carbon_g").getAsDouble(), 1e-9);
    }

    /** The same scenario as TestWorld writes, which is apart: GPUs, sleep, phases, edges, data, noise, two PUEs. */
    @Test
    void asWrittenByHand() throws IOException {
        double[] price = {0.1, 0.2, 0.3};
        TestWorld old = new TestWorld().hours(3).drainS(7200).noise(0.1, 0.1).seed(7).network(0.02, 30, 5)
                .site(site(300, 200, 100, 400, 500).temperaturePue(1.1, 10, 0.02, 5, 15, 25).hosts(2, 4, 90, 120, 200)
                        .sleepers(1, 8, new double[] {100, 200}, 600, 5, 60, 150))
                .site(site(150).loadPue(200, 1.2).signal("price_per_kwh", price).gpuHosts(1, 8, 2, 0, 30, 300, 80, 240))
                .tasks(task(0, 1000).cores(2).from(0, 10).deadlineS(9000), task(60, 2000).gpus(1.5, 0, 0.8),
                        task(120, 500).phases(new double[] {0.4, 1, 0}, new double[] {0.6, 0.3, 0}).priority(3),
                        task(1800, 700).cores(8).workClass(1).interference(0.5).util(0.7).memGb(4))
                .edge(0, 2);
        Job first = new Job("a", 0, 1000).cores(2).from("dc0", 10).deadlineS(9000).expectedS(1000).memGb(1);
        Hosts[] groups = {new Hosts("h0", 2, 4).powerW(90, 120, 200), new Hosts("h1", 1, 8).sleep(600, 5, 60, 150),
            new Hosts("h2", 1, 8).gpus(2, "g0", 30, 300).powerW(80, 240)};
        for (Hosts group : groups) {
            group.memGb(1000).speed(1, 2);
        }
        double[] halfHours = {0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3};
        RunFolderBuilder made = new RunFolderBuilder("test", START, 10800).drainS(7200).noise(7, 0.1, 0.1)
                .network(0.02, 30, 5).workClasses("a", "b")
                .site(new Site("dc0").carbonGpkwh(3600, new double[] {300, 200, 100, 400, 500})
                        .hosts(groups[0]).hosts(groups[1])
                        .temperatureC(3600, new double[] {5, 15, 25, 25, 25})
                        .pue(new PueSpec.Temperature(1.1, 10, 0.02)))
                .site(new Site("dc1").carbonGpkwh(150).pue(new PueSpec.Load(200, 1.2)).hosts(groups[2])
                        .optionalSignal("price_per_kwh", 1800, halfHours))
                .job(first).job(new Job("b", 60, 2000).gpus(1.5, "g0", 0.8).expectedS(2000).memGb(1))
                .job(new Job("c", 120, 500).phase(0.4, 1, 0).phase(0.6, 0.3, 0).priority(3).expectedS(500).memGb(1)
                        .after(first))
                .job(new Job("d", 1800, 700).cores(8).workClass("b").interference(0.5).cpuUtilFrac(0.7).expectedS(700)
                        .memGb(4));
        JsonObject expected = run(old.write(folder.resolve("old"))).json();
        JsonObject got = run(made.write(folder.resolve("new"))).json();
        assertEquals(expected.get("tasks"), got.get("tasks"));
        assertEquals(expected.get("decision_log_sha256"), got.get("decision_log_sha256"));
        for (String total : List.of("it_kwh", "facility_kwh", "carbon_g", "attributed_g", "transfer_g", "idle_kwh")) {
            double value = expected.getAsJsonObject("totals").get(total).getAsDouble();
            assertEquals(value, got.getAsJsonObject("totals").get(total).getAsDouble(), 1e-12 * value, total);
            assertTrue(value > 0, total);
        }
    }

    @Test
    void descriptionsAreWrittenWhereThereAreAny() throws IOException {
        for (String text : List.of("", "Renders the film again, half size")) {
            Path run = new RunFolderBuilder("d", START, 3600)
                    .site(new Site("x").carbonGpkwh(1).hosts(new Hosts("h", 1, 1)))
                    .job(new Job("a", 0, 60)).job(new Job("b", 60, 60).description(text))
                    .write(folder.resolve("run" + text.length()));
            RunConfig config = RunConfig.read(run.resolve("input/run.json"));
            TaskStore tasks = TaskStore.map(run.resolve("input/tasks.gsf"), config);
            assertEquals(!text.isEmpty(), tasks.table().has("description"));
            assertEquals("", tasks.description(0));
            assertEquals(text, tasks.description(1));
        }
    }

    @Test
    void forecastsAreSortedByIssue() throws IOException {
        new RunFolderBuilder("f", START, 3600)
                .site(new Site("x").carbonGpkwh(1).hosts(new Hosts("h", 1, 1))
                        .carbonForecast(600, 300, new double[] {3, 4}).carbonForecast(0, 300, new double[] {1}))
                .site(new Site("y").carbonGpkwh(1).hosts(new Hosts("h", 1, 1)).carbonForecast(0, 900, new double[] {2}))
                .write(folder);
        Frame frame = Frame.map(folder.resolve("input/forecasts.gsf"));
        Table issues = frame.table("issues");
        assertArrayEquals(new long[] {0, 0, 600_000_000}, issues.i64("issue_us").toArray());
        assertArrayEquals(new double[] {1, 2, 3, 4}, frame.table("values").f64("value").toArray());
        assertArrayEquals(new long[] {0, 1, 2}, issues.i64("offset").toArray());
        assertEquals(1, issues.i32("datacenter").get(1));
        assertEquals(900_000_000, issues.i64("step_us").get(1));
    }

    /** OpenDC's case, from code; and a forecast that falls into a loss of signals is not issued. */
    @Test
    void faultsAreThoseOfTheWorld() throws IOException {
        Site site = new Site("x").carbonGpkwh(1).hosts(new Hosts("h", 1, 1).powerW(100, 200))
                .carbonForecast(0, 300, new double[] {1}).carbonForecast(600, 300, new double[] {2});
        new RunFolderBuilder("f", START, 1200).site(site).job(new Job("j", 0, 600).cpuUtilFrac(0.5))
                .faults(new FaultPlan().hosts("x", 0, 1, 300, 600).signalLoss("x", 500, 700)).write(folder);
        assertEquals(165_000, run(folder).json().getAsJsonObject("totals").get("it_kwh").getAsDouble() * 3.6e6, 0);
        assertEquals(1, Frame.map(folder.resolve("input/forecasts.gsf")).table("issues").rows());
        assertEquals("rw-------", PosixFilePermissions.toString(
                Files.getPosixFilePermissions(folder.resolve("input/faults.gsf"))), "deciders must not read what will break");
    }

    /** 600 s at 150 W, drained and off until 900 s, idle at 100 W until 1200 s. */
    @Test
    void hostsAreWithdrawnAndCoresCapped() throws IOException {
        Site site = new Site("x").carbonGpkwh(1).hosts(new Hosts("h", 1, 1).powerW(100, 200));
        new RunFolderBuilder("f", START, 1200).site(site).job(new Job("j", 0, 600).cpuUtilFrac(0.5))
                .faults(new FaultPlan().withdrawn("x", 0, 1, 300, 900).capped("x", 0.5, 100, 1100)).write(folder);
        assertEquals(120_000, run(folder).json().getAsJsonObject("totals").get("it_kwh").getAsDouble() * 3.6e6, 1e-9);
        refuses("share of the cores that may be in use", () -> new FaultPlan().capped("x", 1.1, 0, 1));
    }

    private static void refuses(String says, Executable code) {
        String message = assertThrows(IllegalArgumentException.class, code).getMessage();
        assertTrue(message.contains(says), message);
    }

    @Test
    void wrongValuesAreNamedAtOnce() {
        refuses("start must be a UTC instant", () -> new RunFolderBuilder("x", "2022-01-01", 3600));
        refuses("horizon in s must lie between", () -> new RunFolderBuilder("x", START, -1));
        refuses("hosts h: cores must lie between 1.0E-6 and 1000000.0 (got 0.0)", () -> new Hosts("h", 1, 0));
        refuses("hosts h: count", () -> new Hosts("h", 0, 1));
        refuses("hosts h: points of power", () -> new Hosts("h", 1, 1).powerW(100));
        refuses("hosts h: power in W", () -> new Hosts("h", 1, 1).powerW(100, Double.NaN));
        refuses("hosts h: full power of a GPU in W must lie between 50.0",
                () -> new Hosts("h", 1, 1).gpus(1, "g", 50, 40));
        refuses("site s: PUE must lie between 1.0 and 100.0 (got 0.9)", () -> new Site("s").pue(0.9));
        refuses("site s: carbon intensity", () -> new Site("s").carbonGpkwh(60, new double[] {1, Double.NaN}));
        refuses("site s: carbon_gpkwh: needs values", () -> new Site("s").carbonGpkwh(60, new double[0]));
        refuses("site s: signal wind is unknown", () -> new Site("s").optionalSignal("wind", 60, new double[] {1}));
        refuses("site s: wind_frac", () -> new Site("s").optionalSignal("wind_frac", 60, new double[] {2}));
        refuses("job j: run time in s", () -> new Job("j", 0, Double.POSITIVE_INFINITY));
        refuses("job j: deadline in s must lie between 10.0", () -> new Job("j", 10, 1).deadlineS(9));
        refuses("end of a fault in s must lie between 10", () -> new FaultPlan().outage("s", 10, 10));
        refuses("number of hosts that fail must lie between 1", () -> new FaultPlan().hosts("s", 0, 0, 1, 2));
        refuses("name of a job must not be empty", () -> new Job(" ", 0, 1));
    }

    private static Site whole(String name) {
        return new Site(name).carbonGpkwh(100).hosts(new Hosts("h", 1, 4));
    }

    private void refusedAndNothingWritten(String says, RunFolderBuilder run) throws IOException {
        refuses(says, () -> run.write(folder.resolve("new")));
        refuses(says, () -> run.write(folder));
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void whatDoesNotFitTogetherWritesNothing() throws IOException {
        refusedAndNothingWritten("the run has no site", new RunFolderBuilder("x", START, 3600));
        refusedAndNothingWritten("site a: has no hosts", new RunFolderBuilder("x", START, 3600).site(new Site("a")));
        refusedAndNothingWritten("site a: has no carbon intensity",
                new RunFolderBuilder("x", START, 3600).site(new Site("a").hosts(new Hosts("h", 1, 4))));
        refusedAndNothingWritten("site a: its PUE needs the temperature", new RunFolderBuilder("x", START, 3600)
                .site(whole("a").pue(new PueSpec.Temperature(1.1, 20, 0.01))));
        refusedAndNothingWritten(
                "site b: carbon_gpkwh ends at 7200.0 s, the run may last until horizon + drain = 90000.0 s",
                new RunFolderBuilder("x", START, 3600).site(whole("a"))
                        .site(whole("b").carbonGpkwh(3600, new double[] {1, 2})));
        refusedAndNothingWritten("job j: site moon is unknown; expected one of [a]",
                new RunFolderBuilder("x", START, 3600).site(whole("a")).job(new Job("j", 0, 1).from("moon", 1)));
        refusedAndNothingWritten("job j: type of GPUs g is unknown",
                new RunFolderBuilder("x", START, 3600).site(whole("a")).job(new Job("j", 0, 1).gpus(1, "g", 1)));
        refusedAndNothingWritten("job j: its phases add up to 0.5",
                new RunFolderBuilder("x", START, 3600).site(whole("a")).job(new Job("j", 0, 1).phase(0.5, 1, 0)));
        refusedAndNothingWritten("hosts h: speed has 2 values", new RunFolderBuilder("x", START, 3600)
                .site(whole("a").hosts(new Hosts("h", 1, 1).speed(1, 2))));
        refusedAndNothingWritten("a fault: site b is unknown; expected one of [a]", new RunFolderBuilder("x", START, 3600)
                .site(whole("a")).faults(new FaultPlan().outage("b", 0, Double.POSITIVE_INFINITY)));
        refusedAndNothingWritten("a fault: hosts 1 to 1 of site a, which has 1 (0 to 0)",
                new RunFolderBuilder("x", START, 3600).site(whole("a")).faults(new FaultPlan().hosts("a", 1, 1, 0, 9)));
        refuses("site a is there already",
                () -> new RunFolderBuilder("x", START, 3600).site(whole("a")).site(whole("a")));
        refuses("job j arrives at 3600.0 s, the horizon ends at 3600.0 s",
                () -> new RunFolderBuilder("x", START, 3600).job(new Job("j", 3600, 1)));
        Job job = new Job("j", 0, 1);
        refuses("job k comes after job j, which must be added before it",
                () -> new RunFolderBuilder("x", START, 3600).job(new Job("k", 0, 1).after(job)));
        refuses("is there already", () -> new RunFolderBuilder("x", START, 3600).job(job).job(job));
    }

    @Test
    void anInputThatIsThereStays() throws IOException {
        RunFolderBuilder run = new RunFolderBuilder("x", START, 3600).site(whole("a"));
        run.write(folder);
        assertEquals("rw-------", PosixFilePermissions.toString(
                Files.getPosixFilePermissions(folder.resolve("input/hidden.gsf"))), "deciders must not read what is true");
        byte[] before = Files.readAllBytes(folder.resolve("input/run.json"));
        run.noise(2, 0, 0);
        assertThrows(FileAlreadyExistsException.class, () -> run.write(folder));
        assertArrayEquals(before, Files.readAllBytes(folder.resolve("input/run.json")));
    }
}
