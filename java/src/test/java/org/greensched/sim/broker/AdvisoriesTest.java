package org.greensched.sim.broker;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.greensched.sim.placement.DeciderException;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What operators announce reaches the decider in the first question after its issue, and not before. */
class AdvisoriesTest {
    @TempDir
    private Path folder;

    private static TestWorld world() {
        return new TestWorld().hours(1).site(site(100).hosts(2, 4, 100, 200)).advisory(0, 0, "a").advisory(300, 0, "b")
                .advisory(300.000001, 0, "c").advisory(599, 0, "d").advisory(7000, 0, "e");
    }

    @Test
    void eachIsToldOnceItIsIssued() throws IOException {
        List<String> told = new ArrayList<>();
        RunResult run = world().tasks(task(0, 60), task(250, 60), task(550, 60)).run(folder, told(told, -1));
        assertEquals("completed", run.status(), run.result().reason());
        assertEquals(List.of("0:a", "300:b", "600:cd"), told.subList(0, 3));
        assertTrue(told.stream().noneMatch(line -> line.contains("e")), "issued after the end");
    }

    @Test
    void whatWasToldWithALostAnswerIsToldAgain() throws IOException {
        List<String> told = new ArrayList<>();
        RunResult run = world().fallback().tasks(task(0, 60), task(250, 60), task(550, 60)).run(folder, told(told, 300));
        assertEquals("degraded", run.status(), run.result().reason());
        assertEquals(List.of("0:a", "300:b", "600:bcd"), told.subList(0, 3));
    }

    private static Deciders.Scripted told(List<String> told, long lostAtS) {
        return Deciders.scripted((o, answer) -> {
            StringBuilder line = new StringBuilder(o.tUs / 1_000_000 + ":");
            for (int a = o.firstAdvisory; a < o.endAdvisory; a++) {
                line.append(o.advisories.text(a));
            }
            told.add(line.toString());
            if (o.tUs == lostAtS * 1_000_000) {
                throw new DeciderException("timeout", "lost", null);
            }
            for (int i = 0; i < o.ask.size(); i++) {
                answer.place(o.ask.get(i), 0, Decisions.STATUS_HEURISTIC, "");
            }
        });
    }

    @Test
    void badRowsAreRefused() throws IOException {
        for (TestWorld world : List.of(world().advisory(100, 0, "out of order"), world().advisory(8000, 1, "of nowhere"))) {
            RunResult run = world.tasks(task(0, 60)).run(folder, Deciders.everythingAt(0));
            assertEquals(2, run.result().exitCode());
            assertTrue(run.result().reason().contains("advisories.gsf: row 5: "), run.result().reason());
        }
    }
}
