package org.greensched.sim.broker;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestSite;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who starts next at a datacenter. */
class QueueTest {
    @TempDir
    private Path folder;

    private static TestSite small() {
        return site(100).hosts(1, 2, 100, 200);
    }

    @Test
    void priorityFirstThenFirstComeAndNobodyOvertakesTheHead() throws IOException {
        RunResult run = new TestWorld().immediate().site(small()).tasks(
                task(0, 100).cores(2), task(1, 100).cores(2), task(2, 10).cores(1), task(3, 100).cores(2).priority(5))
                .run(folder, Deciders.everythingAt(0));
        assertEquals(100, run.job("start_s", 3), 1e-9);
        assertEquals(200, run.job("start_s", 1), 1e-9);
        assertEquals(300, run.job("start_s", 2), 1e-9); // one core was free all along, but the head needs two
    }

    @Test
    void cpuTasksAreNotHeldUpByTheGpuLane() throws IOException {
        RunResult run = new TestWorld().immediate().site(site(100).gpuHosts(1, 8, 1, 0, 20, 200, 100, 200)).tasks(
                task(0, 100).gpus(1, 0, 1), task(1, 100).gpus(1, 0, 1), task(2, 10)).run(folder, Deciders.everythingAt(0));
        assertEquals(100, run.job("start_s", 1), 1e-9);
        assertEquals(2, run.job("start_s", 2), 1e-9);
    }

    @Test
    void utilisationCapBinds() throws IOException {
        RunResult run = new TestWorld().immediate().site(site(100).hosts(2, 4, 100, 200).cap(0.5))
                .tasks(task(0, 100).cores(3), task(1, 100).cores(1), task(2, 100).cores(1)).run(folder, Deciders.everythingAt(0));
        assertEquals(1, run.job("start_s", 1), 1e-9);
        assertEquals(100, run.job("start_s", 2), 1e-9);
    }

    @Test
    void finishesFreeCapacityForArrivalsOfTheSameInstant() throws IOException {
        RunResult run = new TestWorld().immediate().site(small()).tasks(task(0, 100).cores(2), task(100, 50).cores(2))
                .run(folder, Deciders.everythingAt(0));
        assertEquals(100, run.job("start_s", 1), 0);
    }

    @Test
    void whatFitsNowhereIsRejectedOnArrival() throws IOException {
        Deciders.Scripted decider = Deciders.everythingAt(0);
        RunResult run = new TestWorld().site(small()).tasks(task(0, 10).cores(3), task(0, 10).memGb(2000), task(0, 10))
                .run(folder, decider);
        assertEquals(TaskState.REJECTED, run.state(0));
        assertEquals(JobLedger.REASON_NEVER_FITS, run.jobs().i32("reason").get(1));
        assertEquals("1@0 new[0, 1, 2] ask[2] reports[0, 1]", decider.told.get(0));
    }
}
