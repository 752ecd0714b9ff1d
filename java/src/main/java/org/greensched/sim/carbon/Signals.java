package org.greensched.sim.carbon;

import com.google.gson.JsonElement;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.Table;
import org.greensched.sim.runfolder.BadInputException;
import org.greensched.sim.runfolder.DatacenterSpec;
import org.greensched.sim.runfolder.HiddenHosts;
import org.greensched.sim.runfolder.PueSpec;
import org.greensched.sim.runfolder.RunConfig;

/** Actual grid and weather values of every datacenter (signals.gsf, PROTOCOL.md §2.4). */
public final class Signals {
    private final List<GridSignals> datacenters;

    private Signals(List<GridSignals> datacenters) {
        this.datacenters = datacenters;
    }

    /** The signals of one datacenter. */
    public GridSignals of(int datacenter) {
        return datacenters.get(datacenter);
    }

    /**
     * Reads and checks {@code signals.gsf}.
     *
     * @param hidden knows where hosts are throttled by heat, which needs a temperature
     * @throws BadInputException a required column is absent, has a gap or ends before horizon + drain
     * @throws IOException the file cannot be read
     */
    public static Signals read(Path file, RunConfig config, HiddenHosts hidden) throws IOException {
        Frame frame = Frame.map(file);
        if (!frame.kind().equals("signals")) {
            throw new BadInputException(file.toString(), "is a frame of kind " + frame.kind() + ", expected signals");
        }
        JsonElement step = frame.meta().get("step_us");
        if (step == null || step.getAsLong() <= 0) {
            throw new BadInputException(file.toString(), "meta.step_us must be a positive number of microseconds");
        }
        Table table = frame.table("signals");
        long stepUs = step.getAsLong();
        if (table.rows() * stepUs < config.endUs()) {
            throw new BadInputException(file.toString(), "signals end at " + table.rows() * stepUs
                    + " us, the run may last until horizon + drain = " + config.endUs() + " us");
        }
        List<GridSignals> all = new ArrayList<>();
        for (int d = 0; d < config.datacenters().size(); d++) {
            all.add(datacenter(table, file, d, config.datacenters().get(d), hidden.throttles(d), stepUs));
        }
        return new Signals(List.copyOf(all));
    }

    private static GridSignals datacenter(
            Table table, Path file, int d, DatacenterSpec spec, boolean throttles, long stepUs) {
        StepSignal price = column(table, d, "price_per_kwh", stepUs);
        if (price == null && !Double.isNaN(spec.pricePerKwh())) {
            price = StepSignal.constant(d + ".price_per_kwh", stepUs, (int) table.rows(), spec.pricePerKwh());
        }
        StepSignal carbon = required(column(table, d, "carbon_gpkwh", stepUs), file, d, spec, "carbon_gpkwh");
        StepSignal temperature = column(table, d, "temperature_c", stepUs);
        if (throttles || spec.pue() instanceof PueSpec.Temperature) {
            required(temperature, file, d, spec, "temperature_c");
        }
        StepSignal none = StepSignal.constant(d + ".missing", stepUs, carbon.steps(), Double.NaN);
        return new GridSignals(
                carbon, orElse(column(table, d, "marginal_gpkwh", stepUs), none),
                orElse(column(table, d, "wind_frac", stepUs), none), orElse(column(table, d, "solar_frac", stepUs), none),
                orElse(column(table, d, "renewable_frac", stepUs), none), orElse(price, none), orElse(temperature, none));
    }

    private static StepSignal orElse(StepSignal signal, StepSignal none) {
        return signal == null ? none : signal;
    }

    private static StepSignal column(Table table, int d, String kind, long stepUs) {
        String name = d + "." + kind;
        if (!table.has(name)) {
            return null;
        }
        return new StepSignal(name, stepUs, table.f64(name).toArray());
    }

    private static StepSignal required(StepSignal signal, Path file, int d, DatacenterSpec spec, String kind) {
        if (signal == null) {
            throw new BadInputException(file.toString(), "no column " + d + "." + kind + ", which datacenter " + spec.name()
                    + " needs");
        }
        for (int k = 0; k < signal.steps(); k++) {
            if (!Double.isFinite(signal.step(k))) {
                throw new BadInputException(file.toString(), d + "." + kind + " (" + spec.name() + ") has a gap at step " + k
                        + " (" + k * signal.stepUs() / 1_000_000 + " s); this signal may not have gaps");
            }
        }
        return signal;
    }
}
