package org.greensched.sim.datacenter;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.TruthService;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestFaults;
import org.greensched.sim.support.TestFolders;
import org.greensched.sim.support.TestSite;
import org.greensched.sim.support.TestTask;
import org.greensched.sim.support.TestTruth;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorldTruthTest {
    private static final double EXACT_FRAC = 1e-9;
    /** A site here draws 220 to 1800 W, whoever comes, goes or sleeps; (1 + 50 / 220) / (1 + 50 / 1800) = 1.194. */
    private static final double LOAD_PUE_FRAC = 0.2;

    @TempDir
    private Path folder;

    /** Truth by hand: V7's job, asked about half an hour ahead, at home and after a transfer. */
    @Test
    void truthByHand() throws IOException {
        TruthService.Answer[] answer = new TruthService.Answer[1];
        Deciders.Scripted[] decider = new Deciders.Scripted[1];
        decider[0] = Deciders.scripted((o, out) -> {
            if (o.ask.isEmpty()) {
                return; // only reports
            }
            answer[0] = decider[0].truth.truth(new long[] {0}, new int[] {0, 0, 1}, new long[] {0, 1_800_000_000L, 0});
            out.place(0, 0, Decisions.STATUS_HEURISTIC, "");
        });
        new TestWorld().privileged().network(0, 100, 10).site(site(100, 300).pue(1.5).hosts(1, 2, 80, 180))
                .site(site(100).pue(1).sleepers(1, 4, new double[] {80, 180}, 0, 5, 30, 90))
                .tasks(task(0, 3600).from(0, 25)).run(folder, decider[0]);
        assertEquals(3600, answer[0].serviceTimeS()[0], 1e-9);
        assertEquals(0, answer[0].waitS()[1], 0);
        assertEquals(0.075, answer[0].energyKwh()[0], 1e-12);
        assertEquals(0.075, answer[0].energyKwh()[1], 1e-12);
        assertEquals(20.1 + 30, answer[0].waitS()[2], 1e-9);
        assertEquals(20.1 + 30 + 3600, answer[0].serviceTimeS()[2], 1e-9);
        assertEquals(0.025, answer[0].energyKwh()[2], 1e-12);
    }

    @Test
    void whereItNeverFitsThereIsNoAnswer() throws IOException {
        Deciders.Scripted[] decider = new Deciders.Scripted[1];
        decider[0] = Deciders.scripted((o, out) -> {
            if (o.ask.isEmpty()) {
                return; // only reports
            }
            TruthService.Answer answer = decider[0].truth.truth(new long[] {0}, new int[] {0, 1}, new long[] {0, 0});
            assertTrue(Double.isNaN(answer.waitS()[0]) && Double.isNaN(answer.energyKwh()[0]));
            assertEquals(60, answer.serviceTimeS()[1], 1e-9);
            assertThrows(IllegalArgumentException.class,
                    () -> decider[0].truth.truth(new long[] {0}, new int[] {2}, new long[] {0}));
            assertThrows(IllegalArgumentException.class,
                    () -> decider[0].truth.truth(new long[] {5}, new int[] {0}, new long[] {0}));
            out.place(0, 1, Decisions.STATUS_HEURISTIC, "");
        });
        RunResult run = new TestWorld().privileged().site(site(1).hosts(1, 1, 50, 60)).site(site(1).hosts(1, 2, 50, 60))
                .tasks(task(0, 60).cores(2)).run(folder, decider[0]);
        assertEquals("completed", run.status(), run.result().reason());
    }

    @Test
    void onlyPrivilegedRunsHaveIt() throws IOException {
        Deciders.Scripted decider = Deciders.everythingAt(0);
        new TestWorld().site(site(1).hosts(1, 1, 50, 60)).tasks(task(0, 60)).run(folder, decider);
        assertNull(decider.truth);
    }

    /**
     * What truth says about an option is what happens when just that option is taken: exactly, whatever the curves and whoever
     * joins or leaves; but for a load-dependent PUE, where the other hosts' power is taken as of the question.
     */
    @Property(tries = 200)
    void truthComesTrue(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        boolean load = random.nextInt(3) == 0;
        TestWorld world = new TestWorld().privileged().hours(2).seed(seed).noise(0.2, 0.2).network(0.01, 50, 2)
                .site(randomSite(random, load)).site(randomSite(random, load));
        int others = 3 + random.nextInt(40);
        for (int t = 0; t < others; t++) {
            world.tasks(randomTask(random, 0));
        }
        world.tasks(randomTask(random, 450)); // arrives alone, last
        comesTrue(world, random, 2, others, load ? LOAD_PUE_FRAC : EXACT_FRAC);
    }

    /** The same where hosts have kinds, tasks profiles, interference a power, and heat throttles. */
    @Property(tries = 200)
    void whatIsHiddenComesTrueToo(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        List<TestSite> sites = List.of(randomSite(random, false), randomSite(random, false));
        List<TestTask> tasks = new ArrayList<>();
        int others = 3 + random.nextInt(40);
        for (int t = 0; t < others; t++) {
            tasks.add(randomTask(random, 0));
        }
        tasks.add(randomTask(random, 450));
        TestWorld world = new TestWorld().privileged().hours(2).seed(seed).noise(0.2, 0.2).network(0.01, 50, 2)
                .site(sites.get(0)).site(sites.get(1)).tasks(tasks);
        world.truth(TestTruth.random(random, sites, tasks, 4));
        comesTrue(world, random, 2, others, EXACT_FRAC);
    }

    /** The same while hosts are broken: tasks that they interrupted are back, and their repairs are known to the truth. */
    @Property(tries = 100)
    void brokenHostsAreRepairedInTheTruthToo(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        TestSite[] sites = {randomSite(random, false), randomSite(random, false)};
        TestFaults faults = new TestFaults().failedPower(random.nextBoolean() ? "idle" : "off");
        faults.checkpoint(random.nextInt(2) * 60, random.nextInt(5), random.nextInt(40));
        for (int f = 1 + random.nextInt(6); f > 0; f--) {
            int dc = random.nextInt(2);
            faults.host(dc, random.nextInt(sites[dc].hostCount()), 1 + random.nextInt(299), 310 + random.nextInt(5000));
        }
        TestWorld world = new TestWorld().privileged().hours(2).seed(seed).noise(0.2, 0.2).network(0.01, 50, 2)
                .site(sites[0]).site(sites[1]).faults(faults);
        int others = 3 + random.nextInt(40);
        for (int t = 0; t < others; t++) {
            world.tasks(randomTask(random, 0));
        }
        world.tasks(randomTask(random, 450));
        comesTrue(world, random, 2, others, EXACT_FRAC);
    }

    /** And while hosts are withdrawn and cores capped, on top of what is broken: what returns, and when, is known to the truth. */
    @Property(tries = 150)
    void whatIsWithdrawnOrCappedComesBackInTheTruthToo(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        TestSite[] sites = {randomSite(random, false), randomSite(random, false)};
        TestFaults faults = new TestFaults().failedPower(random.nextBoolean() ? "idle" : "off");
        for (int f = 1 + random.nextInt(8); f > 0; f--) {
            int dc = random.nextInt(2);
            double startS = random.nextInt(299);
            double endS = 310 + random.nextInt(5000);
            int host = random.nextInt(sites[dc].hostCount());
            switch (random.nextInt(4)) {
                case 0 -> faults.capped(dc, random.nextInt(5) * 0.25, startS, endS);
                case 1 -> faults.host(dc, host, 1 + startS, endS);
                default -> faults.withdrawn(dc, host, 1 + random.nextInt(sites[dc].hostCount() - host), startS, endS);
            }
        }
        TestWorld world = new TestWorld().privileged().hours(2).seed(seed).noise(0.2, 0.2).network(0.01, 50, 2)
                .site(sites[0]).site(sites[1]).faults(faults);
        int others = 3 + random.nextInt(40);
        for (int t = 0; t < others; t++) {
            world.tasks(randomTask(random, 0));
        }
        world.tasks(randomTask(random, 450));
        comesTrue(world, random, 2, others, EXACT_FRAC);
    }

    /** A neighbour that goes on from a checkpoint but waits for its host to wake: it restarts first, and then works. */
    @Test
    void aNeighbourThatWillRestart() throws IOException {
        brokenHostsAreRepairedInTheTruthToo(-108);
    }

    /** What is left of an interrupted task: 30 s of restart, 60 s at full load and 300 s idle; asked on its way back. */
    @Test
    void ofAnInterruptedTaskOnlyTheRestIsTold() throws IOException {
        TruthService.Answer[] answer = new TruthService.Answer[1];
        Deciders.Scripted[] decider = new Deciders.Scripted[1];
        decider[0] = Deciders.scripted((o, out) -> {
            for (int i = 0; i < o.ask.size(); i++) {
                answer[0] = decider[0].truth.truth(new long[] {0}, new int[] {0}, new long[] {o.tUs});
                out.place(0, 0, Decisions.STATUS_HEURISTIC, "");
            }
        });
        RunResult run = new TestWorld().privileged().hours(1).site(site(100).hosts(1, 1, 100, 200))
                .faults(new TestFaults().host(0, 0, 270, 450).checkpoint(120, 0, 30))
                .tasks(task(0, 600).phases(new double[] {0.5, 1, 0}, new double[] {0.5, 0, 0})).run(folder, decider[0]);
        assertEquals(150, answer[0].waitS()[0], 1e-9);
        assertEquals(150 + 390, answer[0].serviceTimeS()[0], 1e-9);
        assertEquals(90 * 100 / 3.6e6, answer[0].energyKwh()[0], 1e-15);
        assertEquals(300 + 540, run.job("finish_s", 0), 1e-9);
        assertEquals((270 + 90) * 100 / 3.6e6, run.job("dynamic_kwh", 0), 1e-15);
    }

    /** Alone, and with no other host that could fall asleep, it is exact for a load-dependent PUE too. */
    @Property(tries = 200)
    void aloneItIsExactForEveryPue(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        TestSite site = pue(TestSite.site(random.doubles(4, 50, 500).toArray()), random, random.nextInt(3));
        if (random.nextBoolean()) {
            site.sleepers(1, 6, curve(random), random.nextInt(900), 8, random.nextInt(400), 100);
        } else {
            site.hosts(1 + random.nextInt(3), 4, curve(random)).gpuHosts(1, 8, 2, 0, 30, 300, curve(random));
        }
        TestTask task = task(450, 10 + random.nextInt(4000)).cores(1 + random.nextInt(4)).util(random.nextDouble());
        if (random.nextBoolean()) {
            task.phases(new double[] {0.25, random.nextDouble(), 0}, new double[] {0.75, random.nextDouble(), 1});
        }
        comesTrue(new TestWorld().privileged().seed(seed).noise(0.2, 0.2).site(site).tasks(task), random, 1, 0, EXACT_FRAC);
    }

    /** Asks about the last task when it arrives, takes that option and compares. */
    private static void comesTrue(TestWorld world, Random random, int sites, int last, double toleranceFrac) throws IOException {
        TruthService.Answer[] answer = new TruthService.Answer[1];
        int dc = random.nextInt(sites);
        Deciders.Scripted[] decider = new Deciders.Scripted[1];
        decider[0] = Deciders.scripted((o, out) -> {
            for (int i = 0; i < o.ask.size(); i++) {
                long task = o.ask.get(i);
                if (task < last) {
                    out.place(task, random.nextInt(sites), Decisions.STATUS_HEURISTIC, "");
                } else {
                    answer[0] = decider[0].truth.truth(new long[] {task}, new int[] {dc}, new long[] {o.tUs});
                    out.place(task, dc, Decisions.STATUS_HEURISTIC, "");
                }
            }
        });
        Path place = Files.createTempDirectory("world");
        try {
            RunResult run = world.run(place, decider[0]);
            assertEquals("completed", run.status(), run.result().reason());
            double placed = run.job("placed_s", last);
            assertEquals(run.job("start_s", last) - placed, answer[0].waitS()[0], 1e-6);
            assertEquals(run.job("finish_s", last) - placed, answer[0].serviceTimeS()[0], 1e-6);
            double energy = run.job("dynamic_kwh", last);
            assertEquals(energy, answer[0].energyKwh()[0], toleranceFrac * energy + 1e-15);
        } finally {
            TestFolders.delete(place);
        }
    }

    private static double[] curve(Random random) {
        return random.nextBoolean() ? new double[] {80, 150, 190, 200} : new double[] {80, 200};
    }

    private static TestSite pue(TestSite site, Random random, int kind) {
        return switch (kind) {
            case 0 -> site.pue(1.3);
            case 1 -> site.temperaturePue(1.1, 15, 0.02, random.doubles(4, 0, 35).toArray());
            default -> site.loadPue(random.nextDouble() * 50, 1 + random.nextDouble() / 3);
        };
    }

    private static TestSite randomSite(Random random, boolean load) {
        TestSite site = pue(TestSite.site(random.doubles(4, 50, 500).toArray()), random, load ? 2 : random.nextInt(2));
        site.hosts(1 + random.nextInt(2), 4, curve(random));
        site.sleepers(1 + random.nextInt(3), 6, curve(random), random.nextInt(600), 8, random.nextInt(400), 100);
        return site.gpuHosts(1, 8, 2, 0, 30, 300, curve(random));
    }

    private static TestTask randomTask(Random random, double arrivalS) {
        TestTask task = task(arrivalS, 10 + random.nextInt(4000)).cores(1 + random.nextInt(4)).util(random.nextDouble())
                .interference(random.nextDouble()).priority(random.nextInt(2)).from(random.nextInt(2), random.nextInt(100));
        if (random.nextInt(4) == 0) {
            task.gpus(random.nextBoolean() ? 0.5 : 1, -1, random.nextDouble());
        }
        if (random.nextInt(3) == 0) {
            task.phases(new double[] {0.25, random.nextDouble(), 0}, new double[] {0.75, random.nextDouble(), 1});
        }
        return task;
    }
}
