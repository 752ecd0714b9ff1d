/** Grid and weather signals, and the exact integrals that meters read. */
package org.greensched.sim.carbon;
