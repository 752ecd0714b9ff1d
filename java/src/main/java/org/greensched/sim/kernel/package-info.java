/** CloudSim Plus's kernel, driven so that events of one instant keep their order across entities. */
package org.greensched.sim.kernel;
