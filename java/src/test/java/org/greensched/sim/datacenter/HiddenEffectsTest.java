package org.greensched.sim.datacenter;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.TruthService;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestFaults;
import org.greensched.sim.support.TestSite;
import org.greensched.sim.support.TestTruth;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is hidden beyond a formula, by hand, in both execution models: profiles, the power of interference, throttling. */
class HiddenEffectsTest {
    private static final double J_PER_KWH = 3.6e6;

    @TempDir
    private Path folder;

    private interface Check {
        void check(RunResult run) throws IOException;
    }

    /** Runs in both models: the same to the tolerance of the stock one, and what the check says in the exact one. */
    private void both(Supplier<TestWorld> world, Deciders.Scripted one, Deciders.Scripted other, Check check)
            throws IOException {
        ExecutionModelsTest.same(folder, world.get(), world.get(), one, other);
        check.check(world.get().run(folder.resolve("again"), one));
    }

    private void both(Supplier<TestWorld> world, Check check) throws IOException {
        both(world, Deciders.everythingAt(0), Deciders.everythingAt(0), check);
    }

    private static double runtimeS(RunResult run, int task) throws IOException {
        return run.job("finish_s", task) - run.job("start_s", task);
    }

    /**
     * A slow kind without GPUs (speed 0.5, cores half as busy) and a fast one with two (speed 4, GPU three times as busy as at
     * 0.25). A task with a profile takes those of its kind, one without what its class says.
     */
    @Test
    void profileByKindOfHost() throws IOException {
        both(() -> new TestWorld().immediate()
                .site(site(100).hosts(1, 2, 100, 200).gpuHosts(1, 2, 2, 0, 50, 250, 100, 200))
                .truth(new TestTruth().kind(0, 0, 1).kind(0, 1, 0)
                        .profile(new double[] {1, 1, 1}, new double[] {1, 1, 1})
                        .profile(new double[] {4, 1, 3}, new double[] {0.5, 0.5, 1}))
                .tasks(task(0, 600).cores(2).util(0.8).profile(1), task(10, 600).gpus(2, 0, 0.25).util(0).profile(1),
                        task(2000, 600).cores(2).util(0.8).workClass(1)),
                run -> {
                    assertEquals(600 / 0.5, runtimeS(run, 0), 1e-9);
                    assertEquals(0.4 * 100 * 1200 / J_PER_KWH, run.job("dynamic_kwh", 0), 1e-12);
                    assertEquals(600.0 / 4, runtimeS(run, 1), 1e-9);
                    assertEquals(2 * 0.75 * 200 * 150 / J_PER_KWH, run.job("dynamic_kwh", 1), 1e-12);
                    assertEquals(600.0 / 2, runtimeS(run, 2), 1e-9);
                    assertEquals(0.8 * 100 * 300 / J_PER_KWH, run.job("dynamic_kwh", 2), 1e-12);
                });
    }

    /** A use above all of it is all of it, in each phase. */
    @Test
    void scaledUseEndsAtAllOfIt() throws IOException {
        both(() -> new TestWorld().immediate().site(site(100).hosts(1, 1, 100, 200))
                .truth(new TestTruth().kind(0, 0, 0).profile(new double[] {2, 3, 0}))
                .tasks(task(0, 400).profile(0).phases(new double[] {0.25, 0.2, 0}, new double[] {0.75, 0.5, 0})),
                run -> {
                    assertEquals(200, runtimeS(run, 0), 1e-9);
                    assertEquals((0.6 * 50 + 1.0 * 150) * 100 / J_PER_KWH, run.job("dynamic_kwh", 0), 1e-12);
                });
    }

    /** Half of the host taken: 1 + 0.8 * 0.5 with no power, 1 + 0.8 * 0.5^3 with the power 3, and alone nothing at all. */
    @Test
    void powerOfInterference() throws IOException {
        both(() -> new TestWorld().immediate().site(site(100).hosts(1, 4, 100, 200)).tasks(
                task(0, 1000).cores(2).interference(0.8).interferencePower(3),
                task(10, 100).interference(0.8).interferencePower(3), task(500, 100).interference(0.8)),
                run -> {
                    assertEquals(1000, runtimeS(run, 0), 1e-9);
                    assertEquals(100 * (1 + 0.8 * 0.125), runtimeS(run, 1), 1e-9);
                    assertEquals(100 * 1.4, runtimeS(run, 2), 1e-9);
                });
    }

    /** 30 C in the first hour, 38 C from then on, cooling good for 32 C: 1 % per degree of those that start too hot. */
    private static TestWorld hot() {
        TestSite warm = site(100).hosts(1, 4, 100, 200).signal("temperature_c", 30, 38);
        return new TestWorld().immediate().hours(3).site(warm).site(site(100).hosts(1, 4, 100, 200))
                .truth(new TestTruth().cooling(0, 32));
    }

    @Test
    void throttledByTheTemperatureAtTheStart() throws IOException {
        both(() -> hot().tasks(task(3599, 1000).heat(0.01), task(3600, 1000).heat(0.01), task(3601, 1000)),
                run -> {
                    assertEquals(1000, runtimeS(run, 0), 1e-9);
                    assertEquals(1060, runtimeS(run, 1), 1e-9);
                    assertEquals(1000, runtimeS(run, 2), 1e-9);
                });
        both(() -> hot().tasks(task(3600, 1000).from(1, 0).heat(0.01)), Deciders.everythingAt(1), Deciders.everythingAt(1),
                run -> assertEquals(1000, runtimeS(run, 0), 1e-9));
    }

    /** Interrupted at 3700 s after 700 s of 1000: the checkpoint keeps 600 s of work, and what is left is done in the heat. */
    @Test
    void whatIsLeftIsDoneInTheHeat() throws IOException {
        both(() -> hot().tasks(task(3000, 1000).heat(0.01))
                .faults(new TestFaults().host(0, 0, 3700, 3800).checkpoint(300, 0, 10)), run -> {
                    assertEquals(3800, run.job("start_s", 0), 1e-9);
                    assertEquals(10 + 400 * 1.06, runtimeS(run, 0), 1e-9);
                });
    }

    /** Truth about a start now and about one in the heat; the latter is taken, and comes true. */
    @Test
    void truthKnowsTheTemperatureOfALaterStart() throws IOException {
        TruthService.Answer[] answer = new TruthService.Answer[1];
        Deciders.Scripted[] decider = new Deciders.Scripted[1];
        decider[0] = Deciders.scripted((o, out) -> {
            if (o.ask.isEmpty()) {
                return;
            }
            if (o.tUs == 0) {
                answer[0] = decider[0].truth.truth(new long[] {0}, new int[] {0, 0, 1}, new long[] {0, 4_000_000_000L, 0});
                out.defer(0, 4_000_000_000L, Decisions.STATUS_HEURISTIC, "");
            } else {
                out.place(0, 0, Decisions.STATUS_HEURISTIC, "");
            }
        });
        TestTruth truth = new TestTruth().cooling(0, 32).kind(0, 0, 0).kind(1, 0, 1)
                .profile(new double[] {2, 0.5, 1}, new double[] {1, 1, 1});
        RunResult run = hot().privileged().truth(truth).tasks(task(0, 1000).heat(0.01).profile(0)).run(folder, decider[0]);
        assertEquals(500, answer[0].serviceTimeS()[0], 1e-9);
        assertEquals(530, answer[0].serviceTimeS()[1], 1e-9);
        assertEquals(1000, answer[0].serviceTimeS()[2], 1e-9);
        assertEquals(0.125 * 100 * 500 / J_PER_KWH, answer[0].energyKwh()[0], 1e-12);
        assertEquals(4000, run.job("start_s", 0), 1e-9);
        assertEquals(4530, run.job("finish_s", 0), 1e-9);
        assertEquals(run.job("dynamic_kwh", 0), answer[0].energyKwh()[1], 1e-12);
        assertEquals(0.25 * 100 * 1000 / J_PER_KWH, answer[0].energyKwh()[2], 1e-12);
    }
}
