package org.greensched.sim.broker;

import java.util.PriorityQueue;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.util.IntList;
import org.greensched.sim.workload.TaskBook;

/** Deferred tasks by wake-up time; entries of tasks that were revised meanwhile are dropped when they surface. */
final class Deferrals {
    private record Entry(long untilUs, int task, int revision) implements Comparable<Entry> {
        @Override
        public int compareTo(Entry other) {
            int byTime = Long.compare(untilUs, other.untilUs);
            return byTime != 0 ? byTime : Integer.compare(task, other.task);
        }
    }

    private final TaskBook book;
    private final PriorityQueue<Entry> queue = new PriorityQueue<>();

    Deferrals(TaskBook book) {
        this.book = book;
    }

    void add(int task, long untilUs) {
        queue.add(new Entry(untilUs, task, book.revision(task)));
    }

    /** Takes out the tasks whose wake-up has come, earliest first. */
    void takeDue(long nowUs, IntList due) {
        while (!queue.isEmpty() && queue.peek().untilUs <= nowUs) {
            Entry entry = queue.poll();
            if (entry.revision == book.revision(entry.task) && book.state(entry.task) == TaskState.DEFERRED) {
                due.add(entry.task);
            }
        }
    }
}
