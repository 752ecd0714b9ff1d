package org.greensched.sim.kernel;

import org.cloudsimplus.core.CloudSimEntity;

/** An entity of the world: its events reach {@link #processEvent} in (time, tag) order of the whole simulation. */
public abstract class GreenEntity extends CloudSimEntity {
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

    /** Schedules an event for this entity at exactly {@code timeS}, not before now. */
    protected final void at(double timeS, int tag, Object data) {
        schedule(kernel.delayTo(timeS), tag, data);
    }

    /** Schedules an event for this entity at this instant. */
    protected final void now(int tag, Object data) {
        schedule(0, tag, data);
    }
}
