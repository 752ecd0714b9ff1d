/** Tasks: what is true about each, the luck it meets, and the book of their states. */
package org.greensched.sim.workload;
