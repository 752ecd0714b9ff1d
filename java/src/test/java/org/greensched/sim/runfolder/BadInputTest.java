package org.greensched.sim.runfolder;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.greensched.sim.World;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.TestTask;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The world refuses what it cannot simulate with the place of the fault, exit code 2 and a status file. */
class BadInputTest {
    @TempDir
    private Path folder;

    private static TestWorld world(TestTask... tasks) {
        return new TestWorld().site(site(100).hosts(1, 4, 100, 200)).tasks(tasks);
    }

    private void refused(String... parts) throws IOException {
        World.Result result = World.run(folder, Deciders.everythingAt(0));
        assertEquals("failed", result.status());
        assertEquals(2, result.exitCode());
        for (String part : parts) {
            assertTrue(result.reason().contains(part), result.reason() + " should name " + part);
        }
        assertTrue(Files.readString(folder.resolve("world/world.json")).contains("\"failed\""));
    }

    private void edited(String from, String to, String... parts) throws IOException {
        world(task(0, 1)).write(folder);
        Path file = folder.resolve("input/run.json");
        String text = Files.readString(file);
        assertTrue(text.contains(from), "nothing to edit");
        Files.writeString(file, text.replace(from, to));
        refused(parts);
    }

    @Test
    void missingFolder() throws IOException {
        World.Result result = World.run(folder.resolve("nope"), Deciders.everythingAt(0));
        assertEquals(2, result.exitCode());
        assertTrue(result.reason().contains("nope: holds no input/"), result.reason());
        assertFalse(Files.exists(folder.resolve("nope")), "a mistake makes no folder");
        Files.createDirectories(folder.resolve("input"));
        refused("run.json", "run folder");
    }

    @Test
    void aSecondRunLeavesNothingBehind() throws IOException {
        world(task(0, 1)).run(folder, Deciders.everythingAt(0));
        World.Result again = World.run(folder, Deciders.everythingAt(0));
        assertEquals(2, again.exitCode());
        assertTrue(again.reason().contains("never overwritten"), again.reason());
        assertFalse(Files.exists(folder.resolve("world/world.lock")));
    }

    @Test
    void notJson() throws IOException {
        edited("{\"format\"", "{{\"format\"", "run.json", "JSON");
    }

    @Test
    void unknownFormat() throws IOException {
        edited("\"format\":1", "\"format\":2", "format", "must be 1");
    }

    @Test
    void negativePower() throws IOException {
        edited("[100.0, 200.0]", "[-5, 200.0]", "datacenters[0].hosts[0].power_w[0]", "-5");
    }

    @Test
    void pueBelowOne() throws IOException {
        edited("\"value\":1.0", "\"value\":0.9", "datacenters[0].pue.value", "0.9");
    }

    @Test
    void missingKey() throws IOException {
        edited("\"slot_us\"", "\"slots_us\"", "slot_us", "missing");
    }

    @Test
    void wrongMode() throws IOException {
        edited("\"mode\":\"slots\"", "\"mode\":\"slot\"", "mode", "immediate or slots");
    }

    @Test
    void wrongEnd() throws IOException {
        edited("\"mode\":\"slots\"", "\"mode\":\"slots\",\"end\":\"never\"", "end", "fixed or drained");
    }

    @Test
    void wrongType() throws IOException {
        edited("\"kwh_per_gb\":0.0", "\"kwh_per_gb\":\"much\"", "network.kwh_per_gb", "number");
    }

    @Test
    void negativeDemand() throws IOException {
        world(task(0, 1).cores(-1)).write(folder);
        refused("tasks.gsf", "task 0", "cores");
    }

    @Test
    void deadlineBeforeArrival() throws IOException {
        world(task(100, 1).deadlineS(50)).write(folder);
        refused("tasks.gsf", "task 0", "deadline");
    }

    @Test
    void impossibleTruth() throws IOException {
        world(task(0, 1), task(1, 1).util(1.5)).write(folder);
        refused("hidden.gsf", "task 1");
    }

    @Test
    void phasesThatDoNotAddUp() throws IOException {
        world(task(0, 1).phases(new double[] {0.5, 1, 0})).write(folder);
        refused("hidden.gsf", "task 0", "0.5");
    }

    @Test
    void gapInIntensity() throws IOException {
        new TestWorld().site(site(100, Double.NaN).hosts(1, 4, 100, 200)).write(folder);
        refused("signals.gsf", "0.carbon_gpkwh", "gap at step 12");
    }

    @Test
    void noTemperatureForItsPue() throws IOException {
        world(task(0, 1)).write(folder);
        Path file = folder.resolve("input/run.json");
        Files.writeString(file, Files.readString(file).replace("{\"model\":\"static\",\"value\":1.0}",
                "{\"model\":\"temperature\",\"base\":1.1,\"t0_c\":20,\"slope_per_c\":0.01}"));
        refused("signals.gsf", "0.temperature_c");
    }

    @Test
    void signalsThatEndTooEarly() throws IOException {
        edited("\"horizon_us\":7200000000", "\"horizon_us\":72000000000000", "signals.gsf", "end");
    }

    @Test
    void damagedFile() throws IOException {
        world(task(0, 1)).write(folder);
        Path file = folder.resolve("input/tasks.gsf");
        byte[] bytes = Files.readAllBytes(file);
        bytes[40] ^= 1;
        Files.write(file, bytes);
        refused("tasks.gsf", "checksum");
    }

    @Test
    void truncatedFile() throws IOException {
        world(task(0, 1)).write(folder);
        Path file = folder.resolve("input/hidden.gsf");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 8));
        refused("hidden.gsf", "truncated");
    }
}
