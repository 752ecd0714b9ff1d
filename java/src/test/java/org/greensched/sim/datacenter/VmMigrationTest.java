package org.greensched.sim.datacenter;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.greensched.sim.support.TestTask.vm;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import org.greensched.sim.columns.Table;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestFaults;
import org.greensched.sim.support.TestTask;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Virtual machines that move while they run, by hand. 1 GB at half of 1000 Mbit/s takes 16 s. */
class VmMigrationTest {
    private static final double FINISH_S = 1e-3;
    private static final double KWH = 1e-9;

    @TempDir
    private Path folder;

    private RunResult run(TestWorld world) throws IOException {
        RunResult run = world.cloudsim().immediate().run(folder, Deciders.everythingAt(0));
        assertEquals("completed", run.status(), run.result().reason());
        return run;
    }

    /**
     * Two machines of two cores fill the first host; the one with less memory moves. For 16 s it gets 90 % of its MIPS, so it
     * is 1.6 s late; nothing that it did is lost (trap T12: a stock migration between datacenters begins anew).
     */
    @Test
    void t12AFullHostGivesAMachineAway() throws IOException {
        RunResult run = run(new TestWorld().hours(1).site(site(100).migration(0.75, 0, 1000).hosts(2, 4, 100, 200)).tasks(
                vm(0, 1000).cores(2).memGb(8).cloudlet(1_000_000, 2, 0, 1),
                vm(100, 1000).cores(2).memGb(1).cloudlet(1_000_000, 2, 0, 1)));
        assertEquals(0, run.jobs().i32("host").get(0));
        assertEquals(1, run.jobs().i32("host").get(1));
        assertEquals(1000, run.job("finish_s", 0), FINISH_S);
        assertEquals(1101.6, run.job("finish_s", 1), FINISH_S);
        // 25 W a core at full use: 16 s at 90 %, the rest at full
        assertEquals(50 * (16 * 0.9 + 1101.6 - 116) / 3.6e6, run.job("it_kwh", 1), KWH);
        Table hosts = run.hosts();
        assertEquals(50 * (1101.6 - 116) / 3.6e6 + 0.1, hosts.f64("it_kwh").get(1), KWH);
        assertEquals(2 * 16.0, hosts.f64("busy_core_s").get(0) - 2000, 0.01);
        // its own share of the first host's idle power, then of the second's
        assertEquals(50 * 1001.6 / 3.6e6, run.job("idle_kwh", 1), KWH);
    }

    /** What a machine's cloudlets keep busy moves along: a cloudlet in its queue waits on, and comes to its turn. */
    @Test
    void aQueueMovesAlong() throws IOException {
        RunResult run = run(new TestWorld().site(site(100).migration(0.75, 0, 1000).hosts(2, 4, 100, 200)).tasks(
                vm(0, 1000).cores(2).memGb(8).cloudlet(1_000_000, 2, 0, 1), vm(100, 1000).cores(2).memGb(1).scheduler(0)
                        .cloudlet(100_000, 2, 0, 1).cloudlet(100_000).cloudlet(100_000, 2, 0, 1)));
        assertEquals(1, run.jobs().i32("host").get(1));
        double[] startS = run.cloudlets().f64("start_s").toArray();
        assertEquals(201.6, startS[2], FINISH_S);
        assertEquals(301.6, startS[3], FINISH_S);
        assertEquals(401.6, run.job("finish_s", 1), FINISH_S);
    }

    /**
     * What is refused to one machine is not refused to all: where one core is too little to come together, two are enough; and
     * with those on their way one core is enough, too.
     */
    @Test
    void aRefusalIsThatOfOneMachine() throws IOException {
        // hosts of ten cores, of which six are to be used; all are full until 50 s, then 1, 2 + 1, 4 and 1 of them are used
        RunResult run = run(new TestWorld().site(site(100).migration(1, 0.6, 1000).hosts(4, 10, 100, 200)).tasks(
                machine(9, 50), machine(1, 500), machine(7, 50), machine(2, 400), machine(1, 400),
                machine(6, 50), machine(4, 400), machine(9, 50), machine(1, 400)));
        assertEquals(0, run.jobs().i32("host").get(1));
        assertEquals(500, run.job("finish_s", 1), FINISH_S);
        assertEquals(2, run.jobs().i32("host").get(6));
        for (int moved : new int[] {3, 4, 8}) {
            assertEquals(2, run.jobs().i32("host").get(moved));
            assertEquals(401.6, run.job("finish_s", moved), FINISH_S);
        }
    }

    private static TestTask machine(int cores, double runtimeS) {
        return vm(0, 1000).cores(cores).memGb(1).cloudlet(1000 * runtimeS, cores, 0, 1);
    }

    /** Both hosts hold room for it while it moves: a task of three cores fits on neither. */
    @Test
    void roomIsHeldOnBothHosts() throws IOException {
        RunResult run = run(new TestWorld().site(site(100).migration(0.75, 0, 1000).hosts(2, 4, 100, 200)).tasks(
                vm(0, 1000).cores(2).memGb(8).cloudlet(1_000_000, 2, 0, 1),
                vm(100, 1000).cores(2).memGb(1).cloudlet(1_000_000, 2, 0, 1), task(110, 10).cores(1), task(111, 10).cores(2)));
        assertEquals(1, run.jobs().i32("host").get(2));
        assertEquals(116, run.job("start_s", 3), FINISH_S);
    }

    /** A host that is hardly used is emptied onto one that is used. */
    @Test
    void aHardlyUsedHostIsEmptied() throws IOException {
        // the first two fill the first host until the task is done at 50 s; then each host is used by a quarter, and they come
        // together on one, which is used by a half
        RunResult run = run(new TestWorld().site(site(100).migration(1, 0.3, 1000).hosts(2, 4, 100, 200)).tasks(
                task(0, 50).cores(2), vm(0, 1000).cores(2).memGb(4).cloudlet(500_000, 1, 0, 1),
                vm(1, 1000).cores(1).memGb(1).cloudlet(400_000)));
        assertEquals(run.jobs().i32("host").get(1), run.jobs().i32("host").get(2));
        // three machines of a tenth each: two together would still be used too little
        RunResult apart = run(new TestWorld().site(site(100).migration(1, 0.3, 1000).hosts(2, 10, 100, 200)).tasks(
                task(0, 50).cores(9), vm(0, 1000).cores(1).cloudlet(500_000), vm(1, 1000).cores(1).cloudlet(400_000)));
        assertEquals(0, apart.jobs().i32("host").get(1));
        assertEquals(1, apart.jobs().i32("host").get(2));
        // where the first is used by a half
        RunResult moved = run(new TestWorld().site(site(100).migration(1, 0.3, 1000).hosts(2, 4, 100, 200)).tasks(
                task(0, 50).cores(2), vm(0, 1000).cores(2).memGb(4).cloudlet(500_000, 2, 0, 1),
                vm(1, 1000).cores(1).memGb(1).cloudlet(400_000)));
        assertEquals(0, moved.jobs().i32("host").get(2));
        assertEquals(401 + 1.6, moved.job("finish_s", 2), FINISH_S);
    }

    /** The target breaks on the way: the machine stays; the source breaks: it begins anew elsewhere. */
    @Test
    void aHostBreaksMeanwhile() throws IOException {
        for (int broken = 0; broken < 2; broken++) {
            TestFaults faults = new TestFaults().host(0, broken, 108, 5000);
            RunResult run = run(new TestWorld().faults(faults).site(site(100).migration(0.75, 0, 1000).hosts(2, 4, 100, 200))
                    .tasks(vm(0, 1000).cores(2).memGb(8).cloudlet(1_000_000, 2, 0, 1),
                            vm(100, 1000).cores(2).memGb(1).cloudlet(1_000_000, 2, 0, 1)));
            assertEquals(TaskState.FINISHED, run.state(1));
            assertEquals(1 - broken, run.jobs().i32("host").get(1));
            assertEquals(broken == 1 ? 1100.8 : 1108, run.job("finish_s", 1), FINISH_S);
        }
    }

    /** It is done before it has arrived: nothing is held any more. */
    @Test
    void aMachineIsDoneOnItsWay() throws IOException {
        RunResult run = run(new TestWorld().site(site(100).migration(0.75, 0, 1000).hosts(2, 4, 100, 200)).tasks(
                vm(0, 1000).cores(2).memGb(8).cloudlet(1_000_000, 2, 0, 1),
                vm(100, 1000).cores(2).memGb(1).cloudlet(9_000, 2, 0, 1), task(105, 10).cores(4)));
        assertEquals(110, run.job("finish_s", 1), FINISH_S);
        assertEquals(0, run.jobs().i32("host").get(1));
        assertEquals(110, run.job("start_s", 2), FINISH_S);
        assertEquals(1, run.jobs().i32("host").get(2));
    }

    /**
     * A machine that moves while all its cores are busy keeps their number: CloudSim Plus's scheduler takes them for free, so
     * that cloudlets overlap that should not, or none is ever started again (the second case ran for ever). Moved from 100 to
     * 116 s at 90 %, 1.6 s late.
     */
    @Test
    void aSpaceSharedMachineKeepsItsCoresWhenItMoves() throws IOException {
        double[][] cloudlets = {{108, 1, 107, 3, 103, 3, 101, 3}, {108, 2, 103, 1, 104, 2, 106, 4}};
        // 0 to 107: the first two; then the third for 103 s and the fourth for 101 s; and 108, 104 after 103, the last for 106 s
        double[] alone = {107 + 103 + 101, 103 + 104 + 106};
        for (int i = 0; i < 2; i++) {
            TestTask mover = vm(100, 1000).cores(4).memGb(1).scheduler(0);
            for (int c = 0; c < cloudlets[i].length; c += 2) {
                mover.cloudlet(1000 * cloudlets[i][c], (int) cloudlets[i][c + 1], 0, 1);
            }
            RunResult run = run(new TestWorld().hours(2).site(site(100).migration(0.5, 0, 1000).hosts(2, 8, 100, 200)).tasks(
                    vm(0, 1000).cores(4).memGb(8).cloudlet(3_000_000, 4, 0, 1), mover));
            assertEquals(1, run.jobs().i32("host").get(1));
            assertEquals(100 + alone[i] + 1.6, run.job("finish_s", 1), FINISH_S);
        }
    }
}
