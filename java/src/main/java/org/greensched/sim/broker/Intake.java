package org.greensched.sim.broker;

import java.util.List;
import org.greensched.sim.datacenter.GreenDatacenter;
import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.util.IntList;
import org.greensched.sim.util.LongList;
import org.greensched.sim.workload.TaskBook;

/**
 * Decides what a task that arrives, or whose predecessors ended, becomes (waiting, pending, rejected), keeps the list of
 * pending tasks and lets the decider know of every change of a task that it may see.
 */
final class Intake implements TaskBook.Listener {
    /** Told of a task that became pending without arriving at this instant. */
    interface ReleaseListener {
        /** The last predecessor of {@code task} finished. */
        void released(int task);
    }

    private final TaskBook book;
    private final List<GreenDatacenter> datacenters;
    private final Dialogue dialogue;
    private final ReleaseListener releases;
    private final Precedence precedence;
    private final IntList pending = new IntList();
    private final boolean[] listed;
    private final IntList released = new IntList();

    Intake(TaskBook book, List<GreenDatacenter> datacenters, Dialogue dialogue, ReleaseListener releases) {
        this.book = book;
        this.datacenters = datacenters;
        this.dialogue = dialogue;
        this.releases = releases;
        this.precedence = new Precedence(book.tasks());
        this.listed = new boolean[book.tasks().size()];
    }

    /** A task arrives at {@code nowS}. */
    void arrive(int task, double nowS) {
        if (precedence.isDoomed(task)) {
            reject(task, JobLedger.REASON_PREDECESSOR, nowS);
        } else if (!fitsSomewhere(task)) {
            reject(task, JobLedger.REASON_NEVER_FITS, nowS);
        } else {
            book.change(task, precedence.mustWait(task) ? TaskState.WAITING : TaskState.PENDING, nowS, -1);
        }
    }

    private boolean fitsSomewhere(int task) {
        for (int d = 0; d < datacenters.size(); d++) {
            if (datacenters.get(d).couldHold(task)) {
                return true;
            }
        }
        return false;
    }

    private void reject(int task, int reason, double nowS) {
        book.ledger().reason.set(task, reason);
        book.change(task, TaskState.REJECTED, nowS, -1);
    }

    @Override
    public void changed(int task, int state, double tS, int dc) {
        if (state == TaskState.WAITING) {
            return; // not visible to the decider yet
        }
        if ((state == TaskState.PENDING || state == TaskState.REJECTED) && !isIntroduced(task)) {
            dialogue.introduce(task);
        }
        dialogue.tell(task, state, tS, dc);
        switch (state) {
            case TaskState.PENDING -> list(task);
            case TaskState.FINISHED -> release(task, tS);
            case TaskState.REJECTED, TaskState.FAILED -> doom(task, tS);
            default -> { }
        }
    }

    /** A task that was ever decided has been introduced before; one that never was is introduced when it becomes pending. */
    private boolean isIntroduced(int task) {
        return listed[task] || book.ledger().decision.get(task) >= 0;
    }

    private void list(int task) {
        if (!listed[task]) {
            listed[task] = true;
            pending.add(task);
        }
    }

    private void release(int task, double nowS) {
        released.clear();
        precedence.finished(task, released);
        for (int i = 0; i < released.size(); i++) {
            int successor = released.get(i);
            if (book.state(successor) == TaskState.WAITING) {
                book.change(successor, TaskState.PENDING, nowS, -1);
                releases.released(successor);
            }
        }
    }

    private void doom(int task, double nowS) {
        IntList lost = new IntList();
        precedence.failed(task, lost);
        for (int i = 0; i < lost.size(); i++) {
            if (book.state(lost.get(i)) == TaskState.WAITING) {
                reject(lost.get(i), JobLedger.REASON_PREDECESSOR, nowS);
            }
        }
    }

    /** Adds all pending tasks to a question, in the order in which they became pending. */
    void askPending(LongList ask) {
        int kept = 0;
        for (int i = 0; i < pending.size(); i++) {
            int task = pending.get(i);
            if (book.state(task) == TaskState.PENDING) {
                ask.add(task);
                pending.set(kept++, task);
            } else {
                listed[task] = false;
            }
        }
        pending.truncate(kept);
    }
}
