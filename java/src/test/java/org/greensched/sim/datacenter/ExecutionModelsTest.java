package org.greensched.sim.datacenter;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.greensched.sim.support.TestTask.vm;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.greensched.sim.ScenarioGenerator;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestFolders;
import org.greensched.sim.support.TestTask;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same folder through both execution models: finish times within 0.1 s, carbon within 0.1 %, the same decisions. */
class ExecutionModelsTest {
    private static final double FINISH_S = 0.1;
    private static final double CARBON_FRAC = 1e-3;

    @TempDir
    private Path folder;

    private void same(Supplier<TestWorld> world) throws IOException {
        same(folder, world.get(), world.get(), Deciders.everythingAt(0), Deciders.everythingAt(0));
    }

    static void same(Path folder, TestWorld world, TestWorld again, Deciders.Scripted decider, Deciders.Scripted sameDecider)
            throws IOException {
        RunResult exact = world.run(folder.resolve("exact"), decider);
        RunResult stock = again.cloudsim().run(folder.resolve("stock"), sameDecider);
        assertEquals("completed", exact.status(), exact.result().reason());
        assertEquals("completed", stock.status(), stock.result().reason());
        assertEquals(rows(exact), rows(stock), "decisions");
        for (int t = 0; t < exact.jobs().rows(); t++) {
            assertEquals(exact.state(t), stock.state(t), "state of task " + t);
            assertEquals(exact.job("start_s", t), stock.job("start_s", t), FINISH_S, "start of task " + t);
            assertEquals(exact.job("finish_s", t), stock.job("finish_s", t), FINISH_S, "finish of task " + t);
            assertEquals(exact.job("done_frac", t), stock.job("done_frac", t), 1e-3, "progress of task " + t);
            for (String column : new String[] {"it_kwh", "dynamic_g", "idle_g"}) {
                near(exact.job(column, t), stock.job(column, t), column + " of task " + t);
            }
        }
        near(exact.total("carbon_g"), stock.total("carbon_g"), "carbon");
        near(exact.total("facility_kwh"), stock.total("facility_kwh"), "energy");
        assertEquals(decider.told, sameDecider.told);
    }

    private static List<List<Long>> rows(RunResult run) throws IOException {
        return run.decisions().stream().map(r -> Arrays.stream(r).boxed().toList()).toList();
    }

    private static void near(double expected, double actual, String what) {
        assertEquals(expected, actual, CARBON_FRAC * Math.max(Math.abs(expected), 1e-9), what);
    }

    @Test
    void plain() throws IOException {
        same(() -> new TestWorld().immediate().site(site(100, 300).hosts(2, 4, 100, 180, 200))
                .tasks(task(0, 3600).cores(2), task(10.25, 1800.123456).cores(3), task(20, 600)));
    }

    @Test
    void phasesAndPartialUse() throws IOException {
        same(() -> new TestWorld().site(site(100, 200).hosts(1, 4, 100, 200)).tasks(
                task(0, 3600).util(0.3), task(1800, 3600).phases(
                        new double[] {0.25, 1, 0}, new double[] {0, 0.1, 0}, new double[] {0.75, 0.5, 0})));
    }

    @Test
    void gpus() throws IOException {
        same(() -> new TestWorld().site(site(100).pue(1.2).gpuHosts(1, 4, 2, 0, 50, 250, 100, 200)).tasks(
                task(0, 3600).gpus(0.5, 0, 0.8).util(0), task(0, 100).gpus(1, 0, 1),
                task(10, 700).gpus(2, 0, 1).phases(new double[] {0.5, 0, 1}, new double[] {0.5, 1, 0})));
    }

    @Test
    void fractionalCores() throws IOException {
        TestTask[] tasks = new TestTask[40];
        same(() -> {
            for (int i = 0; i < tasks.length; i++) {
                tasks[i] = task(i, 1000 + 7 * i).cores(0.1 * (1 + i % 17));
            }
            return new TestWorld().immediate().site(site(100).hosts(2, 4, 100, 200)).tasks(tasks);
        });
    }

    @Test
    void hardlyAnyCores() throws IOException {
        same(() -> new TestWorld().immediate().drainS(10 * 86_400).site(site(100).mips(1603, "time").hosts(1, 4, 100, 200))
                .tasks(task(0.25, 5 * 86_400).cores(1e-4), task(1, 1000).cores(1e-6)));
    }

    /** Work of years does not overflow, and what would take millions of years is still running. */
    @Test
    void yearsOfWork() throws IOException {
        double dayS = 86_400;
        same(() -> new TestWorld().immediate().hours(1).slotS(10 * dayS).drainS(1600 * dayS).site(site(100).hosts(4, 4, 100, 200))
                .tasks(task(0.25, 1500 * dayS).cores(4), vm(1, 1000).cores(4).cloudlet(1400e3 * dayS, 4, 0, 1),
                        task(2, 1e14), vm(3, 1e-3).cloudlet(1e15)));
    }

    @Test
    void noiseAndInterference() throws IOException {
        same(() -> new TestWorld().noise(0.3, 0.3).site(site(100, 50).hosts(1, 8, 100, 180, 200)).tasks(
                task(0, 1000).cores(4).interference(0.7), task(0, 2000).cores(4).interference(0.5).workClass(1),
                task(400, 1500).cores(8).interference(1)));
    }

    @Test
    void queueAndSleep() throws IOException {
        same(() -> new TestWorld().immediate().site(site(100)
                .sleepers(1, 2, new double[] {100, 200}, 60, 5, 30, 150)).tasks(
                        task(0, 600).cores(2), task(1, 600).cores(2), task(2, 300), task(5000, 10)));
    }

    @Test
    void aTaskThatIsReadyAtASlotIsAskedAboutAtThatSlot() throws IOException {
        same(() -> new TestWorld().site(site(100).hosts(1, 2, 100, 200)).tasks(task(0, 600), task(1, 600), task(2, 600))
                .edge(0, 1).edge(1, 2));
    }

    @Test
    void unfinishedAtTheEnd() throws IOException {
        same(() -> new TestWorld().hours(1).drainS(0).site(site(100).hosts(1, 2, 100, 200))
                .tasks(task(0, 7200).util(0.5), task(0, 9000), task(5, 100)));
    }

    @Test
    void virtualMachines() throws IOException {
        same(() -> new TestWorld().immediate().site(site(100, 300).mips(2000, "time").hosts(1, 4, 100, 180, 200)).tasks(
                vm(0, 1000).cores(2).bootS(30).cloudlet(600_000).cloudlet(900_000, 2, 100, 1).cloudlet(300_000, 1, 50, 0.5),
                vm(10, 2000).cores(3).scheduler(0).bootS(12.5).cloudlet(1e6).cloudlet(2e6, 3, 0, 1).cloudlet(1e6).cloudlet(77),
                vm(20, 333).cloudlet(1e5, 1, 0, 0.7).cloudlet(1e5, 1, 7, 0.3),
                task(30, 1000).cores(1)));
    }

    @Property(tries = 60)
    void virtualMachinesInAnyScenario(@ForAll long seed) throws IOException {
        Path random = Files.createTempDirectory("world");
        try {
            ScenarioGenerator first = new ScenarioGenerator(seed);
            ScenarioGenerator second = new ScenarioGenerator(seed);
            TestWorld world = first.exactWorldWithVms();
            same(random, world, second.exactWorldWithVms(), first.decider(world.siteCount()),
                    second.decider(world.siteCount()));
        } finally {
            TestFolders.delete(random);
        }
    }

    @Property(tries = 60)
    void anyScenario(@ForAll long seed) throws IOException {
        Path random = Files.createTempDirectory("world");
        try {
            ScenarioGenerator first = new ScenarioGenerator(seed);
            ScenarioGenerator second = new ScenarioGenerator(seed);
            TestWorld world = first.faultyWorld();
            same(random, world, second.faultyWorld(), first.decider(world.siteCount()), second.decider(world.siteCount()));
        } finally {
            TestFolders.delete(random);
        }
    }
}
