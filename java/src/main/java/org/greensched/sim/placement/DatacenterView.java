package org.greensched.sim.placement;

/** Dynamic state of one datacenter at the instant of an observation (PROTOCOL.md §4, table {@code datacenters}). */
public final class DatacenterView {
    /** Cores that nobody holds, all hosts together. */
    public double freeCores;
    /** GPUs that nobody holds, all hosts together. */
    public double freeGpus;
    /** Memory that nobody holds, all hosts together, 10^9 bytes. */
    public double freeMemGb;
    /** Free cores of the host that has most of them. */
    public double maxFreeCores;
    /** Free GPUs of the host that has most of them. */
    public double maxFreeGpus;
    /** Tasks that hold cores. */
    public int running;
    /** Tasks that wait here for cores. */
    public int queued;
    /** Cores that the queue asks for. */
    public double queuedCores;
    /** GPUs that the queue asks for. */
    public double queuedGpus;
    /** Memory that the queue asks for, 10^9 bytes. */
    public double queuedMemGb;
    /** Tasks whose data are on the way here. */
    public int inbound;
    /** Cores that inbound tasks ask for. */
    public double inboundCores;
    /** GPUs that inbound tasks ask for. */
    public double inboundGpus;
    /** Memory that inbound tasks ask for, 10^9 bytes. */
    public double inboundMemGb;
    /** Cores that tasks hold. */
    public double usedCores;
    /** Used cores by those that the utilisation cap leaves, 0..1. */
    public double utilisationFrac;
    /** Power of the hosts at their plugs, W. */
    public double itW;
    /** Facility power by IT power now; NaN for a load-dependent one without load. */
    public double pue;
    /** Average carbon intensity, g CO2eq per kWh; NaN missing. */
    public double carbonGpkwh;
    /** Marginal intensity, g CO2eq per kWh; NaN missing. */
    public double marginalGpkwh;
    /** Share of wind, 0..1; NaN missing. */
    public double windFrac;
    /** Share of sun, 0..1; NaN missing. */
    public double solarFrac;
    /** Share of renewables, 0..1; NaN missing. */
    public double renewableFrac;
    /** Price, currency of the scenario per kWh; NaN missing. */
    public double pricePerKwh;
    /** Temperature outside, degrees Celsius; NaN missing. */
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
