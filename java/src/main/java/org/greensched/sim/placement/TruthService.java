package org.greensched.sim.placement;

/** Answers what-if questions from the world's hidden truth; exists only in privileged runs. */
public interface TruthService {

    /** Answer to {@link #truth}: arrays of length tasks x options, task-major; NaN where the option can never run. */
    record Answer(double[] energyKwh, double[] serviceTimeS, double[] waitS) {}

    /**
     * What would happen if each option alone were executed from the present state, with realised signals, the task's own
     * noise and no later arrival.
     *
     * @param task task ids
     * @param dc datacenter of each option
     * @param startUs start of each option, microseconds since the start of the scenario, not before now
     */
    Answer truth(long[] task, int[] dc, long[] startUs);
}
