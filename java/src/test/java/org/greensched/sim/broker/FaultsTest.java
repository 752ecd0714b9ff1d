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
import org.greensched.sim.columns.Table;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.FirstFitDecider;
import org.greensched.sim.placement.LeastLoadedDecider;
import org.greensched.sim.placement.LowestIntensityDecider;
import org.greensched.sim.placement.PlacementDecider;
import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestFaults;
import org.greensched.sim.support.TestSite;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hosts and datacenters that break: what it costs, and that nothing is lost. Worked out by hand. */
class FaultsTest {
    private static final double J_PER_KWH = 3.6e6;

    @TempDir
    private Path folder;

    /** One host of one core, 100 W idle; a task that keeps half of it busy draws 150 W in all. */
    private static TestSite halfBusy() {
        return site(100).hosts(1, 1, 100, 200);
    }

    private RunResult tenMinutes(TestFaults faults, double hours) throws IOException {
        return new TestWorld().hours(hours).site(halfBusy()).faults(faults).tasks(task(0, 600).util(0.5))
                .run(folder, Deciders.everythingAt(0));
    }

    /** OpenDC's case: fails at 5 min for 5 min, no checkpoint: ends at 20 min with 15 * 60 * 150 + 5 * 60 * 100 J. */
    @Test
    void theFailureCaseOfOpenDc() throws IOException {
        RunResult run = tenMinutes(new TestFaults().host(0, 0, 300, 600), 1 / 3.0);
        assertEquals(1200, run.job("finish_s", 0), 0);
        assertEquals(165_000, run.total("it_kwh") * J_PER_KWH, 0);
        assertEquals(2, run.jobs().i32("attempts").get(0));
        assertEquals(0, run.job("first_start_s", 0), 0);
        assertEquals(600, run.job("start_s", 0), 0);
        assertEquals(300, run.hosts().f64("down_s").get(0), 0);
        assertEquals(1, run.result().json().get("interruptions").getAsInt());
        RunResult unfailed = tenMinutes(new TestFaults(), 1 / 6.0);
        assertEquals(90_000, unfailed.total("it_kwh") * J_PER_KWH, 0);
    }

    @Test
    void immediateModeGivesTheSame() throws IOException {
        RunResult run = new TestWorld().immediate().hours(1 / 3.0).site(halfBusy())
                .faults(new TestFaults().host(0, 0, 250, 550)).tasks(task(0, 600).util(0.5))
                .run(folder, Deciders.everythingAt(0));
        assertEquals(1150, run.job("finish_s", 0), 0);
        assertEquals(250 * 150 + 300 * 100 + 600 * 150 + 50 * 100, run.total("it_kwh") * J_PER_KWH, 1e-9);
    }

    @Test
    void aFailedHostThatIsOffDrawsNothing() throws IOException {
        RunResult run = tenMinutes(new TestFaults().host(0, 0, 300, 600).failedPower("off"), 1 / 3.0);
        assertEquals(15 * 60 * 150, run.total("it_kwh") * J_PER_KWH, 1e-9);
    }

    /** Checkpoints at 120 and 240 s; 360 s are left, after a restart of 30 s. What was lost is still charged to the task. */
    @Test
    void aCheckpointKeepsWhatWasDoneBeforeIt() throws IOException {
        RunResult run = tenMinutes(new TestFaults().host(0, 0, 300, 600).checkpoint(120, 0, 30), 1);
        assertEquals(600 + 30 + 360, run.job("finish_s", 0), 1e-9);
        assertEquals((300 + 390) * 50 / J_PER_KWH, run.job("it_kwh", 0), 1e-15);
        assertEquals(1, run.job("done_frac", 0), 0);
    }

    @Test
    void writingCheckpointsTakesTimeAlsoWhereNothingBreaks() throws IOException {
        RunResult run = tenMinutes(new TestFaults().checkpoint(100, 5, 30), 1);
        assertEquals(600 * 1.05, run.job("finish_s", 0), 1e-9);
    }

    /** Phases 300 s at full load, 300 s idle: with 240 s saved, what is left is 60 s at full load and 300 s idle. */
    @Test
    void aLaterAttemptBeginsInThePhaseItHadReached() throws IOException {
        RunResult run = new TestWorld().hours(1).site(halfBusy()).faults(new TestFaults().host(0, 0, 270, 300).checkpoint(120, 0, 0))
                .tasks(task(0, 600).phases(new double[] {0.5, 1, 0}, new double[] {0.5, 0, 0}))
                .run(folder, Deciders.everythingAt(0));
        assertEquals(300 + 360, run.job("finish_s", 0), 1e-9);
        assertEquals((270 + 60) * 100 / J_PER_KWH, run.job("it_kwh", 0), 1e-15);
    }

    @Test
    void theLastAttemptThatFailsIsReportedAndSoIsWhatWaitsForIt() throws IOException {
        Deciders.Scripted decider = Deciders.everythingAt(0);
        RunResult run = new TestWorld().hours(1).site(halfBusy()).tasks(task(0, 600), task(1, 60)).edge(0, 1)
                .faults(new TestFaults().host(0, 0, 100, 200).host(0, 0, 400, 500).maxAttempts(2)).run(folder, decider);
        assertEquals(TaskState.FAILED, run.state(0));
        assertEquals(JobLedger.REASON_INTERRUPTED, run.jobs().i32("reason").get(0));
        assertEquals(400, run.job("finish_s", 0), 0);
        assertEquals(TaskState.REJECTED, run.state(1));
        assertEquals(JobLedger.REASON_PREDECESSOR, run.jobs().i32("reason").get(1));
        assertEquals((100 + 100) * 100 / J_PER_KWH, run.job("it_kwh", 0), 1e-15);
        assertTrue(String.join(";", decider.told).contains("reports[0, 1]"), decider.told.toString());
    }

    @Test
    void failRulesGiveNoSecondAttempt() throws IOException {
        RunResult run = tenMinutes(new TestFaults().host(0, 0, 300, 600).interrupted("fail"), 1);
        assertEquals(TaskState.FAILED, run.state(0));
        assertEquals(0, run.job("done_frac", 0), 0);
    }

    /** A task that ends at the very instant of the failure has ended. */
    @Test
    void whatEndsAtThatInstantHasEnded() throws IOException {
        RunResult run = tenMinutes(new TestFaults().host(0, 0, 600, 900), 1);
        assertEquals(TaskState.FINISHED, run.state(0));
        assertEquals(1, run.jobs().i32("attempts").get(0));
    }

    @Test
    void overlappingFaultsKeepAHostDownUntilTheLastIsOver() throws IOException {
        RunResult run = tenMinutes(new TestFaults().host(0, 0, 300, 600).host(0, 0, 400, 1000).outage(0, 900, 1200), 1);
        assertEquals(1200, run.job("start_s", 0), 0);
        assertEquals(900, run.hosts().f64("down_s").get(0), 0);
        // 600 s failed at idle power until the outage, 300 s of outage without any
        double joules = 300 * 150 + 600 * 100 + 600 * 150 + (3600 - 1800) * 100;
        assertEquals(joules, run.total("it_kwh") * J_PER_KWH, 1e-6);
    }

    /** Two hosts, one running and one task queued per core; in the outage nothing is drawn, not even the fixed overhead. */
    @Test
    void anOutageSendsEveryoneBackAndDrawsNothing() throws IOException {
        List<String> asked = new ArrayList<>();
        Deciders.Scripted decider = Deciders.scripted((o, answer) -> {
            for (int i = 0; i < o.ask.size(); i++) {
                asked.add(o.tUs / 1_000_000 + ":" + o.ask.get(i) + ":" + o.datacenters[0].down);
                answer.place(o.ask.get(i), o.tUs < 600_000_000 ? 0 : 1, Decisions.STATUS_HEURISTIC, "");
            }
        });
        TestSite dark = site(100).hosts(1, 1, 100, 200).loadPue(50, 1);
        RunResult run = new TestWorld().hours(1).site(dark).site(halfBusy()).faults(new TestFaults().outage(0, 100, 9000))
                .tasks(task(0, 600).util(0.5), task(0, 60).util(0.5)).run(folder, decider);
        // at 300 s the decider still wants the dark datacenter: refused, and asked again at 600 s
        assertEquals(List.of("0:0:0", "0:1:0", "300:0:1", "300:1:1", "600:0:1", "600:1:1"), asked);
        assertEquals(List.of(8L, 8L), run.decisions().subList(2, 4).stream().map(row -> row[4]).toList());
        assertEquals(600, run.job("start_s", 0), 0);
        assertEquals(1200, run.job("start_s", 1), 0);
        Table first = run.slots().get(0);
        assertEquals(100 * (150 + 50), first.f64("facility_kwh").get(0) * J_PER_KWH, 1e-9);
        for (Table slot : run.slots().subList(1, run.slots().size())) {
            assertEquals(0, slot.f64("facility_kwh").get(0), 0);
            assertEquals(1, slot.i32("hosts_down").get(0));
        }
    }

    @Test
    void dataThatComesToADarkDatacenterIsPlacedAgain() throws IOException {
        Deciders.Scripted decider = Deciders.scripted((o, answer) -> {
            for (int i = 0; i < o.ask.size(); i++) {
                answer.place(o.ask.get(i), o.tUs == 0 ? 1 : 0, Decisions.STATUS_HEURISTIC, "");
            }
        });
        // 100 GB at 1 Gbit/s: 800 s
        RunResult run = new TestWorld().hours(1).network(0.01, 0, 1).site(halfBusy()).site(halfBusy())
                .faults(new TestFaults().outage(1, 500, 2000)).tasks(task(0, 60).from(0, 100)).run(folder, decider);
        assertEquals(900, run.job("start_s", 0), 0);
        assertEquals(1.0, run.job("transfer_kwh", 0), 1e-12);
        assertEquals(TaskState.FINISHED, run.state(0));
    }

    @Test
    void aBlindDatacenterShowsNoGridButIsMeteredAllTheSame() throws IOException {
        List<Double> seen = new ArrayList<>();
        Deciders.Scripted decider = Deciders.scripted((o, answer) -> {
            seen.add(o.datacenters[0].carbonGpkwh);
            for (int i = 0; i < o.ask.size(); i++) {
                answer.place(o.ask.get(i), 0, Decisions.STATUS_HEURISTIC, "");
            }
        });
        RunResult run = new TestWorld().hours(1).site(halfBusy()).faults(new TestFaults().blind(0, 200, 400))
                .tasks(task(0, 60), task(250, 60), task(500, 60)).run(folder, decider);
        assertEquals(List.of(100.0, Double.NaN, 100.0), seen);
        assertEquals(run.total("facility_kwh") * 100, run.total("carbon_g"), 1e-9);
    }

    /** A host that sleeps, or wakes for a task, breaks: it is awake when it is repaired, and the task starts then. */
    @Test
    void sleepingAndWakingHostsBreakToo() throws IOException {
        TestSite sleepy = site(100).sleepers(1, 1, new double[] {100, 200}, 60, 5, 50, 120);
        RunResult run = new TestWorld().immediate().hours(1).site(sleepy)
                .faults(new TestFaults().host(0, 0, 320, 400).host(0, 0, 1000, 1010))
                .tasks(task(300, 100), task(1500, 100)).run(folder, Deciders.everythingAt(0));
        assertEquals(400, run.job("start_s", 0), 0);
        assertEquals(1, run.jobs().i32("attempts").get(0));
        // asleep again at 560, broken asleep at 1000, awake at 1010, asleep at 1070, woken at 1500
        assertEquals(1550, run.job("start_s", 1), 0);
        assertEquals(240 + 440 + 430 + (3600 - 1710), run.hosts().f64("asleep_s").get(0), 1e-9);
        assertEquals(90, run.hosts().f64("down_s").get(0), 0);
        double joules = 60 * 100 + 240 * 5 + 20 * 120 + 80 * 100 + 100 * 200 + 60 * 100 + 440 * 5 + 10 * 100 + 60 * 100
                + 430 * 5 + 50 * 120 + 100 * 200 + 60 * 100 + (3600 - 1710) * 5;
        assertEquals(joules, run.total("it_kwh") * J_PER_KWH, 1e-6);
    }

    @Test
    void anImpossibleFaultIsRefusedByItsRow() throws IOException {
        RunResult run = tenMinutes(new TestFaults().host(0, 0, 300, 600).host(0, 1, 700, 800), 1);
        assertEquals(2, run.result().exitCode());
        assertTrue(run.result().reason().contains("faults.gsf: row 1"), run.result().reason());
    }

    /** A task whose host was to be awake at 350 s but broke at 320 s never started: no start after its end. */
    @Test
    void aTaskThatNeverStartedHasNoStart() throws IOException {
        TestSite sleepy = site(100).sleepers(1, 1, new double[] {100, 200}, 60, 5, 50, 120);
        RunResult run = new TestWorld().immediate().hours(1).site(sleepy)
                .faults(new TestFaults().host(0, 0, 320, 400).interrupted("fail")).tasks(task(300, 100))
                .run(folder, Deciders.everythingAt(0));
        assertEquals(TaskState.FAILED, run.state(0));
        assertEquals(0, run.jobs().i32("attempts").get(0));
        assertEquals(Double.NaN, run.job("start_s", 0), 0);
        assertEquals(320, run.job("finish_s", 0), 0);
    }

    /** One that began before keeps the start of its last attempt: the host sleeps at 160 s, wakes at 500 s, breaks at 520 s. */
    @Test
    void theStartIsThatOfTheLastAttempt() throws IOException {
        TestSite sleepy = site(100).sleepers(1, 1, new double[] {100, 200}, 60, 5, 50, 120);
        RunResult run = new TestWorld().hours(1).drainS(0).site(sleepy)
                .faults(new TestFaults().host(0, 0, 20, 100).host(0, 0, 320, 5000)).tasks(task(0, 1000))
                .run(folder, Deciders.everythingAt(0));
        assertEquals(TaskState.QUEUED, run.state(0));
        assertEquals(1, run.jobs().i32("attempts").get(0));
        assertEquals(0, run.job("start_s", 0), 0);
    }

    /** An outage of the only place is no reason to reject a task. */
    @Test
    void theDecidersOfTheWorldWaitForPower() throws IOException {
        TestWorld world = new TestWorld().hours(1).site(site(100).hosts(1, 4, 100, 200))
                .faults(new TestFaults().outage(0, 100, 1000)).tasks(task(0, 500), task(150, 60), task(200, 60).cores(5));
        RunConfig config = RunConfig.read(world.write(folder).resolve("input/run.json"));
        for (PlacementDecider decider : List.of(new FirstFitDecider(config), new LowestIntensityDecider(config),
                new LeastLoadedDecider(config))) {
            RunResult run = world.run(folder, decider);
            assertEquals(TaskState.FINISHED, run.state(0));
            assertEquals(1700, run.job("finish_s", 0), 0);
            assertEquals(1260, run.job("finish_s", 1), 0);
            assertEquals(TaskState.REJECTED, run.state(2));
        }
    }

    /** A virtual machine of 2000 MIPS goes where cores have as many, however much room there is elsewhere. */
    @Test
    void theDecidersOfTheWorldKnowWhatAVirtualMachineNeeds() throws IOException {
        TestWorld world = new TestWorld().hours(1).site(site(50).mips(1000, "space").hosts(4, 4, 100, 200))
                .site(site(500).mips(3000, "space").hosts(1, 2, 100, 200)).tasks(vm(0, 2000).cores(2).cloudlet(2000), task(0, 60));
        RunConfig config = RunConfig.read(world.write(folder).resolve("input/run.json"));
        RunResult run = world.run(folder, new FirstFitDecider(config));
        assertEquals(TaskState.FINISHED, run.state(0));
        assertEquals(1, run.jobs().i32("dc").get(0));
        assertEquals(0, run.jobs().i32("dc").get(1));
    }
}
