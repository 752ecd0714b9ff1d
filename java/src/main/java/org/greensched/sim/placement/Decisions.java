package org.greensched.sim.placement;

/**
 * A decider's answer, one row per decided task (columns of {@code decisions}, PROTOCOL.md §4). Arrays have length
 * {@code size}.
 */
public record Decisions(
        int size, long[] task, int[] action, int[] dc, long[] untilUs, double[] scale, int[] status, String[] reason) {

    /** Action: to a datacenter now. */
    public static final int PLACE = 0;
    /** Action: ask again later. */
    public static final int DEFER = 1;
    /** Action: never. */
    public static final int REJECT = 2;
    /** Action of the protocol that this world answers with {@code unsupported}. */
    public static final int SCALE = 3;
    /** Action of the protocol that this world answers with {@code unsupported}. */
    public static final int PAUSE = 4;
    /** Action of the protocol that this world answers with {@code unsupported}. */
    public static final int RESUME = 5;
    /** Action of the protocol that this world answers with {@code unsupported}. */
    public static final int MIGRATE = 6;

    /** Status: a solver proved that it is best. */
    public static final int STATUS_OPTIMAL = 0;
    /** Status: the world's own fallback decided. */
    public static final int STATUS_FALLBACK_LOCAL = 3;
    /** Status: by a rule. */
    public static final int STATUS_HEURISTIC = 6;
}
