package org.greensched.sim;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import org.greensched.sim.broker.GreenBroker;
import org.greensched.sim.datacenter.GreenDatacenter;
import org.greensched.sim.datacenter.SlotLog;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.runfolder.DecisionLog;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.util.NeumaierSum;
import org.greensched.sim.workload.TaskBook;

/** Builds world.json (PROTOCOL.md §2.10) from whatever of the world exists already. */
record WorldReport(
        GreenKernel kernel, List<GreenDatacenter> datacenters, TaskBook book, GreenBroker broker, SlotLog slots,
        DecisionLog decisions) {

    JsonObject build(String status, String reason, double wallS) {
        JsonObject json = new JsonObject();
        json.addProperty("status", status);
        json.addProperty("reason", reason);
        json.addProperty("world", World.VERSION);
        json.addProperty("sim_time_s", kernel.clock());
        json.addProperty("events", kernel.delivered());
        json.addProperty("wall_s", wallS);
        if (broker == null) {
            return json;
        }
        JsonObject tasks = new JsonObject();
        for (int state = 0; state < TaskState.COUNT; state++) {
            tasks.addProperty(TaskState.name(state), book.count(state));
        }
        json.add("tasks", tasks);
        json.addProperty("arrived", book.arrived());
        json.addProperty("decisions", broker.decisions());
        JsonObject fallbacks = new JsonObject();
        broker.failures().forEach(fallbacks::addProperty);
        json.add("fallbacks", fallbacks);
        json.addProperty("decision_log_sha256", decisions.sha256());
        json.add("latency_us", latency());
        json.add("totals", totals());
        return json;
    }

    private JsonObject latency() {
        long[] ns = broker.latencyNs().toArray();
        Arrays.sort(ns);
        JsonObject latency = new JsonObject();
        latency.addProperty("count", ns.length);
        if (ns.length > 0) {
            latency.addProperty("p50", quantile(ns, 0.50) / 1e3);
            latency.addProperty("p99", quantile(ns, 0.99) / 1e3);
            latency.addProperty("max", ns[ns.length - 1] / 1e3);
        }
        return latency;
    }

    /** The smallest value that at least {@code share} of all do not exceed. */
    private static long quantile(long[] sorted, double share) {
        return sorted[(int) Math.max(0, Math.ceil(share * sorted.length) - 1)];
    }

    private JsonObject totals() {
        JsonObject totals = new JsonObject();
        put(totals, "it_kwh", d -> datacenters.get(d).facility().run().itKwh());
        put(totals, "facility_kwh", d -> datacenters.get(d).facility().run().facilityKwh());
        put(totals, "carbon_g", d -> datacenters.get(d).facility().run().carbonG());
        put(totals, "marginal_g", d -> datacenters.get(d).facility().run().marginalG());
        put(totals, "cost", d -> datacenters.get(d).facility().run().cost());
        put(totals, "attributed_kwh", d -> datacenters.get(d).facility().run().attributedKwh());
        put(totals, "attributed_g", d -> datacenters.get(d).facility().run().attributedG());
        put(totals, "idle_kwh", d -> datacenters.get(d).facility().run().idleKwh());
        put(totals, "idle_g", d -> datacenters.get(d).facility().run().idleG());
        put(totals, "wake_kwh", d -> datacenters.get(d).facility().run().wakeKwh());
        put(totals, "fixed_overhead_kwh", d -> datacenters.get(d).facility().run().fixedOverheadKwh());
        put(totals, "fixed_overhead_g", d -> datacenters.get(d).facility().run().fixedOverheadG());
        put(totals, "transfer_kwh", slots::transferKwh);
        put(totals, "transfer_g", slots::transferG);
        return totals;
    }

    /** The sum and the list per datacenter; null where a part is missing. */
    private void put(JsonObject totals, String name, IntToDoubleFunction value) {
        NeumaierSum sum = new NeumaierSum();
        JsonArray list = new JsonArray();
        for (int d = 0; d < datacenters.size(); d++) {
            sum.add(value.applyAsDouble(d));
            list.add(number(value.applyAsDouble(d)));
        }
        totals.add(name, number(sum.value()));
        if (!totals.has("datacenters")) {
            totals.add("datacenters", new JsonObject());
        }
        totals.getAsJsonObject("datacenters").add(name, list);
    }

    private static JsonElement number(double value) {
        return Double.isFinite(value) ? new JsonPrimitive(value) : JsonNull.INSTANCE;
    }
}
