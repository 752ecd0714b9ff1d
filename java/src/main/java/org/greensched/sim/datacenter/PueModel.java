package org.greensched.sim.datacenter;

import org.greensched.sim.carbon.GridSignals;
import org.greensched.sim.carbon.StepSignal;
import org.greensched.sim.runfolder.PueSpec;

/** Turns a PUE specification into a signal on the grid of the carbon signal. */
final class PueModel {
    private PueModel() {}

    /** PUE per step; 1 for the load-dependent model, whose ratio the meter applies. */
    static StepSignal signal(PueSpec spec, GridSignals grid) {
        StepSignal carbon = grid.carbon();
        double[] values = new double[carbon.steps()];
        for (int k = 0; k < values.length; k++) {
            values[k] = value(spec, grid, k);
        }
        return new StepSignal("pue", carbon.stepUs(), values);
    }

    private static double value(PueSpec spec, GridSignals grid, int step) {
        if (spec instanceof PueSpec.Static fixed) {
            return fixed.value();
        }
        if (spec instanceof PueSpec.Temperature t) {
            return t.base() + t.slopePerC() * Math.max(0, grid.temperature().step(step) - t.t0C());
        }
        return 1;
    }
}
