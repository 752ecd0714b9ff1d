package org.greensched.sim.examples;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Locale;
import org.greensched.sim.placement.LowestIntensityDecider;

/** Runs a prepared run folder with a decider that comes with the library. */
public final class LowestIntensityExample {
    private LowestIntensityExample() {}

    /** @param args a prepared run folder that no world has run; without it a sample is run */
    public static void main(String[] args) throws Exception {
        Path folder = Runs.folder(args, "mixed-slots");
        JsonObject world = Runs.run(folder, LowestIntensityDecider::new);
        System.out.printf(Locale.ROOT, "carbon_kg %.6f%n", Runs.carbonKg(world));
        System.out.printf(Locale.ROOT, "finished_tasks %d%n", Runs.finishedTasks(world));
        System.out.println("folder " + folder);
    }
}
