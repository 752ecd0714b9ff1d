package org.greensched.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.Table;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestFolders;
import org.greensched.sim.support.TestSite;
import org.greensched.sim.support.TestTask;
import org.greensched.sim.support.TestWorld;
import org.greensched.sim.workload.TaskLuck;

/**
 * Run times derived again from the input files: work / speed x (1 + interference x share of others ^ power) x (1 + heat x
 * degrees too hot) x luck, where the speed is that of the work class or of the profile on the kind of host.
 */
class RunTimeTest {
    private static final double EXACT = 1e-9;

    @Property(tries = 100)
    void runTimesAreWhatTheInputSays(@ForAll long seed) throws IOException {
        Path folder = Files.createTempDirectory("world");
        try {
            ScenarioGenerator generator = new ScenarioGenerator(seed);
            TestWorld world = generator.world();
            Table jobs = world.run(folder, generator.decider(generator.sites(world))).jobs();
            new Derivation(folder, jobs).checkAll();
        } finally {
            TestFolders.delete(folder);
        }
    }

    /** Reads the input files itself; of the world's code it uses the luck, which has pinned values of its own. */
    private static final class Derivation {
        private final RunConfig config;
        private final TaskLuck luck;
        private final Frame truth;
        private final Table hidden;
        private final Table signals;
        private final long stepUs;
        private final Table tasks;
        private final Table jobs;

        Derivation(Path folder, Table jobs) throws IOException {
            this.config = RunConfig.read(folder.resolve("input/run.json"));
            this.luck = new TaskLuck(config.seed());
            this.truth = Frame.map(folder.resolve("input/hidden.gsf"));
            this.hidden = truth.table("hidden");
            Frame frame = Frame.map(folder.resolve("input/signals.gsf"));
            this.signals = frame.table("signals");
            this.stepUs = frame.meta().get("step_us").getAsLong();
            this.tasks = Frame.map(folder.resolve("input/tasks.gsf")).table("tasks");
            this.jobs = jobs;
        }

        void checkAll() {
            for (int t = 0; t < jobs.rows(); t++) {
                if (jobs.i32("state").get(t) == TaskState.FINISHED) {
                    check(t);
                }
            }
        }

        private void check(int t) {
            double before = 0;
            List<Double> sameInstant = new ArrayList<>();
            for (int o = 0; o < jobs.rows(); o++) {
                if (o != t && held(o, t)) {
                    if (f64("start_s", o) < f64("start_s", t)) {
                        before += tasks.f64("cores").get(o);
                    } else {
                        sameInstant.add(tasks.f64("cores").get(o));
                    }
                }
            }
            double actualS = f64("finish_s", t) - f64("start_s", t);
            double nearestS = Double.NaN;
            // of those that start at the same instant, some may have come first: any selection of them will do
            for (int chosen = 0; chosen < 1 << sameInstant.size(); chosen++) {
                double others = before;
                for (int i = 0; i < sameInstant.size(); i++) {
                    others += (chosen >> i & 1) * sameInstant.get(i);
                }
                double derivedS = derivedS(t, others);
                if (!(Math.abs(nearestS - actualS) <= Math.abs(derivedS - actualS))) {
                    nearestS = derivedS;
                }
            }
            assertEquals(nearestS, actualS, EXACT * Math.max(1, nearestS), "task " + t);
        }

        /** Whether {@code o} held cores of the host of {@code t} when that one started. */
        private boolean held(int o, int t) {
            boolean there = jobs.i32("dc").get(o) == jobs.i32("dc").get(t) && jobs.i32("host").get(o) == jobs.i32("host").get(t);
            boolean left = f64("finish_s", o) <= f64("start_s", t); // NaN: it runs to this day
            return there && f64("start_s", o) <= f64("start_s", t) && !left;
        }

        private double derivedS(int t, double othersCores) {
            int dc = jobs.i32("dc").get(t);
            int group = group(dc, jobs.i32("host").get(t));
            HostSpec host = config.datacenters().get(dc).hosts().get(group);
            double aloneS = hidden.f64("work_s").get(t) / speed(t, dc, group, host);
            double power = hidden.has("interference_power") ? hidden.f64("interference_power").get(t) : 1;
            double slowdown = 1 + hidden.f64("interference").get(t) * Math.pow(othersCores / host.cores(), power);
            double heat = hidden.has("heat") ? 1 + hidden.f64("heat").get(t) * excessC(dc, f64("start_s", t)) : 1;
            return aloneS * slowdown * heat * luck.factor(t, TaskLuck.TIME, config.timeSigmaFrac());
        }

        private double speed(int t, int dc, int group, HostSpec host) {
            int profile = hidden.has("profile") ? hidden.i32("profile").get(t) : -1;
            if (profile < 0) {
                return host.speed()[hidden.i32("work_class").get(t)];
            }
            Table kinds = truth.table("host_kinds");
            int kind = -1;
            int most = 0;
            for (int r = 0; r < kinds.rows(); r++) {
                most = Math.max(most, kinds.i32("kind").get(r));
                if (kinds.i32("dc").get(r) == dc && kinds.i32("group").get(r) == group) {
                    kind = kinds.i32("kind").get(r);
                }
            }
            return truth.table("profiles").f64("speed").get(profile * (most + 1) + kind);
        }

        private double excessC(int dc, double startS) {
            Table cooling = truth.table("cooling");
            for (int r = 0; r < cooling.rows(); r++) {
                if (cooling.i32("dc").get(r) == dc) {
                    double nowC = signals.f64(dc + ".temperature_c").get((long) Math.floor(startS * 1e6 / stepUs));
                    return Math.max(0, nowC - cooling.f64("throttle_c").get(r));
                }
            }
            return 0;
        }

        private int group(int dc, int index) {
            int left = index;
            List<HostSpec> blocks = config.datacenters().get(dc).hosts();
            for (int g = 0; g < blocks.size(); g++) {
                if (left < blocks.get(g).count()) {
                    return g;
                }
                left -= blocks.get(g).count();
            }
            throw new AssertionError("host " + index + " of datacenter " + dc);
        }

        private double f64(String column, int task) {
            return jobs.f64(column).get(task);
        }
    }

    /** Two policies that agree on nothing; hosts are equal, so are run times and the energy at the plug. */
    @Property(tries = 50)
    void everyPolicyMeetsTheSameLuck(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        TestWorld world = new TestWorld().seed(seed).noise(0.1 + random.nextDouble() * 0.4, 0.1 + random.nextDouble() * 0.4);
        for (int d = 0; d < 2; d++) {
            world.site(TestSite.site(100 + d).hosts(2 + d, 4, 80, 180));
        }
        int n = 2 + random.nextInt(30);
        for (int t = 0; t < n; t++) {
            world.tasks(TestTask.task(random.nextInt(3600), 10 + random.nextInt(2000)).cores(1 + random.nextInt(4))
                    .util(0.2 + random.nextDouble() / 2).workClass(random.nextInt(2)));
        }
        Path folder = Files.createTempDirectory("world");
        try {
            double[][] first = met(world.run(folder, Deciders.everythingAt(0)));
            double[][] second = met(world.immediate().run(folder, backwardsAndLate(seed)));
            for (int t = 0; t < n; t++) {
                assertEquals(first[t][0], second[t][0], EXACT * first[t][0], "run time of task " + t);
                assertEquals(first[t][1], second[t][1], EXACT * first[t][1], "energy of task " + t);
            }
            double[][] other = met(world.seed(seed + 1).run(folder, Deciders.everythingAt(0)));
            assertNotEquals(first[0][0], other[0][0]);
        } finally {
            TestFolders.delete(folder);
        }
    }

    private static Deciders.Scripted backwardsAndLate(long seed) {
        Random random = new Random(~seed);
        return Deciders.scripted((o, answer) -> {
            for (int i = o.ask.size() - 1; i >= 0; i--) {
                if (random.nextInt(3) == 0) {
                    answer.defer(o.ask.get(i), o.tUs + 1 + random.nextInt(900_000_000), Decisions.STATUS_HEURISTIC, "");
                } else {
                    answer.place(o.ask.get(i), 1, Decisions.STATUS_HEURISTIC, "");
                }
            }
        });
    }

    /** Run time and energy at the plug of each task. */
    private static double[][] met(RunResult run) throws IOException {
        assertEquals("completed", run.status(), run.result().reason());
        double[][] met = new double[Math.toIntExact(run.jobs().rows())][];
        for (int t = 0; t < met.length; t++) {
            assertEquals(TaskState.FINISHED, run.state(t));
            met[t] = new double[] {run.job("finish_s", t) - run.job("start_s", t), run.job("it_kwh", t)};
        }
        return met;
    }
}
