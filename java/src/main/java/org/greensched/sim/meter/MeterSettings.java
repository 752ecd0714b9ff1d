package org.greensched.sim.meter;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import org.cloudsimplus.datacenters.Datacenter;
import org.cloudsimplus.hosts.Host;
import org.cloudsimplus.power.models.PowerModelHost;
import org.cloudsimplus.power.models.PowerModelHostSpec;
import org.greensched.sim.carbon.CommonGrid;
import org.greensched.sim.carbon.GridSignals;
import org.greensched.sim.carbon.StepSignal;
import org.greensched.sim.datacenter.FacilityMeter;
import org.greensched.sim.datacenter.PowerCurve;
import org.greensched.sim.runfolder.PueSpec;

/**
 * What a {@link CarbonMeter} needs to know of a site, and how to attach one. Carbon intensity is required; without
 * more, PUE is 1 and hosts draw what their own CloudSim Plus power models say. Signals begin at 0 s of the simulation;
 * a value that is NaN is missing, and so is what would be computed from it.
 *
 * <p>All methods that take numbers throw {@link IllegalArgumentException} for those that make no sense.
 */
public final class MeterSettings {
    private final Map<String, StepSignal> signals = new LinkedHashMap<>();
    private PueSpec pue = new PueSpec.Static(1);
    private Function<Host, DoubleUnaryOperator> power = MeterSettings::ownModel;

    /** Carbon intensity that never changes, g CO2eq per kWh. */
    public MeterSettings carbonGpkwh(double always) {
        return constant("carbon_gpkwh", always, 0);
    }

    /**
     * Carbon intensity, g CO2eq per kWh.
     *
     * @param stepS how long each value holds, seconds
     * @param values one after the other from 0 s on, for all of the simulation
     */
    public MeterSettings carbonGpkwh(double stepS, double[] values) {
        return steps("carbon_gpkwh", stepS, values, 0);
    }

    /** Marginal carbon intensity, g CO2eq per kWh, as {@link #carbonGpkwh(double, double[])}; it may be negative. */
    public MeterSettings marginalGpkwh(double stepS, double[] values) {
        return steps("marginal_gpkwh", stepS, values, -Double.MAX_VALUE);
    }

    /** Price that never changes, any currency per kWh; it may be negative. */
    public MeterSettings pricePerKwh(double always) {
        return constant("price_per_kwh", always, -Double.MAX_VALUE);
    }

    /** Price, any currency per kWh, as {@link #carbonGpkwh(double, double[])}; it may be negative. */
    public MeterSettings pricePerKwh(double stepS, double[] values) {
        return steps("price_per_kwh", stepS, values, -Double.MAX_VALUE);
    }

    /** Temperature outside, degrees Celsius, as {@link #carbonGpkwh(double, double[])}. */
    public MeterSettings temperatureC(double stepS, double[] values) {
        return steps("temperature_c", stepS, values, -274);
    }

    /** A PUE that never changes, at least 1. */
    public MeterSettings pue(double value) {
        return pue(new PueSpec.Static(value));
    }

    /** Any model of PUE; {@link PueSpec.Temperature} needs {@link #temperatureC}. */
    public MeterSettings pue(PueSpec spec) {
        if (spec instanceof PueSpec.Static fixed) {
            check("PUE", fixed.value(), 1);
        } else if (spec instanceof PueSpec.Temperature t) {
            check("base PUE", t.base(), 1);
            check("PUE per degree", t.slopePerC(), 0);
            check("temperature from which PUE rises", t.t0C(), -274);
        } else if (spec instanceof PueSpec.Load load) {
            check("fixed power of the facility, W,", load.fixedW(), 0);
            check("facility power per IT power", load.slope(), 1);
        }
        pue = spec;
        return this;
    }

    /**
     * Power of every host that is on, in place of its own power model.
     *
     * @param pointsW wall power at evenly spaced CPU utilisations from 0 to 1: two for a line from idle to full load,
     *     11 for a table in steps of a tenth; linear in between
     */
    public MeterSettings hostPowerW(double... pointsW) {
        for (double w : pointsW) {
            check("power of a host, W,", w, 0);
        }
        PowerCurve curve = new PowerCurve(pointsW);
        return hostPower(host -> curve);
    }

    /** Power of each host that is on, for hosts that differ. */
    public MeterSettings hostPower(Function<Host, PowerCurve> curveOf) {
        power = host -> curveOf.apply(host)::at;
        return this;
    }

    /**
     * Attaches a meter. Later changes of these settings do not reach it.
     *
     * @throws IllegalStateException the simulation has started, a signal is missing, or a host has no power model
     * @throws IllegalArgumentException the steps of the signals do not go together
     */
    public CarbonMeter attach(Datacenter datacenter) {
        need("carbon_gpkwh", "carbonGpkwh");
        if (pue instanceof PueSpec.Temperature) {
            need("temperature_c", "temperatureC");
        }
        CommonGrid common = CommonGrid.of(signals);
        return new CarbonMeter(datacenter, common, new FacilityMeter(grid(common), pue), power);
    }

    private static GridSignals grid(CommonGrid common) {
        StepSignal none = StepSignal.constant("missing", common.stepUs(), common.steps(), Double.NaN);
        Map<String, StepSignal> given = common.signals();
        return new GridSignals(
                given.get("carbon_gpkwh"), given.getOrDefault("marginal_gpkwh", none), none, none, none,
                given.getOrDefault("price_per_kwh", none), given.getOrDefault("temperature_c", none));
    }

    /** Attaches a meter to each datacenter, all with these settings; see {@link #attach(Datacenter)}. */
    public List<CarbonMeter> attach(List<? extends Datacenter> datacenters) {
        return datacenters.stream().map(this::attach).toList();
    }

    private void need(String signal, String method) {
        if (!signals.containsKey(signal)) {
            throw new IllegalStateException("the meter needs " + signal + ": call " + method + " first");
        }
    }

    private MeterSettings constant(String name, double always, double min) {
        check(name, always, min);
        signals.put(name, CommonGrid.constant(name, always));
        return this;
    }

    private MeterSettings steps(String name, double stepS, double[] values, double min) {
        StepSignal signal = CommonGrid.signal(name, stepS, values);
        for (int k = 0; k < values.length; k++) {
            if (!Double.isNaN(values[k])) {
                check(name + ", value " + k + ",", values[k], min);
            }
        }
        signals.put(name, signal);
        return this;
    }

    private static void check(String what, double value, double min) {
        if (!(value >= min) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(what + " must be a number of at least " + min + " (got " + value + ")");
        }
    }

    private static DoubleUnaryOperator ownModel(Host host) {
        PowerModelHost model = host.getPowerModel();
        if (model == PowerModelHost.NULL) {
            throw new IllegalStateException(host + " of " + host.getDatacenter() + " has no power model: call"
                    + " hostPowerW or hostPower, or give the host a power model before the meter is attached");
        }
        // PowerModelHostSpec.getPower takes a neighbouring point and fails near full load; its points are good
        return model instanceof PowerModelHostSpec spec ? new PowerCurve(spec.getPowerSpecs())::at : model::getPower;
    }
}
