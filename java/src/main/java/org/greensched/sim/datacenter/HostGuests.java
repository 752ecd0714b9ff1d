package org.greensched.sim.datacenter;

/** Which tasks hold cores on each host, as lists that run through the tasks themselves; the last to come is the first. */
final class HostGuests {
    private final RunningTask[] first;

    HostGuests(int hosts) {
        first = new RunningTask[hosts];
    }

    /** The task has come to its host. */
    void add(RunningTask run) {
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
