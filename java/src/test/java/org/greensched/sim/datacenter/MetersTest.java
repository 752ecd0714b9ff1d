package org.greensched.sim.datacenter;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.greensched.sim.columns.Table;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Meters by hand beyond VALIDATION.md: co-runners, phases, GPUs, gaps, interference, speed, shared wake-ups. */
class MetersTest {
    private static final double EXACT = 1e-12;

    @TempDir
    private Path folder;

    private RunResult run(TestWorld world) throws IOException {
        RunResult run = world.run(folder, Deciders.everythingAt(0));
        assertEquals("completed", run.status(), run.result().reason());
        return run;
    }

    /** Concave curve 100, 180, 200 W: alone 2 of 4 cores draw 80 W; together 100 W are shared 2 : 2. */
    @Test
    void neighboursShareTheCurve() throws IOException {
        RunResult run = run(new TestWorld().immediate().site(site(100).hosts(1, 4, 100, 180, 200))
                .tasks(task(0, 3600).cores(2), task(1800, 3600).cores(2)));
        double firstJ = 80 * 1800 + 50 * 1800;
        double secondJ = 50 * 1800 + 80 * 1800;
        assertEquals(firstJ / 3.6e6, run.job("it_kwh", 0), EXACT);
        assertEquals(secondJ / 3.6e6, run.job("it_kwh", 1), EXACT);
        assertEquals(50 * 3600 / 3.6e6, run.job("idle_kwh", 0), EXACT);
    }

    /** One core of one, 100 W dynamic: a quarter of the hour at full, the rest at half utilisation. */
    @Test
    void phasesSplitTheRunTime() throws IOException {
        RunResult run = run(new TestWorld().site(site(100, 200).hosts(1, 1, 100, 200)).tasks(
                task(1800, 3600).phases(new double[] {0.25, 1, 0}, new double[] {0.75, 0.5, 0})));
        assertEquals(0.25 * 0.1 + 0.75 * 0.05, run.job("it_kwh", 0), EXACT);
        assertEquals(0.025 * 100 + 0.0125 * 100 + 0.025 * 200, run.job("dynamic_g", 0), 1e-9);
        assertEquals(5400, run.job("finish_s", 0), 0);
    }

    /** Half a GPU of 50 to 250 W at 80 %: 80 W; the host idles at 100 + 2 x 50 W. */
    @Test
    void gpusAreMetered() throws IOException {
        RunResult run = run(new TestWorld().hours(1).site(site(100).pue(1.2).gpuHosts(1, 4, 2, 0, 50, 250, 100, 200))
                .tasks(task(0, 3600).gpus(0.5, 0, 0.8).util(0)));
        assertEquals(0.08, run.job("it_kwh", 0), EXACT);
        assertEquals(0.096, run.job("dynamic_kwh", 0), EXACT);
        assertEquals(0.05 * 1.2, run.job("idle_kwh", 0), EXACT);
        assertEquals(0.28, run.total("it_kwh"), EXACT);
    }

    @Test
    void cpuTasksKeepOffGpuHostsWhileTheyCan() throws IOException {
        RunResult run = run(new TestWorld().immediate().site(site(100).gpuHosts(1, 2, 1, 1, 50, 250, 100, 200)
                .hosts(1, 2, 100, 200)).tasks(task(0, 100).cores(2), task(1, 100).cores(2), task(2, 10).gpus(1, 1, 1)));
        assertEquals(1, run.jobs().i32("host").get(0));
        assertEquals(0, run.jobs().i32("host").get(1));
        assertEquals(101, run.job("start_s", 2), 1e-9);
    }

    /** Price missing in the second hour only: known for the first task, unknown for the one that reaches into the gap. */
    @Test
    void missingPriceIsNeverZero() throws IOException {
        RunResult run = run(new TestWorld().immediate().hours(2).site(site(100).hosts(1, 2, 100, 200)
                .signal("price_per_kwh", 0.5, Double.NaN)).tasks(task(0, 1800), task(3000, 1800)));
        assertEquals((50 + 50) * 0.5 / 1000 * 0.5, run.job("cost", 0), EXACT);
        assertTrue(Double.isNaN(run.job("cost", 1)));
        assertTrue(run.totals().get("cost").isJsonNull());
        Table first = run.slots().get(0);
        assertTrue(first.f64("cost").get(0) > 0);
        assertTrue(Double.isNaN(run.slots().get(12).f64("cost").get(0)));
        assertTrue(Double.isNaN(run.slots().get(12).f64("price_per_kwh").get(0)));
        assertEquals(0.5, first.f64("price_per_kwh").get(0), 0);
    }

    /** 600 s of class b run at speed 2; the second finds 3 of 4 cores taken by others: 1 + 0.4 x 0.75. */
    @Test
    void speedAndInterference() throws IOException {
        RunResult run = run(new TestWorld().immediate().site(site(100).hosts(1, 4, 100, 200))
                .tasks(task(0, 9000).cores(3), task(10, 600).workClass(1).interference(0.4)));
        assertEquals(10 + 300 * 1.3, run.job("finish_s", 1), 1e-9);
        assertEquals(4500, run.job("finish_s", 0) / 2, 1e-9);
    }

    /** Two tasks placed while the host wakes start together, each beside the other. */
    @Test
    void tasksShareAWakeUp() throws IOException {
        RunResult run = run(new TestWorld().immediate().hours(1).site(site(100)
                .sleepers(1, 4, new double[] {100, 200}, 0, 10, 120, 80))
                .tasks(task(600, 100).interference(1), task(660, 100).interference(1)));
        for (int t = 0; t < 2; t++) {
            assertEquals(720, run.job("start_s", t), 0);
            assertEquals(720 + 125, run.job("finish_s", t), 1e-9);
            assertEquals(TaskState.FINISHED, run.state(t));
        }
        assertEquals(80 * 120 / 3.6e6, run.total("wake_kwh"), EXACT);
        assertEquals((10 * (600 + 2755) + 80 * 120 + 150 * 125) / 3.6e6, run.total("it_kwh"), EXACT);
    }

    /** Energy does not depend on how the run is cut into slots. */
    @Test
    void slotLengthChangesNothing() throws IOException {
        double[] kwh = new double[2];
        for (int i = 0; i < 2; i++) {
            RunResult run = run(new TestWorld().immediate().slotS(i == 0 ? 300 : 7).hours(1)
                    .site(site(100, 300).loadPue(70, 1.1).hosts(2, 4, 100, 180, 200))
                    .tasks(task(11.5, 700).cores(3), task(33.25, 1700).cores(2)));
            kwh[i] = run.total("facility_kwh") - 0;
        }
        assertEquals(kwh[0], kwh[1], 1e-12);
    }

    /** No signal beyond horizon + drain is needed or read. */
    @Test
    void theRunMayEndWithTheSignals() throws IOException {
        RunResult run = run(new TestWorld().hours(1).drainS(0).site(site(100).hosts(1, 4, 100, 200)).tasks(task(0, 7200)));
        assertEquals(TaskState.RUNNING, run.state(0));
        assertEquals(0.125, run.total("it_kwh"), EXACT);
    }
}
