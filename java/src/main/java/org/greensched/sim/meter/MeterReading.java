package org.greensched.sim.meter;

/**
 * What a meter shows of a datacenter, a host, a VM or a cloudlet. NaN: a signal that the number needs was missing.
 *
 * @param itKwh energy at the plug of the hosts
 * @param facilityKwh the same with the facility's overhead (PUE)
 * @param carbonG carbon of {@code facilityKwh}, g CO2eq
 * @param cost of {@code facilityKwh}, in the currency of the price; NaN also where no price was given
 */
public record MeterReading(double itKwh, double facilityKwh, double carbonG, double cost) {}
