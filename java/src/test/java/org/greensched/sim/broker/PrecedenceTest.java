package org.greensched.sim.broker;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.DecisionsBuilder;
import org.greensched.sim.placement.Observation;
import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestSite;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tasks that wait for others. */
class PrecedenceTest {
    private static final int OK = Decisions.STATUS_HEURISTIC;

    @TempDir
    private Path folder;

    private static TestSite small() {
        return site(100).hosts(1, 2, 100, 200);
    }

    private static void placeAll(Observation o, DecisionsBuilder answer, int dc) {
        for (int i = 0; i < o.ask.size(); i++) {
            answer.place(o.ask.get(i), dc, OK, "");
        }
    }

    @Test
    void successorsWaitForAllPredecessors() throws IOException {
        RunResult run = new TestWorld().site(site(100).hosts(4, 2, 100, 200))
                .tasks(task(0, 100), task(0, 400), task(0, 50)).edge(0, 2).edge(1, 2).run(folder, Deciders.everythingAt(0));
        assertEquals(600, run.job("start_s", 2), 0); // the first slot after 400 s
        assertEquals(TaskState.FINISHED, run.state(2));
    }

    @Test
    void successorsAreReleasedAtOnceInImmediateMode() throws IOException {
        RunResult run = new TestWorld().immediate().site(site(100).hosts(4, 2, 100, 200))
                .tasks(task(0, 100), task(0, 400), task(0, 50)).edge(0, 2).edge(1, 2).run(folder, Deciders.everythingAt(0));
        assertEquals(400, run.job("start_s", 2), 0);
    }

    @Test
    void aRejectedPredecessorTakesItsSuccessorsWithIt() throws IOException {
        Deciders.Scripted decider = Deciders.scripted((o, answer) -> {
            if (o.seq == 1) {
                answer.reject(0, OK, "no");
            }
            placeAll(o, answer, 0);
        });
        RunResult run = new TestWorld().site(small()).tasks(task(0, 10), task(0, 10), task(400, 10)).edge(0, 1).edge(1, 2)
                .run(folder, decider);
        for (int t = 0; t < 3; t++) {
            assertEquals(TaskState.REJECTED, run.state(t));
        }
        assertEquals(JobLedger.REASON_POLICY, run.jobs().i32("reason").get(0));
        assertEquals(JobLedger.REASON_PREDECESSOR, run.jobs().i32("reason").get(2));
    }

    @Test
    void circularPrecedenceIsRefused() throws IOException {
        RunResult run = new TestWorld().site(small()).tasks(task(0, 10), task(0, 10)).edge(0, 1).edge(1, 0)
                .run(folder, Deciders.everythingAt(0));
        assertEquals(2, run.result().exitCode());
        assertTrue(run.result().reason().contains("cycle"), run.result().reason());
    }
}
