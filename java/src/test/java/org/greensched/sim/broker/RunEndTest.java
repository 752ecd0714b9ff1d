package org.greensched.sim.broker;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestSite;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a run ends, and what is recorded of what is left. */
class RunEndTest {
    @TempDir
    private Path folder;

    private static TestSite small() {
        return site(100).hosts(1, 2, 100, 200);
    }

    @Test
    void unfinishedTasksKeepTheirStateAtTheEndOfTheDrain() throws IOException {
        RunResult run = new TestWorld().hours(1).drainS(600).site(small()).tasks(task(0, 8400)).run(folder,
                Deciders.everythingAt(0));
        assertEquals("completed", run.status());
        assertEquals(4200, run.result().json().get("sim_time_s").getAsDouble(), 0);
        assertEquals(TaskState.RUNNING, run.state(0));
        assertEquals(0.5, run.job("done_frac", 0), 1e-12);
        assertEquals(50 * 4200 / 3.6e6, run.job("dynamic_kwh", 0), 1e-12);
    }

    @Test
    void arrivalsFromTheHorizonOnDoNotExist() throws IOException {
        RunResult run = new TestWorld().hours(1).site(small()).tasks(task(3599, 10), task(3600, 10)).run(folder,
                Deciders.everythingAt(0));
        assertEquals(TaskState.FINISHED, run.state(0));
        assertEquals(TaskState.ABSENT, run.state(1));
        assertEquals(3900, run.result().json().get("sim_time_s").getAsDouble(), 0);
    }

    /** By hand: 100 W idle for 3 h, and 50 W more for 100 s; drained, it ends at the second hour. */
    @Test
    void aFixedEndMetersTheIdleTail() throws IOException {
        double taskKwh = 50 * 100 / 3.6e6;
        RunResult drained = new TestWorld().end("drained").drainS(3600).site(small()).tasks(task(0, 100))
                .run(folder, Deciders.everythingAt(0));
        assertEquals(7200, drained.result().json().get("sim_time_s").getAsDouble(), 0);
        assertEquals(0.2 + taskKwh, drained.total("facility_kwh"), 1e-12);
        RunResult fixed = new TestWorld().fixedEnd().drainS(3600).site(small()).tasks(task(0, 100))
                .run(folder, Deciders.everythingAt(0));
        assertEquals("completed", fixed.status());
        assertEquals(10800, fixed.result().json().get("sim_time_s").getAsDouble(), 0);
        assertEquals(0.3 + taskKwh, fixed.total("facility_kwh"), 1e-12);
        assertEquals(0.3 + taskKwh, fixed.slotSum("facility_kwh"), 1e-12);
        assertEquals(36, fixed.slots().size());
    }

    @Test
    void aFixedEndIsTheEndWhateverRunsAndEvenBetweenSlots() throws IOException {
        RunResult run = new TestWorld().fixedEnd().hours(1).drainS(700).site(small()).tasks(task(0, 99_999))
                .run(folder, Deciders.everythingAt(0));
        assertEquals(4300, run.result().json().get("sim_time_s").getAsDouble(), 0);
        assertEquals(TaskState.RUNNING, run.state(0));
    }

    /** Policies of different speed: the same length, the same host, so the same energy but for the tasks' own. */
    @Test
    void fixedRunsAreEquallyLongWhateverIsDecided() throws IOException {
        double[] kwh = new double[2];
        for (int i = 0; i < 2; i++) {
            long untilUs = i * 9_000_000_000L;
            RunResult run = new TestWorld().fixedEnd().drainS(7200).site(small()).tasks(task(0, 600)).run(folder,
                    Deciders.scripted((o, answer) -> {
                        if (o.tUs < untilUs) {
                            answer.defer(0, untilUs, Decisions.STATUS_HEURISTIC, "");
                        } else {
                            answer.place(0, 0, Decisions.STATUS_HEURISTIC, "");
                        }
                    }));
            kwh[i] = run.total("facility_kwh");
        }
        assertEquals(kwh[0], kwh[1], 1e-12);
    }

    @Test
    void inTheIdleTailNobodyIsAskedAndTheLastReportsStillCome() throws IOException {
        Deciders.Scripted decider = Deciders.everythingAt(0);
        new TestWorld().fixedEnd().hours(1).drainS(48 * 3600).site(small()).tasks(task(3000, 700)).run(folder, decider);
        assertEquals(List.of("1@3000 new[0] ask[0] reports[]", "finish reports[0]"), decider.told);
    }
}
