package org.greensched.sim.examples;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestFolders;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs every example as its reader would. Numbers of committed folders are those that CommittedFoldersTest pins. */
class ExamplesTest {
    /** Facility carbon of mixed-slots with lowest-intensity, in grams (CommittedFoldersTest). */
    private static final double PINNED_CARBON_G = 526.5642145381709;

    @TempDir
    private Path temporary;

    /** A program's main. */
    @FunctionalInterface
    interface Program {
        void main(String[] args) throws Exception;
    }

    /** What it printed: each line is a name and a value. */
    static Map<String, String> printed(Program program, Path... args) throws Exception {
        PrintStream console = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            program.main(List.of(args).stream().map(Path::toString).toArray(String[]::new));
        } finally {
            System.setOut(console);
        }
        Map<String, String> values = new HashMap<>();
        bytes.toString(StandardCharsets.UTF_8).lines().forEach(line -> {
            String[] words = line.split(" ", 2);
            assertEquals(2, words.length, line);
            values.put(words[0], words[1]);
        });
        return values;
    }

    private static JsonObject world(String folder) throws IOException {
        return JsonParser.parseString(Files.readString(Path.of(folder, "world", "world.json"))).getAsJsonObject();
    }

    private static double total(JsonObject world, String name) {
        return world.getAsJsonObject("totals").get(name).getAsDouble();
    }

    private static double number(Map<String, String> printed, String name) {
        return Double.parseDouble(printed.get(name));
    }

    @Test
    void lowestIntensity() throws Exception {
        Map<String, String> printed = printed(LowestIntensityExample::main);
        try {
            JsonObject world = world(printed.get("folder"));
            assertEquals(PINNED_CARBON_G, total(world, "carbon_g"), 1e-9 * PINNED_CARBON_G);
            assertEquals((PINNED_CARBON_G + total(world, "transfer_g")) / 1000, number(printed, "carbon_kg"), 1e-6);
            assertEquals("13", printed.get("finished_tasks")); // of 18: five are rejected
        } finally {
            TestFolders.delete(Path.of(printed.get("folder")).getParent());
        }
    }

    /** V7 of VALIDATION.md: 63 g, one task. A second run of the folder is refused, and no numbers are printed. */
    @Test
    void aFolderOfOnesOwn() throws Exception {
        Path folder = Runs.copyInput(Path.of("src/test/resources/folders/one-job"), temporary.resolve("mine"));
        Map<String, String> printed = printed(LowestIntensityExample::main, folder);
        assertEquals(Map.of("carbon_kg", "0.063000", "finished_tasks", "1", "folder", folder.toString()), printed);
        Exception refused = assertThrows(IllegalStateException.class, () -> printed(LowestIntensityExample::main, folder));
        assertTrue(refused.getMessage().contains("already simulated"), refused.getMessage());
    }

    /** dc1 alone has a price there, and only in some hours: dc0 comes next, and dc2, neither cheaper nor first, gets nothing. */
    @Test
    void ownDecider() throws Exception {
        Map<String, String> printed = printed(OwnDeciderExample::main);
        try {
            JsonObject world = world(printed.get("folder"));
            assertEquals("55", printed.get("finished_tasks"));
            assertEquals((total(world, "carbon_g") + total(world, "transfer_g")) / 1000, number(printed, "carbon_kg"), 1e-6);
            assertEquals(0, number(printed, "dc2_tasks_kwh"), 0);
            assertEquals(total(world, "attributed_kwh"), number(printed, "dc0_tasks_kwh") + number(printed, "dc1_tasks_kwh"), 2e-6);
            assertEquals(1.669324, number(printed, "dc1_tasks_kwh"), 1e-6); // with first-fit, which starts at dc0, 1.185445
        } finally {
            TestFolders.delete(Path.of(printed.get("folder")).getParent());
        }
    }

    /** Each task fills a datacenter. Hour 0: dc2 at 0.20, then dc1 at 0.30, then dc0 without a price; hour 1: dc1 at 0.10. */
    @Test
    void ownDeciderByHand() throws Exception {
        TestWorld world = new TestWorld().immediate()
                .site(site(100).hosts(1, 2, 100, 200))
                .site(site(100).hosts(1, 2, 100, 200).signal("price_per_kwh", 0.30, 0.10))
                .site(site(100).hosts(1, 2, 100, 200).signal("price_per_kwh", 0.20))
                .tasks(task(0, 100).cores(2), task(1, 100).cores(2), task(2, 100).cores(2), task(3600, 100).cores(2));
        RunConfig config = RunConfig.read(world.write(temporary).resolve("input/run.json"));
        RunResult run = world.run(temporary, new OwnDeciderExample.CheapestPriceDecider(config));
        assertEquals(List.of(2L, 1L, 0L, 1L), run.decisions().stream().map(row -> row[2]).toList());
    }

    @Test
    void compare() throws Exception {
        Map<String, String> printed = printed(CompareExample::main);
        try {
            JsonObject base = world(printed.get("folder") + "-first-fit");
            JsonObject green = world(printed.get("folder") + "-lowest-intensity");
            assertEquals(PINNED_CARBON_G, total(green, "carbon_g"), 1e-9 * PINNED_CARBON_G);
            double machines = 1 - PINNED_CARBON_G / total(base, "carbon_g");
            double all = 1 - (PINNED_CARBON_G + total(green, "transfer_g")) / (total(base, "carbon_g") + total(base, "transfer_g"));
            assertEquals(100 * machines, number(printed, "machines_saving_percent"), 1e-3);
            assertEquals(100 * all, number(printed, "saving_percent"), 1e-3);
            assertTrue(machines > 0 && all < 0, "the page tells of a sample in which moving data outweighs the cleaner grid");
        } finally {
            TestFolders.delete(Path.of(printed.get("folder")).getParent());
        }
    }

    /** At home the task ends at 3500 s, before the horizon; 600 GB to the cleaner grid take 480 s and lead beyond it. */
    @Test
    void runsOfDifferentLengthAreNotCompared() throws Exception {
        Path folder = new TestWorld().hours(1).site(site(300).hosts(1, 2, 100, 200)).site(site(100).hosts(1, 2, 100, 200))
                .tasks(task(0, 3500).from(0, 600)).write(temporary.resolve("mine"));
        String refusal = assertThrows(IllegalStateException.class, () -> printed(CompareExample::main, folder)).getMessage();
        assertTrue(refusal.contains("end: fixed"), refusal);
    }
}
