package org.greensched.sim.placement;

import java.util.List;
import org.greensched.sim.datacenter.GreenDatacenter;
import org.greensched.sim.util.LongList;

/**
 * Decides when the mind cannot: the datacenter with the lowest carbon intensity now among those where the task fits now,
 * otherwise the one with the shortest queue among those where it can ever fit. Ties go to the lower
 * number, an intensity that nobody can see comes last, and a datacenter without power is left out. Cores given
 * within the same answer are counted, so that a burst does not pile up on one datacenter.
 */
public final class LocalFallback {
    private final List<GreenDatacenter> datacenters;
    private final DatacenterView[] views;
    private final double[] given;

    /** A fallback that looks at the datacenters themselves, not at an observation. */
    public LocalFallback(List<GreenDatacenter> datacenters) {
        this.datacenters = datacenters;
        this.views = new DatacenterView[datacenters.size()];
        this.given = new double[datacenters.size()];
        for (int d = 0; d < views.length; d++) {
            views[d] = new DatacenterView();
        }
    }

    /** Places every task of {@code ask}. */
    public Decisions decide(LongList ask, String reason) {
        for (int d = 0; d < views.length; d++) {
            datacenters.get(d).view(views[d]);
            given[d] = 0;
        }
        DecisionsBuilder answer = new DecisionsBuilder();
        for (int i = 0; i < ask.size(); i++) {
            int task = (int) ask.get(i);
            int dc = choose(task);
            if (dc >= 0) {
                given[dc] += datacenters.get(dc).coresOf(task);
                answer.place(task, dc, Decisions.STATUS_FALLBACK_LOCAL, reason);
            }
        }
        return answer.build();
    }

    private int choose(int task) {
        int cleanest = -1;
        int shortest = -1;
        for (int d = 0; d < views.length; d++) {
            GreenDatacenter datacenter = datacenters.get(d);
            if (datacenter.faults().isOut() || !datacenter.couldHold(task)) {
                continue;
            }
            boolean room = datacenter.fitsNow(task) && given[d] + datacenter.coresOf(task) <= views[d].freeCores;
            if (room && (cleanest < 0 || Double.compare(views[d].carbonGpkwh, views[cleanest].carbonGpkwh) < 0)) {
                cleanest = d;
            }
            if (shortest < 0 || load(d) < load(shortest)) {
                shortest = d;
            }
        }
        return cleanest >= 0 ? cleanest : shortest;
    }

    /** Cores that wait for every usable core of the datacenter. */
    private double load(int d) {
        return (views[d].queuedCores + views[d].inboundCores + given[d]) / datacenters.get(d).spec().usableCores();
    }
}
