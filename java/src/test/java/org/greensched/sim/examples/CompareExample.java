package org.greensched.sim.examples;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Locale;
import org.greensched.sim.placement.FirstFitDecider;
import org.greensched.sim.placement.LowestIntensityDecider;

/** What one decider saves against another on the same jobs, signals and luck. */
public final class CompareExample {
    private CompareExample() {}

    /** @param args a prepared run folder, of which two copies are run beside it; without it a sample is compared */
    public static void main(String[] args) throws Exception {
        Path prepared = Runs.folder(args, "mixed-slots");
        JsonObject base = Runs.run(copy(prepared, "first-fit"), FirstFitDecider::new);
        JsonObject green = Runs.run(copy(prepared, "lowest-intensity"), LowestIntensityDecider::new);
        requireComparable(base, green);
        double baseMachinesKg = Runs.total(base, "carbon_g") / 1000;
        double greenMachinesKg = Runs.total(green, "carbon_g") / 1000;
        // both lines: a decider that looks only at grids can save at the machines and lose more by moving data to them
        System.out.printf(Locale.ROOT, "machines_saving_percent %.3f%n", savingPercent(baseMachinesKg, greenMachinesKg));
        System.out.printf(Locale.ROOT, "saving_percent %.3f%n", savingPercent(Runs.carbonKg(base), Runs.carbonKg(green)));
        System.out.println("folder " + prepared);
    }

    private static Path copy(Path prepared, String decider) throws Exception {
        Path folder = prepared.toAbsolutePath();
        return Runs.copyInput(folder, folder.resolveSibling(folder.getFileName() + "-" + decider));
    }

    /** Less carbon for less work, or for a shorter time on the meter, is no saving. */
    private static void requireComparable(JsonObject base, JsonObject other) {
        boolean sameWork = base.get("tasks").equals(other.get("tasks"));
        boolean sameTime = base.get("sim_time_s").equals(other.get("sim_time_s"));
        if (!sameWork || !sameTime) {
            throw new IllegalStateException("not comparable: " + base.get("tasks") + " in " + base.get("sim_time_s") + " s, "
                    + other.get("tasks") + " in " + other.get("sim_time_s") + " s; prepare the scenario with end: fixed");
        }
    }

    private static double savingPercent(double baseKg, double otherKg) {
        return 100 * (baseKg - otherKg) / baseKg;
    }
}
