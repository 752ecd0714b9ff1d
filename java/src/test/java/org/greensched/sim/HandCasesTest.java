package org.greensched.sim;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestSite;
import org.greensched.sim.support.TestTask;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The cases of tests/validation/VALIDATION.md (V1 to V12) on the world alone; every number is derived there by hand. */
class HandCasesTest {
    private static final double EXACT = 1e-9;
    private static final double[] SIMGRID_HOST = {100, 125, 150, 175, 200};
    private static final TestTask[] NONE = {};

    @TempDir
    private Path folder;

    private RunResult run(TestWorld world) throws IOException {
        RunResult run = world.run(folder, Deciders.everythingAt(0));
        assertEquals("completed", run.status(), run.result().reason());
        return run;
    }

    private void simGrid(boolean off, TestTask[] tasks, double kwh, double grams, double... hourly) throws IOException {
        TestSite site = off
                ? site(hourly).sleepers(1, 4, SIMGRID_HOST, 0, 5, 0, 5) : site(hourly).hosts(1, 4, SIMGRID_HOST);
        RunResult run = run(new TestWorld().site(site).tasks(tasks).hours(10));
        assertEquals(kwh, run.total("facility_kwh"), kwh * EXACT);
        assertEquals(grams, run.total("carbon_g"), grams * EXACT);
        assertEquals(grams, run.slotSum("carbon_g"), grams * EXACT);
    }

    private static TestTask[] busy() {
        return new TestTask[] {
            task(0, 3600).cores(1), task(3600, 7200).cores(2), task(10800, 10800).cores(3), task(21600, 14400).cores(4)
        };
    }

    @Test
    void v1OffAtConstantIntensity() throws IOException {
        simGrid(true, NONE, 0.05, 20.1825, 403.65);
    }

    @Test
    void v2IdleAtConstantIntensity() throws IOException {
        simGrid(false, NONE, 1, 33.45, 33.45);
    }

    @Test
    void v3BusyAtConstantIntensity() throws IOException {
        simGrid(false, busy(), 1.75, 160.09, 91.48);
    }

    @Test
    void v4OffAtHourlyIntensity() throws IOException {
        simGrid(true, NONE, 0.05, 22.3935, 453.54, 441.48, 437.93, 437.61, 442.29, 447.18, 452.04, 453.96, 455.13, 457.54);
    }

    @Test
    void v5IdleAtHourlyIntensity() throws IOException {
        simGrid(false, NONE, 1, 32.314, 29.09, 30.08, 32.33, 32.96, 33.00, 33.41, 34.52, 33.63, 32.17, 31.95);
    }

    @Test
    void v6BusyAtHourlyIntensity() throws IOException {
        simGrid(false, busy(), 1.75, 167.64425, 100.07, 93.60, 93.89, 96.04, 95.00, 94.40, 94.11, 94.99, 96.44, 99.76);
    }

    @Test
    void v7JobAcrossAnIntensityStepWithPue() throws IOException {
        RunResult run = run(new TestWorld().site(site(100, 300).pue(1.5).hosts(1, 2, 80, 180)).tasks(task(1800, 3600)));
        assertEquals(0.21, run.total("it_kwh"), EXACT);
        assertEquals(0.315, run.total("facility_kwh"), EXACT);
        assertEquals(0.05, run.job("it_kwh", 0), EXACT);
        assertEquals(0.075, run.job("dynamic_kwh", 0), EXACT);
        assertEquals(15, run.job("dynamic_g", 0), 15 * EXACT);
        assertEquals(0.06, run.job("idle_kwh", 0), EXACT);
        assertEquals(12, run.job("idle_g", 0), 12 * EXACT);
        assertEquals(0.18, run.total("idle_kwh"), EXACT);
        assertEquals(36, run.total("idle_g"), 36 * EXACT);
        assertEquals(63, run.total("carbon_g"), 63 * EXACT);
        assertEquals(Double.NaN, run.job("marginal_g", 0));
        assertEquals(Double.NaN, run.job("cost", 0));
    }

    @Test
    void v8QueueingInOrderOfArrival() throws IOException {
        RunResult run = run(new TestWorld().site(site(100).hosts(1, 2, 100, 200))
                .tasks(task(0, 600).cores(2), task(0, 600).cores(2), task(300, 600).cores(2)));
        double[] start = {0, 600, 1200};
        for (int t = 0; t < 3; t++) {
            assertEquals(start[t], run.job("start_s", t), 1e-6);
            assertEquals(start[t] + 600, run.job("finish_s", t), 1e-6);
            assertEquals(TaskState.FINISHED, run.state(t));
        }
        assertEquals(300, run.job("queued_s", 2), 0);
    }

    @Test
    void v9TransferHalfAtHomeHalfAtTheDestination() throws IOException {
        RunResult run = run(new TestWorld().site(site(50).hosts(1, 2, 100, 200)).site(site(200).hosts(1, 2, 100, 200))
                .network(0.02, 100, 10).tasks(task(0, 60).from(1, 25)));
        assertEquals(0.5, run.job("transfer_kwh", 0), EXACT);
        assertEquals(62.5, run.job("transfer_g", 0), 62.5 * EXACT);
        assertEquals(20.1, run.job("start_s", 0), 1e-6);
        assertEquals(20.1, run.job("queued_s", 0), 1e-6);
        assertEquals(0, run.job("placed_s", 0), 0);
        assertEquals(0.5, run.total("transfer_kwh"), EXACT);
        assertEquals(62.5, run.slotSum("transfer_g"), 62.5 * EXACT);
    }

    @Test
    void v10SleepAndWakeUp() throws IOException {
        RunResult run = run(new TestWorld().site(site(100).sleepers(1, 1, new double[] {60, 160}, 600, 10, 60, 90))
                .tasks(task(3600, 600)));
        assertEquals(0.063, run.total("it_kwh"), 0.063 * EXACT);
        assertEquals(6.3, run.total("carbon_g"), 6.3 * EXACT);
        assertEquals(5400 / 3.6e6, run.total("wake_kwh"), EXACT);
        assertEquals(3660, run.job("start_s", 0), 1e-6);
        assertEquals(4260, run.job("finish_s", 0), 1e-6);
        assertEquals(1, run.hosts().i32("wakes").get(0));
        assertEquals(3000 + 2340, run.hosts().f64("asleep_s").get(0), 1e-6);
    }

    @Test
    void v11TemperatureDependentPue() throws IOException {
        RunResult run = run(new TestWorld().hours(3)
                .site(site(100).temperaturePue(1.1, 20, 0.02, 15, 25, 30).hosts(1, 4, 100, 200)));
        assertEquals(0.36, run.total("facility_kwh"), EXACT);
        assertEquals(36, run.total("carbon_g"), 36 * EXACT);
    }

    @Test
    void v12LoadDependentPue() throws IOException {
        RunResult run = run(new TestWorld().hours(1).site(site(100).loadPue(50, 1.2).hosts(1, 2, 100, 200))
                .tasks(task(0, 1800).cores(2)));
        assertEquals(0.23, run.total("facility_kwh"), EXACT);
        assertEquals(23, run.total("carbon_g"), 23 * EXACT);
        assertEquals(0.0725, run.job("dynamic_kwh", 0), EXACT);
        assertEquals(0.0725, run.job("idle_kwh", 0), EXACT);
    }

    @Test
    void fixedOverheadWithoutLoadIsBookedApart() throws IOException {
        RunResult run = run(new TestWorld().hours(1)
                .site(site(100).loadPue(50, 1.2).sleepers(1, 2, new double[] {100, 200}, 0, 0, 0, 0)));
        assertEquals(0, run.total("it_kwh"), 0);
        assertEquals(0.05, run.total("facility_kwh"), EXACT);
        assertEquals(0.05, run.total("fixed_overhead_kwh"), EXACT);
        assertEquals(0.05, run.total("idle_kwh"), EXACT);
        assertEquals(5, run.total("carbon_g"), EXACT);
    }
}
