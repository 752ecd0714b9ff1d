package org.greensched.sim.placement;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.greensched.sim.util.IntList;
import org.greensched.sim.util.LongList;

/** Collects an answer row by row. */
public final class DecisionsBuilder {
    private final LongList task = new LongList();
    private final IntList action = new IntList();
    private final IntList dc = new IntList();
    private final LongList untilUs = new LongList();
    private final IntList status = new IntList();
    private final List<String> reason = new ArrayList<>();

    /** Places a task now. */
    public DecisionsBuilder place(long taskId, int datacenter, int statusCode, String why) {
        return add(taskId, Decisions.PLACE, datacenter, 0, statusCode, why);
    }

    /** Asks about a task again at {@code wakeUpUs}, microseconds since the start of the scenario. */
    public DecisionsBuilder defer(long taskId, long wakeUpUs, int statusCode, String why) {
        return add(taskId, Decisions.DEFER, -1, wakeUpUs, statusCode, why);
    }

    /** Rejects a task. */
    public DecisionsBuilder reject(long taskId, int statusCode, String why) {
        return add(taskId, Decisions.REJECT, -1, 0, statusCode, why);
    }

    /** Any row, with wire codes. */
    public DecisionsBuilder add(long taskId, int actionCode, int datacenter, long wakeUpUs, int statusCode, String why) {
        task.add(taskId);
        action.add(actionCode);
        dc.add(datacenter);
        untilUs.add(wakeUpUs);
        status.add(statusCode);
        reason.add(why);
        return this;
    }

    /** The answer. */
    public Decisions build() {
        double[] scale = new double[task.size()];
        Arrays.fill(scale, 1);
        return new Decisions(task.size(), task.toArray(), action.toArray(), dc.toArray(), untilUs.toArray(), scale,
                status.toArray(), reason.toArray(new String[0]));
    }
}
