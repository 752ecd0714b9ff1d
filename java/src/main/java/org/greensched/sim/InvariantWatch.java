package org.greensched.sim;

import java.util.List;
import org.greensched.sim.datacenter.GreenDatacenter;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.workload.TaskBook;

/**
 * Watches over what must always hold, if {@code -Dgreensched.check=true}: time does not run backwards, the states of tasks
 * sum to what has arrived, no capacity is held twice or lost. Off by default: it looks at every host at every slot.
 */
final class InvariantWatch {
    /** System property that turns the watch on. */
    static final String PROPERTY = "greensched.check";

    private final TaskBook book;
    private final List<GreenDatacenter> datacenters;
    private final boolean on;
    private double lastS;

    private InvariantWatch(TaskBook book, List<GreenDatacenter> datacenters, boolean on) {
        this.book = book;
        this.datacenters = datacenters;
        this.on = on;
    }

    static InvariantWatch attach(GreenKernel kernel, TaskBook book, List<GreenDatacenter> datacenters) {
        InvariantWatch watch = new InvariantWatch(book, datacenters, Boolean.getBoolean(PROPERTY));
        if (watch.on) {
            kernel.afterEvent(watch::atEvent);
        }
        return watch;
    }

    private void atEvent(double nowS) {
        if (nowS < lastS) {
            throw new IllegalStateException("time runs backwards: " + lastS + " s, then " + nowS + " s");
        }
        lastS = nowS;
        long sum = 0;
        for (int state = 0; state < TaskState.COUNT; state++) {
            if (book.count(state) < 0) {
                throw new IllegalStateException(book.count(state) + " tasks are " + TaskState.name(state));
            }
            sum += book.count(state);
        }
        if (sum != book.arrived()) {
            throw new IllegalStateException("states sum to " + sum + ", " + book.arrived() + " tasks have arrived");
        }
    }

    void atSlot() {
        if (on) {
            datacenters.forEach(GreenDatacenter::check);
        }
    }
}
