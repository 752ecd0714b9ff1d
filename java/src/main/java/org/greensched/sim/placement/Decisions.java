package org.greensched.sim.placement;

/**
 * A decider's answer, one row per decided task (columns of {@code decisions}, PROTOCOL.md §4). Arrays have length
 * {@code size}.
 */
public record Decisions(
        int size, long[] task, int[] action, int[] dc, long[] untilUs, double[] scale, int[] status, String[] reason) {

    /** Actions by their wire code. */
    public static final int PLACE = 0;
    public static final int DEFER = 1;
    public static final int REJECT = 2;
    public static final int SCALE = 3;
    public static final int PAUSE = 4;
    public static final int RESUME = 5;
    public static final int MIGRATE = 6;

    /** Statuses by their wire code. */
    public static final int STATUS_OPTIMAL = 0;
    public static final int STATUS_FALLBACK_LOCAL = 3;
    public static final int STATUS_HEURISTIC = 6;
}
