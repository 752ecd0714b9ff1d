/**
 * The GreenSched world: a CloudSim Plus extension with geo-distributed datacenters, PUE, grid signals and exact
 * energy and carbon meters. Knows nothing of Python or of any bridge.
 */
package org.greensched.sim;
