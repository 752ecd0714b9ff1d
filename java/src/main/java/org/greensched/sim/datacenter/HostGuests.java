package org.greensched.sim.datacenter;

import java.util.List;

/**
 * Which tasks hold cores on each host, as lists that run through the tasks themselves; the last to come is the first. Kept from
 * the first time on that somebody wants to know: a run in which nothing breaks has no use for it.
 */
final class HostGuests {
    private final int hosts;
    private RunningTask[] first;

    HostGuests(int hosts) {
        this.hosts = hosts;
    }

    /** From now on the lists are kept; {@code running} has all tasks that hold cores. */
    void follow(List<RunningTask> running) {
        if (first == null) {
            first = new RunningTask[hosts];
            running.forEach(this::add);
        }
    }

    /** The task has come to its host. */
    void add(RunningTask run) {
        if (first == null) {
            return;
        }
        RunningTask next = first[run.host];
        run.nextOnHost = next;
        run.previousOnHost = null;
        if (next != null) {
            next.previousOnHost = run;
        }
        first[run.host] = run;
    }

    /** The task leaves the host that it is still said to be on. */
    void remove(RunningTask run) {
        if (first == null) {
            return;
        }
        if (run.previousOnHost == null) {
            first[run.host] = run.nextOnHost;
        } else {
            run.previousOnHost.nextOnHost = run.nextOnHost;
        }
        if (run.nextOnHost != null) {
            run.nextOnHost.previousOnHost = run.previousOnHost;
        }
        run.nextOnHost = null;
        run.previousOnHost = null;
    }

    /** The first task of a host; {@code null}: none. */
    RunningTask first(int host) {
        return first[host];
    }
}
