/** Datacenters: hosts, placement within one, power and PUE, exact meters. */
package org.greensched.sim.datacenter;
