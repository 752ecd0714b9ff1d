package org.greensched.sim.runfolder;

/** States of a task (PROTOCOL.md §5) as their codes. */
public final class TaskState {
    /** Not arrived. */
    public static final int ABSENT = -1;
    /** For a predecessor. */
    public static final int WAITING = 0;
    /** For a decision. */
    public static final int PENDING = 1;
    /** For the time to ask again. */
    public static final int DEFERRED = 2;
    /** For its data. */
    public static final int TRANSFERRING = 3;
    /** For cores. */
    public static final int QUEUED = 4;
    /** Holds cores; executes from its {@code start_s} on (later than now only while its host wakes up). */
    public static final int RUNNING = 5;
    /** Of the protocol; this world pauses no task. */
    public static final int PAUSED = 6;
    /** Done. */
    public static final int FINISHED = 7;
    /** Ended without being done. */
    public static final int FAILED = 8;
    /** Never started. */
    public static final int REJECTED = 9;
    /** Number of states, {@link #ABSENT} not counted. */
    public static final int COUNT = 10;

    private static final String[] NAMES = {
        "waiting", "pending", "deferred", "transferring", "queued", "running", "paused", "finished", "failed", "rejected"
    };

    private TaskState() {}

    /** Whether a task in this state will never change again. */
    public static boolean ended(int state) {
        return state >= FINISHED;
    }

    /** Name of the state, as in world.json. */
    public static String name(int state) {
        return NAMES[state];
    }
}
