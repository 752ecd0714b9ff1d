package org.greensched.sim.placement;

import org.greensched.sim.runfolder.RunConfig;

/** The first datacenter of the run with room. */
public final class FirstFitDecider extends ScoringDecider {
    /** For a run. */
    public FirstFitDecider(RunConfig config) {
        super(config);
    }

    @Override
    protected double score(DatacenterView view, int datacenter, double givenCores) {
        return datacenter;
    }
}
