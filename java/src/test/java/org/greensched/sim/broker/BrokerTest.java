package org.greensched.sim.broker;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.DecisionsBuilder;
import org.greensched.sim.placement.Observation;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestSite;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is asked about what and when, and what becomes of the answers. */
class BrokerTest {
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
    void slotsAskInBatchesAndReportsFollow() throws IOException {
        Deciders.Scripted decider = Deciders.everythingAt(0);
        new TestWorld().site(small()).tasks(task(0, 100), task(10, 100), task(700, 100)).run(folder, decider);
        assertEquals(List.of(
                "1@0 new[0] ask[0] reports[]",
                "2@300 new[1] ask[1] reports[0]",
                "3@900 new[2] ask[2] reports[1]",
                "4@4500 new[] ask[] reports[2]",
                "finish reports[]"), decider.told);
    }

    @Test
    void immediateModeAsksAtEachArrivalOneByOne() throws IOException {
        Deciders.Scripted decider = Deciders.everythingAt(0);
        RunResult run = new TestWorld().immediate().hours(1).site(small()).tasks(task(7.5, 100), task(7.5, 100), task(8.25, 50))
                .run(folder, decider);
        assertEquals(List.of("1@7 new[0] ask[0] reports[]", "2@7 new[1] ask[1] reports[]", "3@8 new[2] ask[2] reports[]"),
                decider.told.subList(0, 3));
        assertEquals(7.5, run.job("start_s", 1), 0);
        assertEquals(107.5, run.job("start_s", 2), 0);
    }

    @Test
    void deferralWakesAtTheFirstSlotFromItsTimeOn() throws IOException {
        Deciders.Scripted decider = Deciders.scripted((o, answer) -> {
            for (int i = 0; i < o.ask.size(); i++) {
                if (o.tUs == 0) {
                    answer.defer(o.ask.get(i), 700_000_000, OK, "later");
                } else {
                    answer.place(o.ask.get(i), 0, OK, "");
                }
            }
        });
        RunResult run = new TestWorld().site(small()).tasks(task(0, 60)).run(folder, decider);
        assertEquals(900, run.job("start_s", 0), 0);
        assertEquals("2@900 new[] ask[0] reports[]", decider.told.get(1));
    }

    @Test
    void deferralInImmediateModeWakesExactly() throws IOException {
        Deciders.Scripted decider = Deciders.scripted((o, answer) -> {
            if (o.seq == 1) {
                answer.defer(0, 700_000_001, OK, "");
            } else {
                placeAll(o, answer, 0);
            }
        });
        RunResult run = new TestWorld().immediate().site(small()).tasks(task(1, 60)).run(folder, decider);
        assertEquals(700.000001, run.job("start_s", 0), 0);
    }

    @Test
    void unansweredTasksAreAskedAgain() throws IOException {
        Deciders.Scripted decider = Deciders.scripted((o, answer) -> {
            if (o.seq == 3) {
                placeAll(o, answer, 0);
            }
        });
        RunResult run = new TestWorld().site(small()).tasks(task(0, 60)).run(folder, decider);
        assertEquals(600, run.job("start_s", 0), 0);
        assertEquals("3@600 new[] ask[0] reports[]", decider.told.get(2));
    }

    @Test
    void queuedTasksCanBeRevisedAndOthersMoveUp() throws IOException {
        Deciders.Scripted decider = Deciders.scripted((o, answer) -> {
            if (o.tUs == 0) {
                placeAll(o, answer, 0);
            } else if (o.tUs == 300_000_000) {
                answer.place(1, 1, OK, "revise");
                placeAll(o, answer, 0);
            }
        });
        RunResult run = new TestWorld().site(small()).site(small()).tasks(
                task(0, 1000), task(0, 500).cores(2), task(0, 100), task(299, 10)).run(folder, decider);
        assertEquals(300, run.job("start_s", 1), 1e-9);
        assertEquals(1, run.jobs().i32("dc").get(1));
        assertEquals(300, run.job("start_s", 2), 1e-9); // it was behind the one that left
    }

    @Test
    void everyRefusalHasItsCode() throws IOException {
        List<Integer> refused = new ArrayList<>();
        Deciders.Scripted decider = Deciders.scripted((o, answer) -> {
            for (int i = 0; i < o.refusedCode.size(); i++) {
                refused.add(o.refusedCode.get(i));
            }
            if (o.seq == 1) {
                answer.add(0, 3, 0, 0, OK, "scale");
                answer.place(99, 0, OK, "no such task");
                answer.place(3, 0, OK, "not arrived");
                answer.place(1, 7, OK, "no such datacenter");
                answer.place(2, 0, OK, "too large for it");
                answer.place(2, 1, OK, "twice");
            } else if (o.seq == 2) {
                answer.defer(1, o.tUs, OK, "now is past");
                answer.place(0, 1, OK, "");
                answer.place(2, 1, OK, "");
            } else if (o.seq == 3) {
                answer.place(0, 0, OK, "already running");
                placeAll(o, answer, 0);
            }
        });
        new TestWorld().site(small()).site(site(100).hosts(4, 8, 100, 200))
                .tasks(task(0, 5000), task(0, 100), task(0, 100).cores(4), task(1000, 1)).run(folder, decider);
        assertEquals(List.of(Executor.UNSUPPORTED, Executor.UNKNOWN_TASK, Executor.UNKNOWN_TASK, Executor.UNKNOWN_DATACENTER,
                Executor.NEVER_FITS, Executor.DUPLICATE, Executor.UNTIL_IN_PAST, Executor.NOT_ASKED), refused);
    }

    @Test
    void forecastsAreShownOnceAndNeverEarly() throws IOException {
        List<int[]> seen = new ArrayList<>();
        Deciders.Scripted decider = Deciders.scripted((o, answer) -> {
            seen.add(new int[] {o.firstIssue, o.endIssue});
            placeAll(o, answer, 0);
        });
        new TestWorld().site(small()).issue(0, 0, 90).issue(300, 0, 95).issue(301, 0, 99)
                .tasks(task(0, 10), task(200, 10), task(500, 10)).run(folder, decider);
        assertArrayEquals(new int[] {0, 1}, seen.get(0));
        assertArrayEquals(new int[] {1, 2}, seen.get(1));
        assertArrayEquals(new int[] {2, 3}, seen.get(2));
    }
}
