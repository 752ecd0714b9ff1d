package org.greensched.sim.examples;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Locale;
import org.greensched.sim.placement.DatacenterView;
import org.greensched.sim.placement.ScoringDecider;
import org.greensched.sim.runfolder.RunConfig;

/** Runs a prepared run folder with a decider of one's own. */
public final class OwnDeciderExample {
    private OwnDeciderExample() {}

    /** Among the datacenters with room, the one whose electricity is cheapest now; an unknown price is NaN and comes last. */
    static final class CheapestPriceDecider extends ScoringDecider {
        CheapestPriceDecider(RunConfig config) {
            super(config);
        }

        @Override
        protected double score(DatacenterView view, int datacenter, double givenCores) {
            return view.pricePerKwh;
        }
    }

    /** @param args a prepared run folder that no world has run; without it a sample is run, in which only dc1 has a price */
    public static void main(String[] args) throws Exception {
        Path folder = Runs.folder(args, "mixed-immediate");
        JsonObject world = Runs.run(folder, CheapestPriceDecider::new);
        System.out.printf(Locale.ROOT, "carbon_kg %.6f%n", Runs.carbonKg(world));
        System.out.printf(Locale.ROOT, "finished_tasks %d%n", Runs.finishedTasks(world));
        JsonArray tasksKwh = world.getAsJsonObject("totals").getAsJsonObject("datacenters").getAsJsonArray("attributed_kwh");
        for (int d = 0; d < tasksKwh.size(); d++) {
            System.out.printf(Locale.ROOT, "dc%d_tasks_kwh %.6f%n", d, tasksKwh.get(d).getAsDouble());
        }
        System.out.println("folder " + folder);
    }
}
