package org.greensched.sim.runfolder;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.greensched.sim.World;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.TestSite;
import org.greensched.sim.support.TestTask;
import org.greensched.sim.support.TestTruth;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kinds, profiles, powers, heat and cooling that cannot be simulated are refused with their row and what was expected. */
class BadHiddenInputTest {
    private static final double[] SAME = {1, 1, 1};

    @TempDir
    private Path folder;
    private int worlds;

    private void refused(TestSite site, TestTruth truth, TestTask task, String... parts) throws IOException {
        Path place = folder.resolve("world" + worlds++);
        new TestWorld().site(site).site(site(100).hosts(1, 4, 100, 200)).truth(truth).tasks(task(0, 1), task).write(place);
        World.Result result = World.run(place, Deciders.everythingAt(0));
        assertEquals(2, result.exitCode(), result.reason());
        for (String part : parts) {
            assertTrue(result.reason().contains(part), result.reason() + " should name " + part);
        }
    }

    private void refused(TestTruth truth, TestTask task, String... parts) throws IOException {
        refused(site(100).hosts(1, 4, 100, 200).hosts(1, 8, 100, 200), truth, task, parts);
    }

    /** The groups of the first site are of kinds 0 and 1, that of the second is of kind 0. */
    private static TestTruth kinds() {
        return new TestTruth().kind(0, 0, 0).kind(0, 1, 1).kind(1, 0, 0);
    }

    @Test
    void speed() throws IOException {
        for (double speed : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            refused(kinds().profile(SAME, new double[] {speed, 1, 1}), task(1, 1).profile(0),
                    "hidden.gsf", "profiles row 1", "speed " + speed, "above 0");
        }
    }

    @Test
    void scale() throws IOException {
        refused(kinds().profile(SAME, new double[] {1, -0.5, 1}), task(1, 1), "profiles row 1", "cpu_scale -0.5", "0 or more");
        refused(kinds().profile(SAME, new double[] {1, 1, Double.NaN}), task(1, 1), "profiles row 1", "gpu_scale NaN");
    }

    @Test
    void profileThatIsNotThere() throws IOException {
        refused(kinds().profile(SAME, SAME), task(1, 1).profile(1), "task 1", "profile 1", "the 1 profiles");
        refused(kinds().profile(SAME, SAME), task(1, 1).profile(-2), "task 1", "profile -2");
        refused(new TestTruth(), task(1, 1).profile(0), "task 1", "profile 0", "the 0 profiles");
    }

    @Test
    void partOfAProfile() throws IOException {
        refused(kinds().profile(SAME, SAME, SAME), task(1, 1), "profiles has 3 rows", "multiple of the 2 kinds");
    }

    @Test
    void profilesWithoutKinds() throws IOException {
        refused(new TestTruth().profile(SAME), task(1, 1).profile(0), "no table host_kinds");
    }

    @Test
    void kindsOfHostsThatAreNotThere() throws IOException {
        refused(kinds().kind(2, 0, 0), task(1, 1), "host_kinds row 3", "dc 2", "the 2 datacenters");
        refused(kinds().kind(1, 1, 0), task(1, 1), "host_kinds row 3", "group 1", "the 1 host groups of datacenter 1");
    }

    @Test
    void kindsThatAreTooManyOrTooFew() throws IOException {
        refused(kinds().kind(0, 1, 1), task(1, 1), "host_kinds row 3", "group 1 of datacenter 0", "twice");
        refused(new TestTruth().kind(0, 0, 0).kind(1, 0, 0), task(1, 1), "group 1 of datacenter 0 is missing");
        refused(new TestTruth().kind(0, 0, -1), task(1, 1), "host_kinds row 0", "kind -1", "0 or more");
        refused(new TestTruth().kind(0, 0, 0).kind(0, 1, 2).kind(1, 0, 0), task(1, 1), "kind 2 is there but not 1");
    }

    @Test
    void power() throws IOException {
        for (double power : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            refused(new TestTruth(), task(1, 1).interferencePower(power), "task 1", "interference_power " + power, "above 0");
        }
    }

    @Test
    void heat() throws IOException {
        for (double heat : new double[] {-0.01, Double.NaN, Double.POSITIVE_INFINITY}) {
            refused(new TestTruth(), task(1, 1).heat(heat), "task 1", "heat " + heat, "0 or more");
        }
    }

    @Test
    void cooling() throws IOException {
        refused(new TestTruth().cooling(2, 30), task(1, 1), "cooling row 0", "dc 2");
        refused(new TestTruth().cooling(0, Double.NaN), task(1, 1), "cooling row 0", "throttle_c NaN", "degrees Celsius");
        TestSite site = site(100).hosts(1, 4, 100, 200).signal("temperature_c", 20);
        refused(site, new TestTruth().cooling(0, 30).cooling(0, 31), task(1, 1), "cooling row 1", "datacenter 0", "twice");
    }

    @Test
    void noTemperatureToThrottleBy() throws IOException {
        refused(new TestTruth().cooling(0, 30), task(1, 1), "signals.gsf", "0.temperature_c", "dc0");
        TestSite gap = site(100).hosts(1, 4, 100, 200).signal("temperature_c", 20, Double.NaN);
        refused(gap, new TestTruth().cooling(0, 30), task(1, 1), "signals.gsf", "0.temperature_c", "gap at step 12");
    }
}
