package org.greensched.sim.kernel;

import ch.qos.logback.classic.Level;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleConsumer;
import org.cloudsimplus.core.CloudSimPlus;
import org.cloudsimplus.core.SimEntity;
import org.cloudsimplus.core.events.SimEvent;
import org.cloudsimplus.util.Log;

/**
 * CloudSim Plus's kernel with two differences. Events for {@link GreenEntity}s and {@link StockEntity}s are handed over when they are taken from the
 * event queue; the stock kernel collects all events of an instant and then lets each entity work through its own, which
 * would break the (time, tag) order across entities, and searches a list for them. And the run ends when the world says so,
 * not when the queue is empty: sleep timers may outlive it.
 */
public final class GreenKernel extends CloudSimPlus {
    /**
     * Only clock listeners use it, and there are none: for ever, so that the kernel does not set out to tell them of every
     * event. Event times are exact at any value.
     */
    private static final double MIN_TIME_BETWEEN_EVENTS_S = Double.MAX_VALUE;

    /** Within it CloudSim Plus's own schedulers do not look at a cloudlet twice. */
    private static final double STOCK_MIN_TIME_BETWEEN_EVENTS_S = 0.001;

    private boolean stock;
    private long delivered;
    private DoubleConsumer watcher;

    /** A kernel at time 0, silent. */
    public GreenKernel() {
        super(silentMinTime());
    }

    private static double silentMinTime() {
        Log.setLevel(Level.OFF);
        return MIN_TIME_BETWEEN_EVENTS_S;
    }

    /** To be said before the run when CloudSim Plus's own virtual machines and cloudlets will be in it. */
    public void expectStockEntities() {
        stock = true;
    }

    @Override
    public double getMinTimeBetweenEvents() {
        return stock ? STOCK_MIN_TIME_BETWEEN_EVENTS_S : super.getMinTimeBetweenEvents();
    }

    /** Stock classes ask for it at every step, for a log that is off; the stock text takes longer than the step. */
    @Override
    public String clockStr() {
        return Double.toString(clock());
    }

    /**
     * Starts the entities and processes events until {@code ended} or nothing is left to happen. The kernel's directory of
     * stock datacenters looks for messages at every instant; it may do so from the first event that is for a stock entity on.
     */
    public void drive(BooleanSupplier ended) {
        startSync();
        getCis().setState(SimEntity.State.HOLDING);
        while (!ended.getAsBoolean() && processEvents(Double.MAX_VALUE)) {
            // everything happens in processEvents
        }
    }

    @Override
    protected void processEvent(SimEvent event) {
        if (event.getDestination() instanceof GreenEntity entity) {
            deliver(event, entity);
        } else if (event.getDestination() instanceof StockEntity entity) {
            setTime(event);
            entity.processEvent(event);
        } else {
            getCis().setState(SimEntity.State.RUNNABLE);
            super.processEvent(event);
        }
    }

    private void setTime(SimEvent event) {
        if (event.getTime() < clock()) {
            throw new IllegalStateException("event at " + event.getTime() + " s when the clock is at " + clock() + " s");
        }
        if (event.getTime() != clock()) {
            setClock(event.getTime());
        }
    }

    private void deliver(SimEvent event, GreenEntity entity) {
        setTime(event);
        if (event.getTag() == Tags.RELAY) {
            entity.relay(event.getData());
            return;
        }
        delivered++;
        entity.processEvent(event);
        if (watcher != null) {
            watcher.accept(event.getTime());
        }
    }

    /** Calls {@code newWatcher} with the time of each event after it was processed. */
    public void afterEvent(DoubleConsumer newWatcher) {
        this.watcher = newWatcher;
    }

    /** Events handed to the world's entities so far. */
    public long delivered() {
        return delivered;
    }
}
