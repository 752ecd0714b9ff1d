package org.greensched.sim.placement;

import org.greensched.sim.runfolder.RunConfig;

/** The datacenter with room and the lowest utilisation. */
public final class LeastLoadedDecider extends ScoringDecider {
    private final RunConfig config;

    /** For a run. */
    public LeastLoadedDecider(RunConfig config) {
        super(config);
        this.config = config;
    }

    @Override
    protected double score(DatacenterView view, int datacenter, double givenCores) {
        return (view.usedCores + givenCores) / config.datacenters().get(datacenter).usableCores();
    }
}
