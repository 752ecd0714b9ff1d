package org.greensched.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.greensched.sim.columns.Table;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestFolders;
import org.greensched.sim.support.TestWorld;

/**
 * What must hold in any world. The sides of each equation come from different meters: tasks from the clocks of their hosts,
 * hosts from their own power, slots and totals from the running power sums of the datacenter.
 */
class ConservationTest {
    private static final double RELATIVE = 1e-9;

    @Property(tries = 200)
    void energyAndCarbonAreConserved(@ForAll long seed) throws IOException {
        Path folder = Files.createTempDirectory("world");
        try {
            ScenarioGenerator generator = new ScenarioGenerator(seed);
            TestWorld world = generator.faultyWorld();
            check(world.run(folder, generator.decider(generator.sites(world))));
        } finally {
            TestFolders.delete(folder);
        }
    }

    @Property(tries = 60)
    void onStockMachineryToo(@ForAll long seed) throws IOException {
        Path folder = Files.createTempDirectory("world");
        try {
            ScenarioGenerator generator = new ScenarioGenerator(seed);
            TestWorld world = generator.worldWithVms().cloudsim();
            check(world.run(folder, generator.decider(generator.sites(world))));
        } finally {
            TestFolders.delete(folder);
        }
    }

    private void check(RunResult run) throws IOException {
        assertEquals("completed", run.status(), run.result().reason());
        Table jobs = run.jobs();
        Table hosts = run.hosts();
        same(run.total("it_kwh"), RunResult.sum(hosts, "it_kwh"), "IT energy of hosts");
        same(run.total("facility_kwh"), RunResult.sum(hosts, "facility_kwh") + run.total("fixed_overhead_kwh"), "facility");
        same(run.total("carbon_g"), RunResult.sum(hosts, "carbon_g") + run.total("fixed_overhead_g"), "carbon of hosts");
        double taskKwh = RunResult.sum(jobs, "dynamic_kwh") + RunResult.sum(jobs, "idle_kwh");
        double taskG = RunResult.sum(jobs, "dynamic_g") + RunResult.sum(jobs, "idle_g");
        double freeKwh = RunResult.sum(hosts, "idle_kwh") + run.total("fixed_overhead_kwh");
        double freeG = RunResult.sum(hosts, "idle_g") + run.total("fixed_overhead_g");
        same(run.total("facility_kwh"), taskKwh + freeKwh, "tasks and unattributed energy");
        same(run.total("carbon_g"), taskG + freeG, "tasks and unattributed carbon");
        same(run.total("attributed_kwh"), taskKwh, "attributed energy");
        same(run.total("attributed_g"), taskG, "attributed carbon");
        same(run.total("idle_kwh"), freeKwh, "idle energy");
        for (String name : new String[] {"it_kwh", "facility_kwh", "carbon_g", "attributed_kwh", "idle_g", "transfer_g"}) {
            same(run.total(name), run.slotSum(name), "slots: " + name);
        }
        same(run.total("transfer_kwh"), RunResult.sum(jobs, "transfer_kwh"), "transfers");
        same(run.total("transfer_g"), RunResult.sum(jobs, "transfer_g"), "carbon of transfers");
        states(run, jobs);
    }

    private void states(RunResult run, Table jobs) {
        long arrived = 0;
        for (int t = 0; t < jobs.rows(); t++) {
            int state = jobs.i32("state").get(t);
            arrived += state == TaskState.ABSENT ? 0 : 1;
            if (state == TaskState.FINISHED) {
                double placed = jobs.f64("placed_s").get(t);
                double queued = jobs.f64("queued_s").get(t);
                double start = jobs.f64("start_s").get(t);
                double finish = jobs.f64("finish_s").get(t);
                assertTrue(placed <= queued && queued <= start && start <= finish, "order of the life of task " + t);
                assertEquals(1, jobs.f64("done_frac").get(t), 0);
                assertTrue(jobs.i32("attempts").get(t) >= 1, "task " + t + " finished without an attempt");
            }
        }
        assertEquals(arrived, run.result().json().get("arrived").getAsLong());
    }

    private static void same(double expected, double actual, String what) {
        assertEquals(expected, actual, RELATIVE * Math.max(Math.abs(expected), 1e-9), what);
    }

    @Property(tries = 20)
    void theSameRunTwiceIsTheSame(@ForAll long seed) throws IOException {
        Path folder = Files.createTempDirectory("world");
        try {
            String[] hashes = new String[2];
            byte[][] ledgers = new byte[2][];
            for (int i = 0; i < 2; i++) {
                ScenarioGenerator generator = new ScenarioGenerator(seed);
                TestWorld world = generator.faultyWorld();
                RunResult run = world.run(folder, generator.decider(generator.sites(world)));
                hashes[i] = run.result().json().get("decision_log_sha256").getAsString();
                ledgers[i] = Files.readAllBytes(folder.resolve("world/jobs.gsf"));
            }
            assertEquals(hashes[0], hashes[1]);
            org.junit.jupiter.api.Assertions.assertArrayEquals(ledgers[0], ledgers[1]);
        } finally {
            TestFolders.delete(folder);
        }
    }
}
