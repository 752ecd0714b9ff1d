package org.greensched.sim.examples;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.greensched.sim.builder.Hosts;
import org.greensched.sim.builder.Job;
import org.greensched.sim.builder.RunFolderBuilder;
import org.greensched.sim.builder.Site;
import org.greensched.sim.placement.LowestIntensityDecider;

/** Makes a run folder in Java, and runs it. */
public final class BuildExample {
    private BuildExample() {}

    /** A day at two sites, one of them with clean nights, and an hour's job on four cores every half hour. */
    static Path twoSites(Path folder) throws IOException {
        double[] nightGpkwh = new double[48];
        for (int hour = 0; hour < nightGpkwh.length; hour++) {
            nightGpkwh[hour] = hour % 24 < 8 ? 100 : 450;
        }
        RunFolderBuilder run = new RunFolderBuilder("two-sites", "2022-06-06T00:00:00Z", 86_400)
                .drainS(43_200).fixedEnd()
                .site(new Site("steady").carbonGpkwh(300).pue(1.2)
                        .hosts(new Hosts("large", 2, 16).powerW(120, 180, 300)).carbonForecast(0, 86_400, new double[] {300, 300}))
                .site(new Site("nightly").carbonGpkwh(3600, nightGpkwh).pue(1.4).hosts(new Hosts("small", 4, 8))
                        .carbonForecast(0, 3600, nightGpkwh));
        for (int j = 0; j < 48; j++) {
            double arrivalS = j * 1800;
            run.job(new Job("job" + j, arrivalS, 3600).cores(4).expectedS(3600).deadlineS(arrivalS + 6 * 3600));
        }
        return run.write(folder);
    }

    /** @param args where to make the run folder; without it in a new temporary folder */
    public static void main(String[] args) throws Exception {
        Path folder = args.length > 0 ? Path.of(args[0])
                : Files.createTempDirectory("greensched-").resolve("two-sites");
        JsonObject world = Runs.run(twoSites(folder), LowestIntensityDecider::new);
        System.out.printf(Locale.ROOT, "carbon_kg %.6f%n", Runs.carbonKg(world));
        System.out.printf(Locale.ROOT, "finished_tasks %d%n", Runs.finishedTasks(world));
        System.out.println("folder " + folder);
    }
}
