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
}
