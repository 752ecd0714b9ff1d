package org.greensched.sim.datacenter;

/** What a task does from the instant at which its host is awake for it until it is done: one execution model of the world. */
interface Engine {
    /** Told whenever a running task begins to use more or less than before. */
    interface LoadListener {
        /** From now on {@code run} keeps so many cores busy and draws so much dynamic GPU power. */
        void changed(RunningTask run, double utilisedCores, double gpuW);
    }

    /**
     * The task begins to execute now: sets its load and its expected run time, and sees to it that a
     * {@link org.greensched.sim.kernel.Tags#FINISH} event carries it when it is done.
     */
    void begin(RunningTask run);

    /** An {@link org.greensched.sim.kernel.Tags#ENGINE} or MIGRATION event that this engine scheduled. */
    void due(Object data);

    /** A {@link org.greensched.sim.kernel.Tags#PHASE} event that this engine scheduled for the task. */
    void nextPhase(RunningTask run);

    /** Nothing more can come to a host: it breaks, and the tasks on it have been stopped, or it is withdrawn, and they go on. */
    void hostLost(int host);

    /** The task is done: its FINISH event came. */
    void done(RunningTask run);

    /**
     * The task leaves its host unfinished; a FINISH event that is already on its way will be ignored. Returns the share of its
     * work that need not be done again.
     */
    double stop(RunningTask run);

    /** Share of the task's work that is done at {@code nowS}, 0..1. */
    double doneFrac(RunningTask run, double nowS);
}
