package org.greensched.sim;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.FrameLog;
import org.greensched.sim.columns.I32;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real JVM is stopped in the middle of a run: what was finished stays, and the status tells what happened. */
class KilledWorldTest {
    private static final int SLOW_FROM_SLOT = 4;

    @TempDir
    private Path folder;

    /** Runs a folder with a decider that hangs from some slot on; says so on standard output. */
    static final class SlowWorld {
        private SlowWorld() {}

        public static void main(String[] args) {
            World.Result result = World.run(Path.of(args[0]), Deciders.scripted((o, answer) -> {
                if (o.tUs >= SLOW_FROM_SLOT * 300_000_000L) {
                    System.out.println("hanging");
                    sleep();
                }
                for (int i = 0; i < o.ask.size(); i++) {
                    answer.place(o.ask.get(i), 0, Decisions.STATUS_HEURISTIC, "");
                }
            }));
            System.exit(result.exitCode());
        }

        private static void sleep() {
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private Process startAndAwaitHang() throws IOException {
        TestWorld world = new TestWorld().site(site(100).hosts(4, 4, 100, 200));
        for (int t = 0; t < 20; t++) {
            world.tasks(task(t * 100, 50));
        }
        world.write(folder);
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                        System.getProperty("java.class.path"), SlowWorld.class.getName(), folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        assertEquals("hanging", process.inputReader().readLine());
        return process;
    }

    private JsonObject status() throws IOException {
        return JsonParser.parseString(Files.readString(folder.resolve("world/world.json"))).getAsJsonObject();
    }

    private void finishedTasksAreThere() throws IOException {
        I32 state = Frame.map(folder.resolve("world/jobs.gsf")).table("jobs").i32("state");
        int finished = 0;
        for (int t = 0; t < state.size(); t++) {
            finished += state.get(t) == TaskState.FINISHED ? 1 : 0;
        }
        assertEquals(10, finished); // those asked about at 0, 300, 600 and 900 s
        assertEquals(SLOW_FROM_SLOT, FrameLog.read(folder.resolve("world/datacenters.gsf")).size());
        assertEquals(SLOW_FROM_SLOT, FrameLog.read(folder.resolve("world/decisions.gsf")).size());
    }

    @Test
    void terminatedWorldSaysInterrupted() throws Exception {
        Process process = startAndAwaitHang();
        process.destroy();
        assertTrue(process.waitFor(20, TimeUnit.SECONDS));
        assertEquals("interrupted", status().get("status").getAsString());
        assertEquals(SLOW_FROM_SLOT * 300.0, status().get("sim_time_s").getAsDouble());
        finishedTasksAreThere();
    }

    @Test
    void killedWorldLosesNoFinishedTask() throws Exception {
        Process process = startAndAwaitHang();
        process.destroyForcibly();
        assertTrue(process.waitFor(20, TimeUnit.SECONDS));
        assertEquals("running", status().get("status").getAsString());
        finishedTasksAreThere();
    }

    @Test
    void secondWorldOnTheSameFolderIsRefused() throws Exception {
        Process process = startAndAwaitHang();
        String before = Files.readString(folder.resolve("world/world.json"));
        World.Result beside = World.run(folder, Deciders.everythingAt(0));
        assertEquals(2, beside.exitCode());
        assertTrue(beside.reason().contains("in use"), beside.reason());
        process.destroyForcibly();
        assertTrue(process.waitFor(20, TimeUnit.SECONDS));
        World.Result after = World.run(folder, Deciders.everythingAt(0));
        assertEquals(2, after.exitCode());
        assertTrue(after.reason().contains("already simulated"), after.reason());
        assertEquals(before, Files.readString(folder.resolve("world/world.json")));
        finishedTasksAreThere();
    }
}
