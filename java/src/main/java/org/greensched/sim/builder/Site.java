package org.greensched.sim.builder;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.greensched.sim.carbon.CommonGrid;
import org.greensched.sim.carbon.StepSignal;
import org.greensched.sim.runfolder.PueSpec;

/** A datacenter of a {@link RunFolderBuilder}: PUE 1, all cores for tasks, no price, unless said otherwise. */
public final class Site {
    /** A forecast of carbon intensity; its first value is for the interval that begins when it is issued. */
    record Forecast(long issueUs, long stepUs, double[] gpkwh) {}

    final String name;
    final Map<String, StepSignal> signals = new LinkedHashMap<>();
    final List<Forecast> forecasts = new ArrayList<>();
    final List<Hosts> hosts = new ArrayList<>();
    private double capFrac = 1;
    private JsonObject pue = pueJson("static");
    private double lat;
    private double lon;

    /** A site without hosts; the name is also that of its region and zone. */
    public Site(String name) {
        this.name = Check.name("name of a site", name);
        pue.addProperty("value", 1.0);
    }

    private String of(String what) {
        return "site " + name + ": " + what;
    }

    /** Adds hosts; at least one group is needed. */
    public Site hosts(Hosts group) {
        hosts.add(group);
        return this;
    }

    /** Carbon intensity that never changes, g CO2eq per kWh. */
    public Site carbonGpkwh(double always) {
        Check.number(of("carbon intensity"), always, 0, 1e6);
        signals.put("carbon_gpkwh", CommonGrid.constant("carbon_gpkwh", always));
        return this;
    }

    /**
     * Carbon intensity, g CO2eq per kWh, without gaps.
     *
     * @param stepS how long each value holds, seconds
     * @param values one after the other from 0 s on, at least until the end of the run
     */
    public Site carbonGpkwh(double stepS, double[] values) {
        for (double value : values) {
            Check.number(of("carbon intensity"), value, 0, 1e6);
        }
        return signal("carbon_gpkwh", stepS, values);
    }

    /** Temperature outside, degrees Celsius, as {@link #carbonGpkwh(double, double[])}. */
    public Site temperatureC(double stepS, double[] values) {
        for (double value : values) {
            Check.number(of("temperature"), value, -100, 100);
        }
        return signal("temperature_c", stepS, values);
    }

    /**
     * A signal that may have gaps (NaN).
     *
     * @param kind marginal_gpkwh, wind_frac, solar_frac, renewable_frac or price_per_kwh
     */
    public Site optionalSignal(String kind, double stepS, double[] values) {
        if (!List.of("marginal_gpkwh", "wind_frac", "solar_frac", "renewable_frac", "price_per_kwh").contains(kind)) {
            throw new IllegalArgumentException(of("signal ") + kind + " is unknown; expected marginal_gpkwh, wind_frac,"
                    + " solar_frac, renewable_frac or price_per_kwh");
        }
        double max = kind.endsWith("_frac") ? 1 : 1e6;
        for (double value : values) {
            if (!Double.isNaN(value)) {
                Check.number(of(kind), value, kind.endsWith("_frac") ? 0 : -1e6, max);
            }
        }
        return signal(kind, stepS, values);
    }

    private Site signal(String kind, double stepS, double[] values) {
        signals.put(kind, CommonGrid.signal(of(kind), stepS, values));
        return this;
    }

    /**
     * A forecast of carbon intensity.
     *
     * @param issueS when deciders get to know it; there the first value's interval begins, seconds
     * @param stepS length of an interval, seconds
     * @param gpkwh g CO2eq per kWh
     */
    public Site carbonForecast(double issueS, double stepS, double[] gpkwh) {
        for (double value : gpkwh) {
            Check.number(of("forecast of carbon intensity"), value, 0, 1e6);
        }
        forecasts.add(new Forecast(
                Check.us(of("time of a forecast in s"), issueS, 0),
                Check.us(of("step of a forecast in s"), stepS, 1e-6),
                gpkwh.clone()));
        return this;
    }

    /** A PUE that never changes. */
    public Site pue(double value) {
        return pue(new PueSpec.Static(value));
    }

    /** Any model of PUE; {@link PueSpec.Temperature} needs {@link #temperatureC}. */
    public Site pue(PueSpec spec) {
        if (spec instanceof PueSpec.Static fixed) {
            pue = pueJson("static");
            pue.addProperty("value", Check.number(of("PUE"), fixed.value(), 1, 100));
        } else if (spec instanceof PueSpec.Temperature t) {
            pue = pueJson("temperature");
            pue.addProperty("base", Check.number(of("base PUE"), t.base(), 1, 100));
            pue.addProperty("t0_c", Check.number(of("temperature from which PUE rises"), t.t0C(), -100, 100));
            pue.addProperty("slope_per_c", Check.number(of("PUE per degree"), t.slopePerC(), 0, 10));
        } else if (spec instanceof PueSpec.Load load) {
            pue = pueJson("load");
            pue.addProperty("fixed_w", Check.number(of("fixed power in W"), load.fixedW(), 0, 1e12));
            pue.addProperty("slope", Check.number(of("facility power per IT power"), load.slope(), 1, 100));
        }
        return this;
    }

    private static JsonObject pueJson(String model) {
        JsonObject json = new JsonObject();
        json.addProperty("model", model);
        return json;
    }

    /** Share of all cores that tasks may hold at once, above 0, at most 1. */
    public Site capFrac(double value) {
        capFrac = Check.number(of("utilisation cap"), value, 1e-9, 1);
        return this;
    }

    /** Where it is, degrees. */
    public Site at(double latitude, double longitude) {
        lat = Check.number(of("latitude"), latitude, -90, 90);
        lon = Check.number(of("longitude"), longitude, -180, 180);
        return this;
    }

    /** Refuses a site that lacks something. */
    void checkComplete() {
        if (hosts.isEmpty()) {
            throw new IllegalArgumentException(of("has no hosts; call hosts"));
        }
        if (!signals.containsKey("carbon_gpkwh")) {
            throw new IllegalArgumentException(of("has no carbon intensity; call carbonGpkwh"));
        }
        if (pue.get("model").getAsString().equals("temperature") && !signals.containsKey("temperature_c")) {
            throw new IllegalArgumentException(of("its PUE needs the temperature; call temperatureC"));
        }
    }

    JsonObject json(List<String> workClasses, List<String> gpuTypes) {
        JsonObject json = new JsonObject();
        json.addProperty("name", name);
        json.addProperty("region", name);
        json.addProperty("zone", name);
        json.addProperty("lat", lat);
        json.addProperty("lon", lon);
        json.addProperty("utilisation_cap_frac", capFrac);
        json.add("price_per_kwh", JsonNull.INSTANCE);
        json.add("pue", pue);
        JsonArray groups = new JsonArray();
        hosts.forEach(group -> groups.add(group.json(workClasses, gpuTypes)));
        json.add("hosts", groups);
        return json;
    }
}
