/**
 * Carbon and energy meters for simulations that use CloudSim Plus's own datacenters: they attach through listeners and
 * change nothing. Begin with {@link org.greensched.sim.meter.MeterSettings}.
 */
package org.greensched.sim.meter;
