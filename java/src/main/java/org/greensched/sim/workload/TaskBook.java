package org.greensched.sim.workload;

import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.runfolder.TaskStore;

/** The states of all tasks: every change goes through here, is counted, recorded and told to one listener. */
public final class TaskBook {

    /** Learns of every change of state, after it was recorded. */
    public interface Listener {
        /** {@code task} is now in {@code state}; {@code dc} is -1 where there is none. */
        void changed(int task, int state, double tS, int dc);
    }

    private final TaskStore tasks;
    private final JobLedger ledger;
    private final long[] counts = new long[TaskState.COUNT];
    /** Raised when a queued or deferred task is revised, so that entries made before are recognised as stale. */
    private final int[] revision;
    private Listener listener = (task, state, tS, dc) -> {};
    private long arrived;

    /** A book in which no task has arrived. */
    public TaskBook(TaskStore tasks, JobLedger ledger) {
        this.tasks = tasks;
        this.ledger = ledger;
        this.revision = new int[tasks.size()];
    }

    /** Who is told; one at a time. */
    public void listener(Listener newListener) {
        this.listener = newListener;
    }

    /** What owners declared. */
    public TaskStore tasks() {
        return tasks;
    }

    /** The record. */
    public JobLedger ledger() {
        return ledger;
    }

    /** State of a task. */
    public int state(int task) {
        return ledger.state.get(task);
    }

    /** Number of revisions of a task so far. */
    public int revision(int task) {
        return revision[task];
    }

    /** Makes all queue and deferral entries of a task stale. */
    public void revise(int task) {
        revision[task]++;
    }

    /** Changes the state of a task; whatever else is to be recorded about it must be there already. */
    public void change(int task, int state, double tS, int dc) {
        int before = ledger.state.get(task);
        if (TaskState.ended(before)) {
            throw new IllegalStateException("task " + task + " has ended as " + TaskState.name(before)
                    + " and cannot become " + TaskState.name(state));
        }
        if (before == TaskState.ABSENT) {
            arrived++;
        } else {
            counts[before]--;
        }
        counts[state]++;
        ledger.state.set(task, state);
        listener.changed(task, state, tS, dc);
    }

    /** Number of tasks in a state. */
    public long count(int state) {
        return counts[state];
    }

    /** Tasks that have arrived so far. */
    public long arrived() {
        return arrived;
    }

    /** Tasks that have arrived and not ended. */
    public long live() {
        return arrived - counts[TaskState.FINISHED] - counts[TaskState.FAILED] - counts[TaskState.REJECTED];
    }
}
