package org.greensched.sim.kernel;

import org.cloudsimplus.core.CloudSimEntity;

/** An entity of the world: its events reach {@link #processEvent} in (time, tag) order of the whole simulation. */
public abstract class GreenEntity extends CloudSimEntity {
    private record Relay(double timeS, int tag, Object data) {}

    private final GreenKernel kernel;

    /** Registers the entity with the kernel. */
    protected GreenEntity(GreenKernel kernel) {
        super(kernel);
        this.kernel = kernel;
    }

    /** The kernel passes all events at once, so nothing is ever left for this. */
    @Override
    public final void run(double until) {
        // deliberately nothing: see GreenKernel
    }

    /** Now, seconds since the start of the scenario. */
    protected final double nowS() {
        return kernel.clock();
    }

    /**
     * Schedules an event for this entity at exactly {@code timeS}. The kernel takes a delay and adds it to the clock, and
     * that sum may miss the target by a rounding; where no delay hits it, the event goes by way of a relay in the second
     * half of the time from 0 to the target, from which the difference is exact (Sterbenz).
     *
     * @throws IllegalArgumentException when the time is past
     */
    protected final void at(double timeS, int tag, Object data) {
        double nowS = nowS();
        if (!(timeS >= nowS) || timeS == Double.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("event at " + timeS + " s scheduled at " + nowS + " s");
        }
        double delayS = timeS - nowS;
        if (nowS + delayS != timeS) {
            delayS = nowS + delayS < timeS ? Math.nextUp(delayS) : Math.nextDown(delayS);
        }
        if (nowS + delayS == timeS) {
            schedule(delayS, tag, data);
        } else {
            schedule(delayS * 0.75, Tags.RELAY, new Relay(timeS, tag, data));
        }
    }

    /** Sends a relayed event on. */
    final void relay(Object data) {
        Relay relay = (Relay) data;
        at(relay.timeS, relay.tag, relay.data);
    }

    /** Schedules an event for this entity at this instant. */
    protected final void now(int tag, Object data) {
        schedule(0, tag, data);
    }
}
