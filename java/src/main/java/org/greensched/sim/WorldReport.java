package org.greensched.sim;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.greensched.sim.broker.GreenBroker;
import org.greensched.sim.datacenter.GreenDatacenter;
import org.greensched.sim.datacenter.MeterTotals;
import org.greensched.sim.datacenter.SlotLog;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.runfolder.DecisionLog;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.util.NeumaierSum;
import org.greensched.sim.workload.TaskBook;

/** Builds world.json (PROTOCOL.md §2.11) from whatever of the world exists already. */
record WorldReport(
        GreenKernel kernel, List<GreenDatacenter> datacenters, TaskBook book, GreenBroker broker, SlotLog slots,
        DecisionLog decisions) {

    private static final String[] TOTALS = {
        "it_kwh", "facility_kwh", "carbon_g", "marginal_g", "cost", "attributed_kwh", "attributed_g", "idle_kwh", "idle_g",
        "wake_kwh", "fixed_overhead_kwh", "fixed_overhead_g", "transfer_kwh", "transfer_g"
    };

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
        for (Map.Entry<String, Integer> failure : broker.failures().entrySet()) {
            fallbacks.addProperty(failure.getKey(), failure.getValue());
        }
        json.add("fallbacks", fallbacks);
        json.addProperty("interruptions", datacenters.stream().mapToLong(d -> d.faults().interruptions()).sum());
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

    /** Sums and, per datacenter, lists; null where a part is missing. */
    private JsonObject totals() {
        double[][] values = new double[datacenters.size()][];
        for (int d = 0; d < values.length; d++) {
            values[d] = values(d);
        }
        JsonObject totals = new JsonObject();
        JsonObject perDatacenter = new JsonObject();
        for (int t = 0; t < TOTALS.length; t++) {
            NeumaierSum sum = new NeumaierSum();
            JsonArray list = new JsonArray();
            for (double[] value : values) {
                sum.add(value[t]);
                list.add(number(value[t]));
            }
            totals.add(TOTALS[t], number(sum.value()));
            if (t == 0) {
                totals.add("datacenters", perDatacenter);
            }
            perDatacenter.add(TOTALS[t], list);
        }
        return totals;
    }

    /** The totals of one datacenter, as {@link #TOTALS} names them. */
    private double[] values(int d) {
        MeterTotals run = datacenters.get(d).facility().run();
        return new double[] {
            run.itKwh(), run.facilityKwh(), run.carbonG(), run.marginalG(), run.cost(), run.attributedKwh(),
            run.attributedG(), run.idleKwh(), run.idleG(), run.wakeKwh(), run.fixedOverheadKwh(), run.fixedOverheadG(),
            slots.transferKwh(d), slots.transferG(d)
        };
    }

    private static JsonElement number(double value) {
        return Double.isFinite(value) ? new JsonPrimitive(value) : JsonNull.INSTANCE;
    }
}
