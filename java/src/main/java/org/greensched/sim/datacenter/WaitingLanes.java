package org.greensched.sim.datacenter;

import java.util.Arrays;
import java.util.PriorityQueue;
import java.util.function.IntPredicate;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.util.IntList;
import org.greensched.sim.workload.TaskBook;

/**
 * The tasks that wait for cores in one datacenter. Lanes keep kinds of capacity apart (CPU only, each GPU type, any GPU), so
 * that a full GPU group does not block CPU tasks; within a lane higher priority first, then first come, and nobody overtakes
 * the head. Entries of tasks that were revised meanwhile are dropped when they surface.
 */
final class WaitingLanes {
    private record Entry(int task, int priority, long order, int revision) implements Comparable<Entry> {
        @Override
        public int compareTo(Entry other) {
            int byPriority = Integer.compare(other.priority, priority);
            return byPriority != 0 ? byPriority : Long.compare(order, other.order);
        }
    }

    private final TaskBook book;
    private final PriorityQueue<Entry>[] lanes;
    private final boolean[] blocked;
    private long nextOrder;
    private boolean frozen;
    private Demand demand = new Demand();

    WaitingLanes(TaskBook book, int gpuTypes) {
        this.book = book;
        this.lanes = newLanes(gpuTypes + 2);
        this.blocked = new boolean[lanes.length];
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static PriorityQueue<Entry>[] newLanes(int count) {
        PriorityQueue<Entry>[] lanes = new PriorityQueue[count];
        for (int i = 0; i < count; i++) {
            lanes[i] = new PriorityQueue<>();
        }
        return lanes;
    }

    /** A queue of its own with the same tasks, which does not follow what happens to them in the book from now on. */
    WaitingLanes frozen() {
        WaitingLanes copy = new WaitingLanes(book, lanes.length - 2);
        copy.frozen = true;
        for (int lane = 0; lane < lanes.length; lane++) {
            for (Entry entry : lanes[lane]) {
                if (isCurrent(entry)) {
                    copy.lanes[lane].add(entry);
                }
            }
        }
        copy.nextOrder = nextOrder;
        copy.demand = demand.copy();
        return copy;
    }

    /** Lane 0 is for tasks without GPUs, 1 for any GPU, the others for one type each. */
    private int lane(int task) {
        TaskStore tasks = book.tasks();
        return tasks.gpus(task) <= 0 ? 0 : tasks.gpuType(task) + 2;
    }

    /** Whether somebody waits whom this task may not overtake. */
    boolean mustWaitBehind(int task) {
        Entry head = head(lane(task));
        return head != null && head.priority >= book.tasks().priority(task);
    }

    void add(int task) {
        lanes[lane(task)].add(new Entry(task, book.tasks().priority(task), nextOrder++, book.revision(task)));
        demand.add(book.tasks(), task);
    }

    /** Forgets a waiting task; the caller has revised it. */
    void forget(int task) {
        demand.remove(book.tasks(), task);
    }

    /** All waiting tasks, best first; they go on waiting. */
    IntList all() {
        java.util.List<Entry> entries = new java.util.ArrayList<>();
        for (PriorityQueue<Entry> lane : lanes) {
            lane.stream().filter(this::isCurrent).forEach(entries::add);
        }
        java.util.Collections.sort(entries);
        IntList all = new IntList();
        entries.forEach(entry -> all.add(entry.task));
        return all;
    }

    /** Number of waiting tasks. */
    int size() {
        return demand.tasks();
    }

    /** What they ask for together. */
    Demand demand() {
        return demand;
    }

    /** Offers the heads, best first over all lanes, to {@code start} until each lane is empty or its head was refused. */
    void serve(IntPredicate start) {
        Arrays.fill(blocked, false);
        for (int lane = best(); lane >= 0; lane = best()) {
            int task = lanes[lane].peek().task;
            if (start.test(task)) {
                lanes[lane].poll();
                forget(task);
            } else {
                blocked[lane] = true;
            }
        }
    }

    private int best() {
        int best = -1;
        Entry bestEntry = null;
        for (int lane = 0; lane < lanes.length; lane++) {
            Entry entry = blocked[lane] ? null : head(lane);
            if (entry != null && (bestEntry == null || entry.compareTo(bestEntry) < 0)) {
                best = lane;
                bestEntry = entry;
            }
        }
        return best;
    }

    private Entry head(int lane) {
        Entry head = lanes[lane].peek();
        while (head != null && !isCurrent(head)) {
            lanes[lane].poll();
            head = lanes[lane].peek();
        }
        return head;
    }

    private boolean isCurrent(Entry entry) {
        return frozen || entry.revision == book.revision(entry.task) && book.state(entry.task) == TaskState.QUEUED;
    }
}
