package org.greensched.sim.placement;

import org.greensched.sim.runfolder.RunConfig;

/** The datacenter with room whose grid is cleanest now. */
public final class LowestIntensityDecider extends ScoringDecider {
    /** For a run. */
    public LowestIntensityDecider(RunConfig config) {
        super(config);
    }

    @Override
    protected double score(DatacenterView view, int datacenter, double givenCores) {
        return view.carbonGpkwh;
    }
}
