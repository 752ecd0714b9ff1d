package org.greensched.sim.runfolder;

/** How much a datacenter draws for each watt of IT power (run.json: {@code datacenters[].pue}). */
public sealed interface PueSpec {

    /** The same ratio always. */
    record Static(double value) implements PueSpec {}

    /** {@code base + slopePerC * max(0, T - t0C)} with the outside temperature T in degrees Celsius. */
    record Temperature(double base, double t0C, double slopePerC) implements PueSpec {}

    /** {@code facility_w = fixedW + slope * it_w}. */
    record Load(double fixedW, double slope) implements PueSpec {}
}
