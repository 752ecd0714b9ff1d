package org.greensched.sim.broker;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.greensched.sim.support.TestTask.vm;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.greensched.sim.placement.DatacenterView;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.TruthService;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestFaults;
import org.greensched.sim.support.TestSite;
import org.greensched.sim.support.TestTask;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hosts that are drained and cores that are capped, in both execution models. Worked out by hand. */
class WithdrawnAndCappedTest {
    private static final double J_PER_KWH = 3.6e6;
    private static final double FOR_GOOD = Double.POSITIVE_INFINITY;

    @TempDir
    private Path folder;

    private static TestWorld world(String execution, TestSite site, TestFaults faults, TestTask... tasks) {
        TestWorld world = new TestWorld().immediate().hours(1).drainS(0).fixedEnd().site(site).faults(faults).tasks(tasks);
        return execution.equals("cloudsim") ? world.cloudsim() : world;
    }

    private RunResult run(String execution, TestSite site, TestFaults faults, TestTask... tasks) throws IOException {
        RunResult run = world(execution, site, faults, tasks).run(folder, Deciders.everythingAt(0));
        assertEquals("completed", run.status(), run.result().reason());
        assertEquals(0, run.result().json().get("interruptions").getAsInt(), "nothing is interrupted");
        return run;
    }

    /**
     * One core, 100 to 200 W, withdrawn from 300 to 1000 s. The first task runs on to 600 s; until 1000 s nothing is drawn; the
     * second, there since 400 s, starts then.
     */
    @ParameterizedTest
    @ValueSource(strings = {"exact", "cloudsim"})
    void aWithdrawnHostDrainsAndDrawsNothing(String execution) throws IOException {
        RunResult run = run(execution, site(100).hosts(1, 1, 100, 200), new TestFaults().withdrawn(0, 0, 1, 300, 1000),
                task(0, 600).util(0.5), task(400, 100).util(0.5));
        assertEquals(600, run.job("finish_s", 0), 1e-9);
        assertEquals(1000, run.job("start_s", 1), 1e-9);
        assertEquals(1100, run.job("finish_s", 1), 1e-9);
        assertEquals(1, run.jobs().i32("attempts").get(0));
        assertEquals(600 * 150 + 100 * 150 + 2500 * 100, run.total("it_kwh") * J_PER_KWH, 1e-6);
        assertEquals(400, run.hosts().f64("down_s").get(0), 1e-9);
    }

    /** Withdrawn for an hour and a half in all by three that overlap; a failure within draws nothing either. */
    @ParameterizedTest
    @ValueSource(strings = {"idle", "off"})
    void whatOverlapsIsOverWhenTheLastIs(String failedPower) throws IOException {
        TestFaults faults = new TestFaults().failedPower(failedPower).withdrawn(0, 0, 1, 100, 500).withdrawn(0, 0, 1, 400, 700)
                .host(0, 0, 600, 900).withdrawn(0, 0, 1, 1000, 1200).outage(0, 1100, 1300);
        RunResult run = run("exact", site(100).hosts(1, 1, 100, 200), faults, task(200, 50));
        assertEquals(900, run.job("start_s", 0), 0);
        // 100 s idle; nothing to 700 s; failed to 900 s; 50 s busy, 50 s idle; nothing to 1300 s; idle to the end
        double failedJ = failedPower.equals("idle") ? 200 * 100 : 0;
        assertEquals(100 * 100 + failedJ + 50 * 200 + 50 * 100 + 2300 * 100, run.total("it_kwh") * J_PER_KWH, 1e-6);
        assertEquals(600 + 200 + 300, run.hosts().f64("down_s").get(0), 1e-9);
    }

    /** Withdrawn while failed: it stops drawing its idle power at that moment. */
    @Test
    void aFailedHostThatIsWithdrawnIsSwitchedOff() throws IOException {
        RunResult run = run("exact", site(100).hosts(1, 1, 100, 200),
                new TestFaults().host(0, 0, 100, 300).withdrawn(0, 0, 1, 200, 400));
        assertEquals((100 + 100 + 3200) * 100, run.total("it_kwh") * J_PER_KWH, 1e-6);
    }

    /** The host falls asleep at 60 s (5 W), is off from 100 to 200 s, awake and idle then, asleep again at 260 s. */
    @ParameterizedTest
    @ValueSource(strings = {"exact", "cloudsim"})
    void aSleepingHostIsWithdrawnToo(String execution) throws IOException {
        TestSite sleepy = site(100).sleepers(1, 1, new double[] {100, 200}, 60, 5, 50, 120);
        RunResult run = run(execution, sleepy, new TestFaults().withdrawn(0, 0, 1, 100, 200));
        assertEquals(60 * 100 + 40 * 5 + 60 * 100 + 3340 * 5, run.total("it_kwh") * J_PER_KWH, 1e-6);
    }

    /**
     * Four cores of which half may be used from 100 to 1000 s. Three run on; of the two that come, each of one core, none starts
     * until two have ended at 500 s: then one core is used and one starts; the other waits for the end of the cap.
     */
    @ParameterizedTest
    @ValueSource(strings = {"exact", "cloudsim"})
    void aCapHoldsStartsBackAndEnds(String execution) throws IOException {
        RunResult run = run(execution, site(100).hosts(2, 2, 100, 200), new TestFaults().capped(0, 0.5, 100, 1000),
                task(0, 500), task(0, 500), task(0, 3000), task(200, 3000), task(300, 60));
        assertEquals(500, run.job("start_s", 3), 1e-9);
        assertEquals(1000, run.job("start_s", 4), 1e-9);
        assertEquals(500, run.job("finish_s", 0), 1e-9);
    }

    /** Caps of 75 %, 25 % and 0 overlap: the least holds. Four cores; a task of one core comes at every 100 s and stays. */
    @Test
    void ofSeveralCapsTheLeastHolds() throws IOException {
        RunResult run = run("exact", site(100).hosts(1, 4, 100, 200),
                new TestFaults().capped(0, 0.75, 50, 900).capped(0, 0.25, 250, 600).capped(0, 0, 550, 700),
                task(100, 3000), task(200, 3000), task(300, 3000), task(400, 3000));
        assertEquals(200, run.job("start_s", 1), 0);
        assertEquals(700, run.job("start_s", 2), 0);
        assertEquals(900, run.job("start_s", 3), 0);
    }

    /** Two hosts of four cores and a utilisation cap of 0.5, which is of what is in service: four cores, then two, then four. */
    @Test
    void theUtilisationCapIsOfWhatIsInService() throws IOException {
        RunResult run = run("exact", site(100).cap(0.5).hosts(2, 4, 100, 200), new TestFaults().withdrawn(0, 1, 1, 50, 1000),
                task(100, 3000), task(100, 3000), task(100, 3000));
        assertEquals(List.of(100.0, 100.0, 1000.0),
                List.of(run.job("start_s", 0), run.job("start_s", 1), run.job("start_s", 2)));
    }

    /** What is withdrawn or held back is neither free nor used; what runs on a withdrawn host is used. */
    @Test
    void observationsShowWhatIsLeft() throws IOException {
        List<String> seen = new ArrayList<>();
        Deciders.Scripted decider = Deciders.scripted((o, answer) -> {
            DatacenterView v = o.datacenters[0];
            seen.add(o.tUs / 1_000_000 + ": " + v.freeCores + " free, " + v.maxFreeCores + " of one, " + v.usedCores + " used, "
                    + v.failedCores + " not, " + v.freeMemGb + " GB, " + v.down);
            for (int i = 0; i < o.ask.size(); i++) {
                answer.place(o.ask.get(i), 0, Decisions.STATUS_HEURISTIC, "");
            }
        });
        TestWorld world = world("exact", site(100).memoryHosts(2, 4, 10, 100, 200),
                new TestFaults().withdrawn(0, 0, 1, 100, 500).capped(0, 0.5, 300, 700),
                task(0, 450).cores(3).memGb(4), task(200, 10).memGb(1), task(400, 10), task(600, 10), task(800, 10));
        RunResult run = world.run(folder, decider);
        assertEquals("completed", run.status(), run.result().reason());
        assertEquals(List.of(
                "0: 8.0 free, 4.0 of one, 0.0 used, 0.0 not, 20.0 GB, 0",
                "200: 4.0 free, 4.0 of one, 3.0 used, 1.0 not, 10.0 GB, 0",
                // seven cores are in service, half of them may be used
                "400: 0.5 free, 0.5 of one, 3.0 used, 4.5 not, 10.0 GB, 0",
                "600: 4.0 free, 4.0 of one, 0.0 used, 4.0 not, 20.0 GB, 0",
                "800: 8.0 free, 4.0 of one, 0.0 used, 0.0 not, 20.0 GB, 0"), seen.subList(0, 5));
    }

    /** The old host goes at 600 s for good, a new one comes then, of twice the speed for class 1: 300 s of work take 150 s. */
    @ParameterizedTest
    @ValueSource(strings = {"exact", "cloudsim"})
    void aRefresh(String execution) throws IOException {
        TestSite site = site(100).hosts(1, 2, 100, 200).hosts(1, 1, 50, 100);
        RunResult run = run(execution, site, new TestFaults().withdrawn(0, 0, 1, 600, FOR_GOOD).withdrawn(0, 1, 1, 0, 600),
                task(0, 300), task(500, 300), task(700, 300).workClass(1));
        assertEquals(List.of(0, 0, 1), List.of(run.jobs().i32("host").get(0), run.jobs().i32("host").get(1),
                run.jobs().i32("host").get(2)));
        assertEquals(850, run.job("finish_s", 2), 1e-9);
        // the old one works for 600 s at half load and idles for 200 s, until 800 s
        assertEquals(600 * 150 + 200 * 100, run.hosts().f64("it_kwh").get(0) * J_PER_KWH, 1e-6);
        assertEquals(150 * 100 + (3000 - 150) * 50, run.hosts().f64("it_kwh").get(1) * J_PER_KWH, 1e-6);
    }

    /** Of two cores at once only the old host is capable: who waits for it is asked about again, and so is who comes later. */
    @Test
    void nobodyWaitsForWhatIsGoneForGood() throws IOException {
        List<String> asked = new ArrayList<>();
        Deciders.Scripted decider = Deciders.scripted((o, answer) -> {
            for (int i = 0; i < o.ask.size(); i++) {
                asked.add(o.tUs / 1_000_000 + ":" + o.ask.get(i));
                answer.place(o.ask.get(i), o.tUs < 700_000_000 ? 0 : 1, Decisions.STATUS_HEURISTIC, "");
            }
        });
        // 62.5 GB at 1 Gbit/s: 500 s
        RunResult run = world("exact", site(100).hosts(1, 2, 100, 200).hosts(1, 1, 50, 100),
                new TestFaults().withdrawn(0, 0, 1, 600, FOR_GOOD).withdrawn(0, 1, 1, 0, 600),
                task(0, 800).cores(2), task(100, 60).cores(2), task(200, 60), task(250, 60).cores(2).from(1, 62.5))
                .site(site(100).hosts(1, 2, 100, 200)).network(0, 0, 1).run(folder, decider);
        // the first is done at 800 s; at 600 s the new host takes the third, though it stood behind the second
        assertEquals(TaskState.FINISHED, run.state(0));
        assertEquals(600, run.job("start_s", 2), 0);
        assertEquals(List.of("0:0", "100:1", "200:2", "250:3", "600:1"), asked.subList(0, 5));
        assertEquals(5, run.decisions().get(4)[4], "never_fits");
        assertEquals(900, run.job("start_s", 1), 0);
        assertEquals(TaskState.FINISHED, run.state(3));
        assertTrue(asked.contains("750:3"), asked.toString());
    }

    /** Asked at 300 s: the capped place is free at 1000 s, the withdrawn one at 800 s. */
    @Test
    void truthKnowsWhenItIsOver() throws IOException {
        TruthService.Answer[] answer = new TruthService.Answer[1];
        Deciders.Scripted[] decider = new Deciders.Scripted[1];
        decider[0] = Deciders.scripted((o, out) -> {
            if (!o.ask.isEmpty()) {
                answer[0] = decider[0].truth.truth(new long[] {0}, new int[] {0, 1}, new long[] {o.tUs, o.tUs});
                out.place(0, 1, Decisions.STATUS_HEURISTIC, "");
            }
        });
        RunResult run = new TestWorld().privileged().hours(1).site(site(100).hosts(1, 1, 100, 200))
                .site(site(100).hosts(1, 1, 100, 200)).tasks(task(250, 60))
                .faults(new TestFaults().capped(0, 0.5, 100, 1000).capped(0, 0, 150, 700).withdrawn(1, 0, 1, 200, 800))
                .run(folder, decider[0]);
        assertEquals(700, answer[0].waitS()[0], 1e-9);
        assertEquals(500, answer[0].waitS()[1], 1e-9);
        assertEquals(800, run.job("start_s", 0), 1e-9);
    }

    /**
     * At 100 s the host of the first machine is nearly empty, and the third leaves it for the other, which takes 160 s; that one is
     * withdrawn at 150 s, so that the third stays where it is.
     */
    @Test
    void noMachineMovesToAWithdrawnHost() throws IOException {
        assertEquals(List.of(0, 1, 1), hostsOfMachines(new TestFaults()));
        assertEquals(List.of(0, 1, 0), hostsOfMachines(new TestFaults().withdrawn(0, 1, 1, 150, 5000)));
    }

    private List<Integer> hostsOfMachines(TestFaults faults) throws IOException {
        TestSite site = site(100).mips(1000, "space").migration(1, 0.6, 1000).hosts(2, 4, 100, 200);
        RunResult run = world("cloudsim", site, faults, vm(0, 1000).cores(3).memGb(10).cloudlet(1e5, 3, 0, 1),
                vm(1, 1000).cores(2).memGb(10).cloudlet(1e6, 2, 0, 1), vm(2, 1000).memGb(10).cloudlet(1e6))
                .run(folder, Deciders.everythingAt(0));
        assertEquals("completed", run.status(), run.result().reason());
        return List.of(run.jobs().i32("host").get(0), run.jobs().i32("host").get(1), run.jobs().i32("host").get(2));
    }

    @Test
    void impossibleRowsAreRefused() throws IOException {
        for (TestFaults faults : List.of(new TestFaults().withdrawn(0, 0, 2, 0, 100), new TestFaults().capped(0, 1.5, 0, 100),
                new TestFaults().add(0, 100, 4, 0, 0, 0), new TestFaults().add(0, 100, 5, 0, 0, 1))) {
            RunResult run = world("exact", site(100).hosts(1, 1, 100, 200), faults).run(folder, Deciders.everythingAt(0));
            assertEquals(2, run.result().exitCode());
            assertTrue(run.result().reason().contains("faults.gsf: row 0: "), run.result().reason());
        }
    }
}
