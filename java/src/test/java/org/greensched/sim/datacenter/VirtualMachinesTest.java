package org.greensched.sim.datacenter;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.greensched.sim.support.TestTask.vm;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestFaults;
import org.greensched.sim.support.TestTask;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Virtual machines by hand, in both models where both can. Hosts of 100 to 200 W, linear, cores of 1000 MIPS. */
class VirtualMachinesTest {
    private static final double FINISH_S = 1e-3;
    private static final double KWH = 1e-9;

    @TempDir
    private Path folder;

    private RunResult run(boolean stock, TestWorld world) throws IOException {
        RunResult run = (stock ? world.cloudsim() : world).immediate().run(folder, Deciders.everythingAt(0));
        assertEquals("completed", run.status(), run.result().reason());
        return run;
    }

    private static void cloudlet(RunResult run, int row, double startS, double finishS) throws IOException {
        assertEquals(TaskState.FINISHED, run.cloudlets().i32("state").get(row));
        assertEquals(startS, run.cloudlets().f64("start_s").get(row), FINISH_S, "start of cloudlet " + row);
        assertEquals(finishS, run.cloudlets().f64("finish_s").get(row), FINISH_S, "finish of cloudlet " + row);
    }

    /** After four months a double has no nanoseconds: what is left by rounding is done, in the plan too. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void monthsOfWork(boolean stock) throws IOException {
        java.util.Random random = new java.util.Random(1);
        TestTask[] machines = new TestTask[40];
        for (int i = 0; i < machines.length; i++) {
            machines[i] = vm(i, 1);
            for (int c = 0; c < 4; c++) {
                machines[i].cloudlet(1 + random.nextDouble() * 2e6, 1, random.nextInt(4000), 0.1 + 0.9 * random.nextDouble());
            }
        }
        RunResult run = run(stock, new TestWorld().hours(2).drainS(3600).site(site(100).hosts(10, 4, 100, 200)).tasks(machines));
        assertEquals(TaskState.RUNNING, run.state(0));
    }

    /** Two of 100 s alone on one core: each runs at half speed, 200 s; then the host is idle. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void twoCloudletsShareACore(boolean stock) throws IOException {
        RunResult run = run(stock, new TestWorld().site(site(100).hosts(1, 1, 100, 200))
                .tasks(vm(0, 1000).cloudlet(100_000).cloudlet(100_000)));
        cloudlet(run, 0, 0, 200);
        cloudlet(run, 1, 0, 200);
        assertEquals(200, run.job("finish_s", 0), FINISH_S);
        assertEquals(100 * 200 / 3.6e6, run.job("it_kwh", 0), KWH);
    }

    /** 50 s and 100 s of work: at half speed until 100 s, when the short one is done; the long one has 50 s left. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theLongerOneHasTheCoreToItselfAfterwards(boolean stock) throws IOException {
        RunResult run = run(stock, new TestWorld().site(site(100).hosts(1, 1, 100, 200))
                .tasks(vm(0, 1000).cloudlet(50_000).cloudlet(100_000)));
        cloudlet(run, 0, 0, 100);
        cloudlet(run, 1, 0, 150);
    }

    /** Two cores: 1 and 1 run, 2 waits for both, 1 fits only after it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void spaceSharedCloudletsQueue(boolean stock) throws IOException {
        RunResult run = run(stock, new TestWorld().site(site(100).hosts(1, 2, 100, 200)).tasks(vm(0, 1000).cores(2).scheduler(0)
                .cloudlet(100_000).cloudlet(50_000).cloudlet(30_000, 2, 0, 1).cloudlet(20_000)));
        cloudlet(run, 0, 0, 100);
        cloudlet(run, 1, 0, 50);
        cloudlet(run, 3, 50, 70); // the first that fits, though another came before it
        cloudlet(run, 2, 100, 130);
        // two cores busy for 50 + 20 + 30 s, one for 30 s: 100 W and 50 W
        assertEquals((100 * 100 + 50 * 30) / 3.6e6, run.job("it_kwh", 0), KWH);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aMachineBootsFirst(boolean stock) throws IOException {
        RunResult run = run(stock, new TestWorld().site(site(100).hosts(1, 1, 100, 200))
                .tasks(vm(10, 1000).bootS(30).cloudlet(100_000).cloudlet(10_000, 1, 200, 1)));
        cloudlet(run, 0, 40, 140);
        cloudlet(run, 1, 200, 210); // the machine idles in between
        assertEquals(210, run.job("finish_s", 0), FINISH_S);
        assertEquals(100 * 110 / 3.6e6, run.job("it_kwh", 0), KWH);
        assertEquals(100 * 200 / 3.6e6, run.job("idle_kwh", 0), KWH);
    }

    /** A cloudlet that can use half of its core takes twice as long and keeps half of it busy. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void utilisationOfACloudletIsSpeed(boolean stock) throws IOException {
        RunResult run = run(stock, new TestWorld().site(site(100).hosts(1, 1, 100, 200))
                .tasks(vm(0, 1000).cloudlet(100_000, 1, 0, 0.5)));
        cloudlet(run, 0, 0, 200);
        assertEquals(50 * 200 / 3.6e6, run.job("it_kwh", 0), KWH);
    }

    /** A machine of 250 MIPS a core: it holds its whole core where cores are not shared, a quarter where MIPS are. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void timeSharedHostsHoldMoreSmallMachines(boolean stock) throws IOException {
        for (String sharing : new String[] {"space", "time"}) {
            RunResult run = run(stock, new TestWorld().site(site(100).mips(1000, sharing).hosts(1, 2, 100, 200)).tasks(
                    vm(0, 250).cloudlet(25_000), vm(0, 250).cloudlet(25_000), vm(0, 250).cloudlet(25_000)));
            double secondWave = sharing.equals("space") ? 200 : 100;
            assertEquals(100, run.job("finish_s", 1), FINISH_S);
            assertEquals(secondWave, run.job("finish_s", 2), FINISH_S);
            assertEquals(12.5 * 100 / 3.6e6, run.job("it_kwh", 0), KWH);
        }
    }

    /** Two full machines on one core get half each; the host cannot draw more than its full power. */
    @Test
    void anOversubscribedHostSlowsBoth() throws IOException {
        RunResult run = run(true, new TestWorld().hours(1).site(site(100).mips(1000, "oversubscribe").hosts(1, 1, 100, 200))
                .tasks(vm(0, 1000).cloudlet(100_000), vm(50, 1000).cloudlet(100_000)));
        // the first is alone for 50 s and half done; both at half speed until it is done at 150; the second has 50 s left
        cloudlet(run, 0, 0, 150);
        cloudlet(run, 1, 50, 200);
        assertEquals((100 * 3600 + 100 * 200) / 3.6e6, run.total("it_kwh"), KWH);
        assertEquals((100 * 50 + 50 * 100) / 3.6e6, run.job("it_kwh", 0), KWH);
        assertEquals(run.job("it_kwh", 0), run.job("it_kwh", 1), KWH);
    }

    @Test
    void hostsAreOversubscribedOnlyWhenAllAreFull() throws IOException {
        RunResult run = run(true, new TestWorld().site(site(100).mips(1000, "oversubscribe").hosts(2, 1, 100, 200)).tasks(
                vm(0, 1000).cloudlet(100_000), vm(0, 1000).cloudlet(100_000), vm(0, 1000).cloudlet(100_000)));
        assertEquals(200, run.job("finish_s", 0), FINISH_S);
        assertEquals(100, run.job("finish_s", 1), FINISH_S);
        assertEquals(200, run.job("finish_s", 2), FINISH_S);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aMachineGoesOnlyToHostsThatAreFastEnough(boolean stock) throws IOException {
        RunResult run = run(stock, new TestWorld().site(site(100).mips(500, "time").hosts(1, 4, 100, 200)
                .mips(2000, "time").hosts(1, 4, 100, 200)).tasks(vm(0, 2000).cloudlet(1000), vm(0, 3000).cloudlet(1)));
        assertEquals(1, run.jobs().i32("host").get(0));
        assertEquals(0.5, run.job("finish_s", 0), FINISH_S);
        assertEquals(TaskState.REJECTED, run.state(1));
        assertEquals(TaskState.REJECTED, run.cloudlets().i32("state").get(1));
    }

    /** Turns are invisible from outside: the machine is done when all its work is. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void completelyFairCloudletsTakeTurns(boolean stock) throws IOException {
        RunResult run = run(stock, new TestWorld().site(site(100).hosts(1, 1, 100, 200))
                .tasks(vm(0, 1000).scheduler(2).cloudlet(10_000).cloudlet(10_000).cloudlet(5_300)));
        assertEquals(25.3, run.job("finish_s", 0), 0.1);
        for (int c = 0; c < 3; c++) {
            assertEquals(TaskState.FINISHED, run.cloudlets().i32("state").get(c));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyCloudletIsReportedAtTheEnd(boolean stock) throws IOException {
        RunResult run = run(stock, new TestWorld().hours(1).drainS(0).site(site(100).hosts(1, 1, 100, 200)).tasks(
                vm(0, 1000).scheduler(0).cloudlet(1_000_000).cloudlet(9_000_000).cloudlet(1), vm(5, 1000).cloudlet(1)));
        int[] states = run.cloudlets().i32("state").toArray();
        assertEquals(TaskState.FINISHED, states[0]);
        assertEquals(TaskState.RUNNING, states[1]);
        assertEquals(TaskState.QUEUED, states[2]);
        assertEquals(TaskState.QUEUED, states[3]);
        assertEquals((1e6 + 2.6e6) / 10_000_001, run.job("done_frac", 0), 1e-6);
    }

    /** A machine without cloudlets is there for its boot. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aMachineWithoutCloudlets(boolean stock) throws IOException {
        RunResult run = run(stock, new TestWorld().site(site(100).hosts(1, 1, 100, 200)).tasks(vm(7, 1000).bootS(30)));
        assertEquals(37, run.job("finish_s", 0), FINISH_S);
    }

    /**
     * Space-shared on one core: 60 s and 100 s. The host breaks at 130 and is back at 200: the first is done, of the second 60 s
     * were done at the checkpoint of 120 s, so 40 s are left after 5 s of restart.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anInterruptedMachineKeepsWhatItsCheckpointKept(boolean stock) throws IOException {
        TestFaults faults = new TestFaults().checkpoint(40, 0, 5).add(130, 200, 0, 0, 0, 1);
        RunResult run = run(stock, new TestWorld().site(site(100).hosts(1, 1, 100, 200)).faults(faults)
                .tasks(vm(0, 1000).scheduler(0).cloudlet(60_000).cloudlet(100_000)));
        cloudlet(run, 0, 0, 60);
        cloudlet(run, 1, 205, 245);
        assertEquals(2, run.jobs().i32("attempts").get(0));
        assertEquals(100 * (130 + 40) / 3.6e6, run.job("it_kwh", 0), KWH * 10);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void withoutCheckpointsOnlyWhatIsDoneIsKept(boolean stock) throws IOException {
        TestFaults faults = new TestFaults().add(130, 200, 0, 0, 0, 1);
        RunResult run = run(stock, new TestWorld().site(site(100).hosts(1, 1, 100, 200)).faults(faults)
                .tasks(vm(0, 1000).scheduler(0).bootS(10).cloudlet(60_000).cloudlet(100_000)));
        cloudlet(run, 0, 10, 70);
        cloudlet(run, 1, 210, 310);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void machinesAndTasksShareAHost(boolean stock) throws IOException {
        RunResult run = run(stock, new TestWorld().hours(1).site(site(100).hosts(1, 4, 100, 200))
                .tasks(vm(0, 500).cores(2).cloudlet(50_000, 2, 0, 1), task(0, 100).cores(1.5).util(0.4)));
        // half of two cores and 0.4 of one and a half: 1.6 of 4 cores, 40 W
        assertEquals((100 * 3600 + 40 * 100) / 3.6e6, run.total("it_kwh"), KWH);
        assertTrue(run.job("idle_kwh", 0) > run.job("idle_kwh", 1));
    }
}
