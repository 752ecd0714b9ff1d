package org.greensched.sim.broker;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.greensched.sim.placement.DeciderException;
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

/** What the world does when the decider fails. */
class MindFailureTest {
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

    private static Deciders.Scripted failingAt(long seq) {
        return Deciders.scripted((o, answer) -> {
            if (o.seq == seq) {
                throw new DeciderException("timeout", "no answer", null);
            }
            placeAll(o, answer, 0);
        });
    }

    @Test
    void fallbackPrefersTheCleanestWithRoomAndTheRunIsDegraded() throws IOException {
        Deciders.Scripted decider = failingAt(1);
        RunResult run = new TestWorld().fallback().site(site(300).hosts(4, 2, 100, 200)).site(site(50).hosts(1, 2, 100, 200))
                .tasks(task(0, 600).cores(2), task(0, 600).cores(2), task(1, 60)).run(folder, decider);
        assertEquals("degraded", run.status());
        assertEquals(4, run.result().exitCode());
        assertEquals(1, run.result().json().getAsJsonObject("fallbacks").get("timeout").getAsInt());
        assertEquals(1, run.jobs().i32("dc").get(0));
        assertEquals(0, run.jobs().i32("dc").get(1)); // the clean one is full by then
        assertEquals(JobLedger.SOURCE_FALLBACK, run.jobs().u8("source").get(0));
        assertEquals(JobLedger.SOURCE_MIND, run.jobs().u8("source").get(2));
        assertEquals("2@300 new[0, 1, 2] ask[2] reports[]", decider.told.get(1)); // told again what got lost
    }

    @Test
    void abortKeepsWhatWasDone() throws IOException {
        RunResult run = new TestWorld().site(small()).tasks(task(0, 60), task(200, 5000), task(400, 60)).run(folder, failingAt(3));
        assertEquals("aborted", run.status());
        assertEquals(1, run.result().exitCode());
        assertEquals(TaskState.FINISHED, run.state(0));
        assertEquals(TaskState.RUNNING, run.state(1));
        assertTrue(run.job("dynamic_kwh", 1) > 0);
        assertEquals(TaskState.PENDING, run.state(2));
        assertTrue(run.result().reason().contains("timeout"));
    }

    @Test
    void aBrokenDeciderEndsTheRunAsFailedAndSaysSo() throws IOException {
        RunResult run = new TestWorld().site(small()).tasks(task(0, 10)).run(folder, Deciders.scripted((o, answer) -> {
            throw new IllegalStateException("bug in a decider");
        }));
        assertEquals("failed", run.status());
        assertFalse(run.result().reason().isEmpty());
        assertEquals(1, run.result().exitCode());
    }
}
