package org.greensched.sim.datacenter;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.greensched.sim.support.TestTask.vm;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestTask;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What goes wrong with CloudSim Plus's own classes in the usual way of using them, each shown not to happen here. Two more are
 * in {@link StockSiteTest} (T9, T13), one in {@link VmMigrationTest} (T12).
 */
class StockTrapsTest {
    private static final double KWH = 1e-12;

    @TempDir
    private Path folder;

    private RunResult run(TestWorld world, Deciders.Scripted decider) throws IOException {
        RunResult run = world.cloudsim().run(folder, decider);
        assertEquals("completed", run.status(), run.result().reason());
        return run;
    }

    private RunResult run(TestWorld world) throws IOException {
        return run(world, Deciders.everythingAt(0));
    }

    /** The stock broker maps a delayed machine at once; here it is asked when it is time, and what is true by then counts. */
    @Test
    void t1AMachineIsMappedWhenItsTimeHasCome() throws IOException {
        RunResult run = run(new TestWorld().site(site(100).hosts(1, 1, 100, 200)).site(site(300).hosts(1, 1, 100, 200))
                .tasks(vm(0, 1000).cloudlet(1000)), Deciders.scripted((o, answer) -> {
                    for (int i = 0; i < o.ask.size(); i++) {
                        if (o.tUs < 600_000_000L) {
                            answer.defer(o.ask.get(i), 600_000_000L, Decisions.STATUS_HEURISTIC, "");
                        } else {
                            answer.place(o.ask.get(i), 1, Decisions.STATUS_HEURISTIC, "");
                        }
                    }
                }));
        assertEquals(600, run.job("start_s", 0), 0);
        assertEquals(1, run.jobs().i32("dc").get(0));
    }

    /** A machine that finds no room at the datacenter that was tried last would never be tried again. */
    @Test
    void t2AMachineWithoutRoomIsTriedAgain() throws IOException {
        RunResult run = run(new TestWorld().immediate().site(site(100).hosts(1, 1, 100, 200)).tasks(
                task(0, 100), task(1, 100), vm(2, 1000).cloudlet(100_000), task(3, 100)));
        for (int t = 0; t < 4; t++) {
            assertEquals(100 * (t + 1), run.job("finish_s", t), 1e-3);
        }
    }

    /** The stock broker ends at its first idle moment. */
    @Test
    void t3AnIdleNightEndsNothing() throws IOException {
        RunResult run = run(new TestWorld().hours(24).site(site(100).hosts(1, 1, 100, 200))
                .tasks(task(0, 10), task(40_000, 10), vm(80_000, 1000).cloudlet(10_000)));
        for (int t = 0; t < 3; t++) {
            assertEquals(TaskState.FINISHED, run.state(t));
        }
    }

    /** Until a given end the stock clock would go on by a tenth of a second at a time. */
    @Test
    void t4AnIdleDayTakesAnEventASlot() throws IOException {
        RunResult run = run(new TestWorld().hours(24).drainS(0).fixedEnd().site(site(100).hosts(50, 4, 100, 200))
                .tasks(vm(0, 1000).bootS(3600).cloudlet(1000)));
        assertEquals(86_400, run.result().json().get("sim_time_s").getAsDouble(), 0);
        assertTrue(run.result().json().get("events").getAsLong() < 24 * 12 + 20, run.result().json().toString());
    }

    /** CloudSim Plus refuses a PUE above 1. */
    @Test
    void t5PueIsAboveOne() throws IOException {
        RunResult run = run(new TestWorld().hours(1).site(site(100).pue(1.2).hosts(1, 1, 100, 200)).tasks(task(0, 1800)));
        assertEquals(0.1 + 0.05, run.total("it_kwh"), KWH);
        assertEquals(1.2 * 0.15, run.total("facility_kwh"), KWH);
        assertEquals(100 * 1.2 * 0.15, run.total("carbon_g"), 1e-9);
    }

    /** Its table of a host's power does not interpolate and fails near full load. */
    @Test
    void t6TheCurveIsReadBetweenItsPointsAndAtFullLoad() throws IOException {
        RunResult run = run(new TestWorld().hours(1).site(site(100).hosts(1, 4, 100, 160, 200))
                .tasks(task(0, 3600), vm(0, 1000).cores(3).cloudlet(1_800_000, 3, 1800, 1)));
        // one of four cores is halfway to 160 W, then all four are busy
        assertEquals(0.13 / 2 + 0.2 / 2, run.total("it_kwh"), KWH);
    }

    /** Its meter samples: 100 W for 100.5 s came to 10.0, 12 or 30 kJ. */
    @Test
    void t7EnergyIsIntegrated() throws IOException {
        RunResult run = run(new TestWorld().immediate().site(site(100).hosts(1, 1, 0, 100)).tasks(task(0, 100.5)));
        assertEquals(10_050 / 3.6e6, run.job("it_kwh", 0), 1e-15);
        assertEquals(10_050 / 3.6e6, run.total("it_kwh"), 1e-15);
    }

    /** Updates that come soon after another are dropped, others rounded up: finish times were off by up to a second. */
    @Test
    void t8FinishTimesAreExact() throws IOException {
        Random random = new Random(8);
        TestTask[] tasks = new TestTask[400];
        for (int i = 0; i < tasks.length; i++) {
            tasks[i] = task(Math.floor(random.nextDouble() * 2e6) / 1e6, 0.0001 + random.nextDouble() * (i % 2 == 0 ? 3 : 300))
                    .cores(1 + random.nextInt(3));
        }
        RunResult run = run(new TestWorld().immediate().site(site(100).hosts(50, 32, 100, 200)).tasks(tasks));
        Arrays.sort(tasks, Comparator.comparingDouble(TestTask::arrivalS)); // as the world numbers them
        for (int i = 0; i < tasks.length; i++) {
            double workS = run.job("finish_s", i) - run.job("start_s", i);
            assertEquals(tasks[i].workS(), workS, 1e-9, "task " + i);
        }
    }

    /** Unsubmitted machines and cloudlets are all equal to each other. */
    @Test
    void t10EqualMachinesAreKeptApart() throws IOException {
        TestTask[] tasks = new TestTask[60];
        for (int i = 0; i < tasks.length; i++) {
            tasks[i] = vm(0, 1000).cloudlet(60_000 + 1000 * i).cloudlet(60_000 + 1000 * i);
        }
        RunResult run = run(new TestWorld().immediate().site(site(100).hosts(10, 6, 100, 200)).tasks(tasks));
        for (int i = 0; i < tasks.length; i++) {
            assertEquals(120 + 2 * i, run.job("finish_s", i), 1e-3);
        }
    }

    /** The default policy looks at all hosts and takes the one with most room; the pool's first fit is what counts here. */
    @Test
    void t14TheHostIsThePoolsFirstFit() throws IOException {
        RunResult run = run(new TestWorld().immediate().site(site(100).hosts(3, 2, 100, 200))
                .tasks(task(0, 100), vm(1, 1000).cloudlet(50_000), task(2, 100), task(60, 10)));
        assertEquals(0, run.jobs().i32("host").get(0));
        assertEquals(0, run.jobs().i32("host").get(1));
        assertEquals(1, run.jobs().i32("host").get(2));
        assertEquals(0, run.jobs().i32("host").get(3)); // the machine has gone
    }

    /** Idle machines stay for ever, go too early or take the clock to the end of time. */
    @Test
    void t15AMachineGoesWithItsLastCloudlet() throws IOException {
        RunResult run = run(new TestWorld().hours(1).drainS(0).fixedEnd().immediate().site(site(100).hosts(1, 1, 100, 200))
                .tasks(vm(0, 1000).cloudlet(60_000).cloudlet(10_000, 1, 300, 1), task(1, 100)));
        assertEquals(310, run.job("finish_s", 0), 1e-3);
        assertEquals(run.job("finish_s", 0), run.job("start_s", 1), 0);
        assertEquals(3600, run.result().json().get("sim_time_s").getAsDouble(), 0);
    }
}
