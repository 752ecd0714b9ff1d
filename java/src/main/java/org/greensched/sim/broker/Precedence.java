package org.greensched.sim.broker;

import org.greensched.sim.columns.I64;
import org.greensched.sim.columns.Table;
import org.greensched.sim.runfolder.BadInputException;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.util.IntList;

/** Which tasks wait for which: successors of each task and how many predecessors each still waits for. */
final class Precedence {
    private final int[] first;
    private final int[] successor;
    private final int[] missing;
    private final boolean[] doomed;

    /** Reads the edges; a run without any costs nothing. */
    Precedence(TaskStore tasks) {
        Table edges = tasks.edges();
        int n = edges.rows() == 0 ? 0 : tasks.size();
        first = new int[n + 1];
        missing = new int[n];
        doomed = new boolean[n];
        successor = new int[(int) edges.rows()];
        if (n > 0) {
            fill(edges.i64("task"), edges.i64("successor"), tasks);
            refuseCycles(tasks);
        }
    }

    private void fill(I64 from, I64 to, TaskStore tasks) {
        for (int e = 0; e < successor.length; e++) {
            long a = from.get(e);
            long b = to.get(e);
            if (a < 0 || b < 0 || a >= tasks.size() || b >= tasks.size() || a == b) {
                throw new BadInputException(tasks.where(), "edges row " + e + ": " + a + " -> " + b + " is not between tasks");
            }
            first[(int) a + 1]++;
            missing[(int) b]++;
        }
        for (int t = 0; t < missing.length; t++) {
            first[t + 1] += first[t];
        }
        int[] at = first.clone();
        for (int e = 0; e < successor.length; e++) {
            successor[at[(int) from.get(e)]++] = (int) to.get(e);
        }
    }

    /** Tasks on a cycle would wait for ever. */
    private void refuseCycles(TaskStore tasks) {
        int[] left = missing.clone();
        IntList ready = new IntList();
        for (int t = 0; t < left.length; t++) {
            if (left[t] == 0) {
                ready.add(t);
            }
        }
        for (int i = 0; i < ready.size(); i++) {
            int t = ready.get(i);
            for (int e = first[t]; e < first[t + 1]; e++) {
                if (--left[successor[e]] == 0) {
                    ready.add(successor[e]);
                }
            }
        }
        if (ready.size() < left.length) {
            throw new BadInputException(tasks.where(), "edges form a cycle through "
                    + (left.length - ready.size()) + " tasks; precedence must not be circular");
        }
    }

    boolean mustWait(int task) {
        return missing.length > 0 && missing[task] > 0;
    }

    boolean isDoomed(int task) {
        return doomed.length > 0 && doomed[task];
    }

    /** A task finished: its successors wait for one less; those that wait for nothing any more are added to {@code ready}. */
    void finished(int task, IntList ready) {
        for (int e = missing.length == 0 ? 0 : first[task]; missing.length > 0 && e < first[task + 1]; e++) {
            if (--missing[successor[e]] == 0) {
                ready.add(successor[e]);
            }
        }
    }

    /** A task will never finish: all that come after it, directly or not, are doomed and added to {@code lost}. */
    void failed(int task, IntList lost) {
        if (missing.length == 0) {
            return;
        }
        int from = lost.size();
        doomSuccessors(task, lost);
        for (int i = from; i < lost.size(); i++) {
            doomSuccessors(lost.get(i), lost);
        }
    }

    private void doomSuccessors(int task, IntList lost) {
        for (int e = first[task]; e < first[task + 1]; e++) {
            if (!doomed[successor[e]]) {
                doomed[successor[e]] = true;
                lost.add(successor[e]);
            }
        }
    }
}
