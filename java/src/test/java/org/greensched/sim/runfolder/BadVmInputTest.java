package org.greensched.sim.runfolder;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.greensched.sim.support.TestTask.vm;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.greensched.sim.World;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.TestSite;
import org.greensched.sim.support.TestTask;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Virtual machines and cloudlets that cannot be simulated are refused with their row and what to do. */
class BadVmInputTest {
    @TempDir
    private Path folder;

    private void refused(TestSite site, TestTask task, String... parts) throws IOException {
        new TestWorld().site(site).tasks(task).write(folder);
        World.Result result = World.run(folder, Deciders.everythingAt(0));
        assertEquals(2, result.exitCode(), result.reason());
        for (String part : parts) {
            assertTrue(result.reason().contains(part), result.reason() + " should name " + part);
        }
    }

    private void refused(TestTask task, String... parts) throws IOException {
        refused(site(100).hosts(1, 4, 100, 200), task, parts);
    }

    @Test
    void partOfACore() throws IOException {
        refused(vm(0, 1000).cores(1.5).cloudlet(1), "hidden.gsf", "vms row 0", "whole cores");
    }

    @Test
    void gpus() throws IOException {
        refused(vm(0, 1000).gpus(1, 0, 1).cloudlet(1), "vms row 0", "no GPUs");
    }

    @Test
    void noMips() throws IOException {
        refused(vm(0, 0).cloudlet(1), "vms row 0", "mips > 0");
    }

    @Test
    void unknownScheduler() throws IOException {
        refused(vm(0, 1000).scheduler(3).cloudlet(1), "vms row 0", "a known scheduler");
    }

    @Test
    void aCloudletWiderThanItsMachine() throws IOException {
        refused(vm(0, 1000).cores(2).cloudlet(1).cloudlet(1, 3, 0, 1), "cloudlets row 1", "2.0 cores of its machine");
    }

    @Test
    void aCloudletWithoutLength() throws IOException {
        refused(vm(0, 1000).cloudlet(0), "cloudlets row 0", "length_mi > 0");
    }

    @Test
    void aCloudletThatUsesNothing() throws IOException {
        refused(vm(0, 1000).cloudlet(1, 1, 0, 0), "cloudlets row 0", "cpu_util_frac above 0");
    }

    @Test
    void theExactModelCannotOversubscribe() throws IOException {
        refused(site(100).mips(1000, "oversubscribe").hosts(1, 4, 100, 200), vm(0, 1000).cloudlet(1), "dc0", "h0",
                "use execution cloudsim");
    }

    @Test
    void theExactModelCannotMoveMachines() throws IOException {
        refused(site(100).migration(0.8, 0.2, 1000).hosts(1, 4, 100, 200), vm(0, 1000).cloudlet(1), "dc0", "moves",
                "use execution cloudsim");
    }

    @Test
    void aCapAndOversubscriptionContradict() throws IOException {
        refused(site(100).cap(0.5).mips(1000, "oversubscribe").hosts(1, 4, 100, 200), task(0, 1), "utilisation_cap_frac");
    }

    @Test
    void unknownSharingOrModel() throws IOException {
        refused(site(100).mips(1000, "any").hosts(1, 4, 100, 200), task(0, 1), "vm_scheduler", "oversubscribe", "any");
        new TestWorld().site(site(100).hosts(1, 4, 100, 200)).tasks(task(0, 1)).write(folder);
        Path file = folder.resolve("input/run.json");
        Files.writeString(file, Files.readString(file).replace("\"exact\"", "\"quick\""));
        Files.deleteIfExists(folder.resolve("world/world.json"));
        assertTrue(World.run(folder, Deciders.everythingAt(0)).reason().contains("execution must be cloudsim or exact"));
    }
}
