package org.greensched.sim.kernel;

import org.cloudsimplus.core.events.SimEvent;

/**
 * An entity of CloudSim Plus's own kind that takes each of its events when it is taken from the queue, as {@link GreenEntity}s
 * do; its {@code run} should do nothing.
 */
public interface StockEntity {
    /** Processes an event at its time. */
    void processEvent(SimEvent event);
}
