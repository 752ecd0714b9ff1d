package org.greensched.sim.examples;

import static org.greensched.sim.examples.ExamplesTest.printed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.greensched.sim.World;
import org.greensched.sim.builder.Hosts;
import org.greensched.sim.builder.Job;
import org.greensched.sim.builder.RunFolderBuilder;
import org.greensched.sim.builder.Site;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.support.TestFolders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the examples that need no prepared folder, and the decider that waits by hand. */
class CodeExamplesTest {
    @TempDir
    private Path temporary;

    private static double number(Map<String, String> printed, String name) {
        return Double.parseDouble(printed.get(name));
    }

    /** 75 W above idle, twice 100 W idle, PUE 1.3: 90 minutes are 0.41 g per W; CloudSim Plus ends a little later. */
    @Test
    void meterOnAStockSimulation() throws Exception {
        Map<String, String> printed = printed(StockMeterExample::main);
        assertEquals(1.3 * 75 * 0.41, number(printed, "cloudlet_carbon_g"), 0.01);
        assertEquals(1.3 * 275 * 0.41, number(printed, "carbon_g"), 0.01);
    }

    /** Steady: 0.24 kW idle; nightly: 0.4 kW, 16 clean hours and 20 others. Whatever runs where, that much is fixed. */
    @Test
    void aRunFolderFromCode() throws Exception {
        Path folder = temporary.resolve("mine");
        Map<String, String> printed = printed(BuildExample::main, folder);
        assertEquals("48", printed.get("finished_tasks"));
        double idleG = 36 * 300 * 1.2 * 0.24 + 1.4 * 0.4 * (16 * 100 + 20 * 450);
        assertTrue(number(printed, "carbon_kg") > idleG / 1000 && number(printed, "carbon_kg") < 1.2 * idleG / 1000);
        assertEquals(folder.toString(), printed.get("folder"));
    }

    @Test
    void waitingForACleanerHour() throws Exception {
        Map<String, String> waiting = printed(CleanerHourExample::main);
        Map<String, String> atOnce = printed(BuildExample::main, temporary.resolve("at-once"));
        try {
            assertEquals("48", waiting.get("finished_tasks"));
            assertTrue(number(waiting, "carbon_kg") < number(atOnce, "carbon_kg"), waiting + " against " + atOnce);
        } finally {
            TestFolders.delete(Path.of(waiting.get("folder")).getParent());
        }
    }

    private static final double[] HOURS = {400, 300, 100, 200, 50, 400, 400, 400};

    private static Site site(String name, double[] gpkwh) {
        return new Site(name).carbonGpkwh(3600, gpkwh).hosts(new Hosts("h", 4, 8));
    }

    private double startS(String run, Job job, Site... sites) throws IOException {
        RunFolderBuilder builder = new RunFolderBuilder(run, "2022-06-06T00:00:00Z", 3600).drainS(7 * 3600).job(job);
        for (Site site : sites) {
            builder.site(site);
        }
        Path folder = builder.write(temporary.resolve(run));
        RunConfig config = RunConfig.read(folder.resolve("input/run.json"));
        World.Result result = World.run(folder, new CleanerHourExample.CleanerHourDecider(config));
        assertEquals("completed", result.status(), result.reason());
        return Frame.map(folder.resolve("world/jobs.gsf")).table("jobs").f64("start_s").get(0);
    }

    /** Half an hour of work and the margin: 2250 s must be left. Of hours 0 to 3, within four hours, 2 is best. */
    @Test
    void theBestHourBeforeTheDeadline() throws IOException {
        assertEquals(7200, startS("four", new Job("j", 0, 1800).expectedS(1800).deadlineS(4 * 3600),
                site("x", HOURS).carbonForecast(0, 3600, HOURS)), 1e-9);
        assertEquals(3600, startS("two", new Job("j", 0, 1800).expectedS(1800).deadlineS(2 * 3600),
                site("x", HOURS).carbonForecast(0, 3600, HOURS)), 1e-9);
        assertEquals(14_400, startS("five", new Job("j", 0, 1800).expectedS(1800).deadlineS(5 * 3600),
                site("x", HOURS).carbonForecast(0, 3600, HOURS)), 1e-9);
        assertEquals(0, startS("whenever", new Job("j", 0, 1800).expectedS(1800),
                site("x", HOURS).carbonForecast(0, 3600, HOURS)), 1e-9);
        assertEquals(0, startS("unknown", new Job("j", 0, 1800).deadlineS(4 * 3600),
                site("x", HOURS).carbonForecast(0, 3600, HOURS)), 1e-9);
        assertEquals(0, startS("blind", new Job("j", 0, 1800).expectedS(1800).deadlineS(4 * 3600),
                site("x", HOURS)), 1e-9);
    }

    /** The other site is cleaner now than this one will ever be before the deadline: no reason to wait. */
    @Test
    void aCleanerSiteNow() throws IOException {
        double[] clean = {90, 95, 95, 95, 95, 95, 95, 95};
        Job job = new Job("j", 0, 1800).expectedS(1800).deadlineS(4 * 3600);
        assertEquals(0, startS("now", job, site("x", HOURS).carbonForecast(0, 3600, HOURS),
                site("y", clean).carbonForecast(0, 3600, clean)), 1e-9);
        assertTrue(Files.exists(temporary.resolve("now/world/jobs.gsf")));
        assertEquals(1, Frame.map(temporary.resolve("now/world/jobs.gsf")).table("jobs").i32("dc").get(0));
    }
}
