package org.greensched.sim.placement;

/** Dynamic state of one datacenter at the instant of an observation (PROTOCOL.md §4, table {@code datacenters}). */
public final class DatacenterView {
    public double freeCores;
    public double freeGpus;
    public double freeMemGb;
    public double maxFreeCores;
    public double maxFreeGpus;
    public int running;
    public int queued;
    public double queuedCores;
    public double queuedGpus;
    public double queuedMemGb;
    public int inbound;
    public double inboundCores;
    public double inboundGpus;
    public double inboundMemGb;
    public double usedCores;
    public double utilisationFrac;
    public double itW;
    public double pue;
    /** Signals now; NaN where missing. */
    public double carbonGpkwh;
    public double marginalGpkwh;
    public double windFrac;
    public double solarFrac;
    public double renewableFrac;
    public double pricePerKwh;
    public double temperatureC;
    /** 1: the whole datacenter is without power and takes no task. */
    public int down;
    /** Cores of failed hosts; part of neither free nor used ones. */
    public double failedCores;

    /** The values above by the names of the protocol, in its order. */
    public static final String[] COLUMNS = {
        "free_cores", "free_gpus", "free_mem_gb", "max_free_cores", "max_free_gpus", "running", "queued", "queued_cores",
        "queued_gpus", "queued_mem_gb", "inbound", "inbound_cores", "inbound_gpus", "inbound_mem_gb", "used_cores",
        "utilisation_frac", "it_w", "pue", "carbon_gpkwh", "marginal_gpkwh", "wind_frac", "solar_frac", "renewable_frac",
        "price_per_kwh", "temperature_c", "down", "failed_cores"
    };

    /** Whether column {@code column} counts tasks, as a 32-bit integer. */
    public static boolean isCount(int column) {
        return column == 5 || column == 6 || column == 10 || column == 25;
    }

    /** All values, in the order of {@link #COLUMNS}. */
    public double[] values() {
        return new double[] {
            freeCores, freeGpus, freeMemGb, maxFreeCores, maxFreeGpus, running, queued, queuedCores, queuedGpus, queuedMemGb,
            inbound, inboundCores, inboundGpus, inboundMemGb, usedCores, utilisationFrac, itW, pue, carbonGpkwh, marginalGpkwh,
            windFrac, solarFrac, renewableFrac, pricePerKwh, temperatureC, down, failedCores
        };
    }

    /** Nobody can see the grid now; the weather can be looked at. */
    public void hideGrid() {
        carbonGpkwh = Double.NaN;
        marginalGpkwh = Double.NaN;
        windFrac = Double.NaN;
        solarFrac = Double.NaN;
        renewableFrac = Double.NaN;
        pricePerKwh = Double.NaN;
    }
}
