/** The broker: arrivals, slots, deferral, precedence, and the dialogue with whoever decides. */
package org.greensched.sim.broker;
