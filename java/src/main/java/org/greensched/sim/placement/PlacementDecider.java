package org.greensched.sim.placement;

/**
 * The port through which the world asks where and when tasks run. A decider may live in this JVM or behind a bridge; the
 * broker calls it from the simulation thread only.
 */
public interface PlacementDecider {

    /** What the decider wants to be told beyond the basics. */
    record Needs(boolean forecasts, boolean progress, boolean truth) {
        /** Everything that costs nothing to tell. */
        public static final Needs ALL = new Needs(true, true, false);
    }

    /**
     * Called once, before the first decision.
     *
     * @param truth answers what-if questions in privileged runs; {@code null} otherwise
     * @return what the decider needs
     * @throws DeciderException when the decider cannot start
     */
    Needs start(TruthService truth) throws DeciderException;

    /**
     * Decides the tasks that the observation asks about (and may revise others that have not started).
     *
     * @throws DeciderException when no usable answer came in time; the broker then falls back or aborts
     */
    Decisions decide(Observation observation) throws DeciderException;

    /**
     * Called once at the end of the run with the last states and reports; nothing is asked.
     *
     * @throws DeciderException when the decider could not be told
     */
    void finish(Observation last) throws DeciderException;
}
