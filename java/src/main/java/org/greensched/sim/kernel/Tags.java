package org.greensched.sim.kernel;

/**
 * Event tags. The kernel orders equal times by tag, so their order here is the order in which things happen at one instant
 * (PROTOCOL.md §6): what frees capacity comes before what takes it, and decisions come last.
 */
public final class Tags {
    private static final int FIRST = 4000;

    /** Something is due in an execution engine; before completions, which may follow from it at the same instant. */
    public static final int ENGINE = FIRST - 2;

    /** On the way to an exact time, see {@link GreenEntity}; never seen by entities. */
    static final int RELAY = FIRST - 1;

    /** A task completes. */
    public static final int FINISH = FIRST;
    /** A running task enters its next phase. */
    public static final int PHASE = FIRST + 1;
    /** A host falls asleep or is awake again. */
    public static final int HOST_POWER = FIRST + 2;
    /** Something breaks or is repaired: what ended at this instant has ended, what would start has not. */
    public static final int FAULT = FIRST + 3;
    /** Freed capacity is given to the queue, after everything that frees some at this instant. */
    public static final int SERVE = FIRST + 4;
    /** A task's data has arrived. */
    public static final int TRANSFER = FIRST + 5;
    /** Tasks arrive. */
    public static final int ARRIVAL = FIRST + 6;
    /** Tasks became ready without arriving: a predecessor finished or a deferral ran out (immediate mode). */
    public static final int READY = FIRST + 7;
    /** A slot boundary. */
    public static final int SLOT = FIRST + 8;

    /** Virtual machines move, or it is looked at whether some should, after everything else of the instant. */
    public static final int MIGRATION = FIRST + 9;

    private Tags() {}
}
