package org.greensched.sim.builder;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import org.greensched.sim.runfolder.RunConfig;

/** run.json (PROTOCOL.md §2.1) of a run that is built. */
final class RunJson {
    private RunJson() {}

    static String of(RunFolderBuilder run, List<String> gpuTypes) {
        JsonObject json = new JsonObject();
        json.addProperty("format", RunConfig.FORMAT);
        json.addProperty("run_id", run.name);
        json.addProperty("scenario", run.name);
        json.addProperty("start_utc", run.startUtc);
        json.addProperty("horizon_us", run.horizonUs);
        json.addProperty("drain_us", run.drainUs);
        json.addProperty("slot_us", run.slotUs);
        json.addProperty("end", run.fixedEnd ? "fixed" : "drained");
        json.addProperty("mode", run.immediate ? "immediate" : "slots");
        json.addProperty("seed", run.seed);
        json.addProperty("privileged", run.privileged);
        json.addProperty("on_mind_failure", "abort");
        json.add("mind", object("start_timeout_s", 60, "decide_timeout_s", 60));
        json.add("noise", object("time_sigma_frac", run.timeSigmaFrac, "power_sigma_frac", run.powerSigmaFrac));
        json.add("work_classes", texts(run.workClasses));
        json.add("gpu_types", texts(gpuTypes));
        json.add("network", network(run));
        JsonArray origins = new JsonArray();
        JsonArray datacenters = new JsonArray();
        for (int d = 0; d < run.sites.size(); d++) {
            JsonObject origin = new JsonObject();
            origin.addProperty("region", run.sites.get(d).name);
            origin.addProperty("home", d);
            origins.add(origin);
            datacenters.add(run.sites.get(d).json(run.workClasses, gpuTypes));
        }
        run.faults.addTo(json);
        json.add("origins", origins);
        json.add("datacenters", datacenters);
        JsonObject policy = new JsonObject();
        policy.addProperty("name", run.decider);
        json.add("policy", policy);
        return new GsonBuilder().setPrettyPrinting().serializeNulls().create().toJson(json) + "\n";
    }

    private static JsonObject network(RunFolderBuilder run) {
        JsonObject json = new JsonObject();
        json.addProperty("kwh_per_gb", run.kwhPerGb);
        json.add("rtt_ms", matrix(run.sites.size(), run.rttMs));
        json.add("gbps", matrix(run.sites.size(), run.gbps));
        return json;
    }

    private static JsonArray matrix(int n, double value) {
        double[] row = new double[n];
        Arrays.fill(row, value);
        JsonArray rows = new JsonArray();
        for (int r = 0; r < n; r++) {
            rows.add(Hosts.array(row));
        }
        return rows;
    }

    private static JsonObject object(String first, double a, String second, double b) {
        JsonObject json = new JsonObject();
        json.addProperty(first, a);
        json.addProperty(second, b);
        return json;
    }

    private static JsonArray texts(List<String> values) {
        JsonArray array = new JsonArray();
        values.forEach(array::add);
        return array;
    }
}
