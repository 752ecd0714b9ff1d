package org.greensched.sim.datacenter;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.workload.HostTruth;
import org.greensched.sim.workload.TaskBook;
import org.greensched.sim.workload.TaskPhysics;

/**
 * A light copy of a datacenter that can be played forward: who holds what and until when, who waits, whose data is on its
 * way, which hosts sleep; with the same first fit, the same queue discipline and the same run times as the real one, but
 * without meters. Nothing arrives that is not on its way already.
 */
final class Projection {
    private static final int FINISH = 0;
    private static final int BEGIN = 1;
    private static final int RETURN = 2;
    private static final int REPAIR = 3;
    private static final int UNCAP = 4;
    private static final int SERVE = 5;
    private static final int DATA = 6;

    /** A task on a host; its run time is known from the moment it executes, NaN before. */
    record Guest(
            int task, int host, double cores, long gpuMask, double beginS, double runtimeS, double restartS) {
        boolean executing() {
            return !Double.isNaN(runtimeS);
        }

        double finishS() {
            return beginS + runtimeS;
        }
    }

    /**
     * Where and when a task would execute.
     *
     * @param neighbours the tasks that execute on the host at any time while it does
     */
    record Start(int host, double beginS, double runtimeS, double restartS, List<Guest> neighbours) {}

    /** @param task or, of a repair or a return, the host; of the end of a cap, which of {@link #capFrac} holds then */
    private record Event(double timeS, int kind, long order, Guest guest, int task) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Double.compare(timeS, other.timeS);
            int byKind = byTime != 0 ? byTime : Integer.compare(kind, other.kind);
            return byKind != 0 ? byKind : Long.compare(order, other.order);
        }
    }

    private final TaskStore tasks;
    private final TaskPhysics physics;
    private final HostPool pool;
    private final TaskRoom room;
    private final WaitingLanes lanes;
    /** Since when an empty host has been idle; it sleeps once that is longer ago than its patience. */
    private final double[] idleSinceS;
    /** When a waking host is awake. */
    private final double[] awakeAtS;
    private final List<Guest>[] guests;
    private final PriorityQueue<Event> events;
    /** Shares of the cores that may be in use after each end of a cap. */
    private final List<Double> capFrac;
    private long nextOrder;
    /** Tasks whose data is on its way. */
    private int inbound;
    private int wanted = -1;
    private int wantedHost = -1;
    private Guest self;
    private final List<Guest> company = new ArrayList<>();

    /** A copy of {@code datacenter} as it is now. */
    Projection(GreenDatacenter datacenter, TaskBook book) {
        tasks = book.tasks();
        physics = datacenter.physics();
        pool = datacenter.pool().copy();
        room = new TaskRoom(pool, tasks, physics.vms());
        lanes = datacenter.waiting().frozen();
        HostPower power = datacenter.power();
        idleSinceS = new double[pool.hosts()];
        awakeAtS = new double[pool.hosts()];
        guests = newGuests(pool.hosts());
        events = new PriorityQueue<>();
        capFrac = new ArrayList<>();
        for (int h = 0; h < pool.hosts(); h++) {
            idleSinceS[h] = power.isAsleep(h) ? Double.NEGATIVE_INFINITY : power.idleSinceS(h);
            awakeAtS[h] = power.isWaking(h) ? power.modeSinceS(h) + pool.group(h).spec.sleep().wakeS() : 0;
        }
        expectRepairs(datacenter.faults());
        for (RunningTask run : datacenter.running()) {
            settle(new Guest(run.task, run.host, run.cores, run.gpuMask, run.startS, run.executing ? run.runtimeS : Double.NaN,
                    run.executing ? run.restartS : physics.restartS(run.task)));
        }
        datacenter.transfers().forEach(t -> events.add(new Event(t.endS(), DATA, nextOrder++, null, t.task())));
        inbound = datacenter.transfers().inbound().tasks();
    }

    /** What is broken, withdrawn or capped now is so until the time that the world knows. */
    private void expectRepairs(FaultDesk faults) {
        for (int h = 0; h < pool.hosts(); h++) {
            if (pool.isWithdrawn(h) && faults.returnS(h) < Double.POSITIVE_INFINITY) {
                events.add(new Event(faults.returnS(h), RETURN, nextOrder++, null, h));
            }
            if (pool.isDown(h) && faults.backS(h) < Double.POSITIVE_INFINITY) {
                events.add(new Event(faults.backS(h), REPAIR, nextOrder++, null, h));
            }
        }
        for (long endUs : faults.caps().endsUs()) {
            capFrac.add(faults.caps().fracAfter(endUs));
            events.add(new Event(endUs / 1e6, UNCAP, nextOrder++, null, capFrac.size() - 1));
        }
    }

    private Projection(Projection other) {
        tasks = other.tasks;
        physics = other.physics;
        pool = other.pool.copy();
        room = new TaskRoom(pool, tasks, physics.vms());
        lanes = other.lanes.frozen();
        idleSinceS = other.idleSinceS.clone();
        awakeAtS = other.awakeAtS.clone();
        guests = newGuests(other.guests.length);
        for (int h = 0; h < guests.length; h++) {
            guests[h] = other.guests[h] == null ? null : new ArrayList<>(other.guests[h]);
        }
        events = new PriorityQueue<>(other.events);
        capFrac = other.capFrac;
        nextOrder = other.nextOrder;
        inbound = other.inbound;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static List<Guest>[] newGuests(int hosts) {
        return new List[hosts];
    }

    private void settle(Guest guest) {
        if (guests[guest.host] == null) {
            guests[guest.host] = new ArrayList<>();
        }
        guests[guest.host].add(guest);
        if (guest.executing()) {
            executes(guest);
        } else {
            events.add(new Event(guest.beginS, BEGIN, nextOrder++, guest, guest.task));
        }
    }

    private void executes(Guest guest) {
        events.add(new Event(guest.finishS(), FINISH, nextOrder++, guest, guest.task));
        if (guest.task == wanted) {
            self = guest;
        } else if (guest.host == wantedHost) {
            company.add(guest);
        }
    }

    /** Plays on until everything up to and at {@code timeS} has happened. */
    void advanceTo(double timeS) {
        while (!events.isEmpty() && events.peek().timeS <= timeS) {
            play(events.poll());
        }
    }

    /**
     * Where the task would start if its data came at {@code timeS}, to which this projection has been advanced; leaves the
     * projection as it is. {@code null} if it would never start.
     */
    Start startOf(int task, double timeS) {
        if (lanes.size() == 0 && inbound == 0) {
            int host = room.find(task);
            if (host >= 0 && allExecute(host)) { // nobody will join it: no need to play on
                double beginS = beginOn(host, timeS);
                double runtimeS = runtimeS(task, host, pool.usedCoresOn(host), beginS);
                return new Start(host, beginS, runtimeS, physics.restartS(task), guestsOn(host));
            }
        }
        return new Projection(this).playThrough(task, timeS);
    }

    private boolean allExecute(int host) {
        return guestsOn(host).stream().allMatch(Guest::executing);
    }

    private List<Guest> guestsOn(int host) {
        return guests[host] == null ? List.of() : List.copyOf(guests[host]);
    }

    /** Admits the task and plays on until it has finished, so that all who join it are known. */
    private Start playThrough(int task, double timeS) {
        wanted = task;
        admit(task, timeS);
        while (!events.isEmpty() && (self == null || events.peek().timeS < self.finishS())) {
            play(events.poll());
        }
        return self == null ? null : new Start(self.host, self.beginS, self.runtimeS, self.restartS, company);
    }

    private double beginOn(int host, double timeS) {
        if (awakeAtS[host] > timeS) {
            return awakeAtS[host];
        }
        HostSpec.Sleep sleep = pool.group(host).spec.sleep();
        boolean asleep = sleep != null && pool.tasksOn(host) == 0 && idleSinceS[host] + sleep.afterS() <= timeS;
        return asleep ? timeS + sleep.wakeS() : timeS;
    }

    private void play(Event event) {
        switch (event.kind) {
            case FINISH -> finish(event.guest, event.timeS);
            case BEGIN -> begin(event.guest);
            case RETURN -> giveBack(event.task, event.timeS);
            case REPAIR -> repair(event.task, event.timeS);
            case UNCAP -> {
                pool.capTo(capFrac.get(event.task));
                serveSoon(event.timeS);
            }
            case SERVE -> lanes.serve(task -> tryStart(task, event.timeS));
            default -> {
                inbound--;
                admit(event.task, event.timeS);
            }
        }
    }

    private void admit(int task, double timeS) {
        if (lanes.mustWaitBehind(task) || !tryStart(task, timeS)) {
            lanes.add(task);
        }
    }

    private boolean tryStart(int task, double timeS) {
        int host = room.find(task);
        if (host < 0) {
            return false;
        }
        if (task == wanted) {
            wantedHost = host;
            guestsOn(host).stream().filter(Guest::executing).forEach(company::add);
        }
        double beginS = beginOn(host, timeS);
        awakeAtS[host] = beginS > timeS ? beginS : awakeAtS[host];
        double cores = room.coresOn(host, task);
        long mask = pool.take(host, cores, tasks.memGb(task), tasks.gpus(task));
        Guest guest = new Guest(task, host, cores, mask, beginS, Double.NaN, physics.restartS(task));
        settle(beginS <= timeS ? executing(guest) : guest);
        return true;
    }

    private void begin(Guest guest) {
        List<Guest> there = guests[guest.host];
        Guest executing = executing(guest);
        there.set(there.indexOf(guest), executing);
        executes(executing);
    }

    private Guest executing(Guest guest) {
        double othersCores = Math.max(0, pool.usedCoresOn(guest.host) - guest.cores);
        double runtimeS = runtimeS(guest.task, guest.host, othersCores, guest.beginS);
        return new Guest(
                guest.task, guest.host, guest.cores, guest.gpuMask, guest.beginS, runtimeS, guest.restartS);
    }

    private double runtimeS(int task, int host, double othersCores, double beginS) {
        HostTruth truth = pool.group(host).truth;
        return physics.vms().isVm(task) ? physics.vmPlan(task, beginS).endS()
                : physics.runtimeS(task, truth, othersCores / truth.spec().cores(), beginS);
    }

    private void finish(Guest guest, double timeS) {
        int task = guest.task;
        pool.release(guest.host, guest.cores, tasks.memGb(task), tasks.gpus(task), guest.gpuMask);
        guests[guest.host].remove(guest);
        if (pool.tasksOn(guest.host) == 0) {
            idleSinceS[guest.host] = timeS;
        }
        serveSoon(timeS);
    }

    private void giveBack(int host, double timeS) {
        pool.setWithdrawn(host, false);
        if (pool.tasksOn(host) == 0) {
            idleSinceS[host] = timeS; // it was switched off
        }
        serveSoon(timeS);
    }

    private void repair(int host, double timeS) {
        pool.bringUp(host);
        idleSinceS[host] = timeS;
        serveSoon(timeS);
    }

    private void serveSoon(double timeS) {
        // serving twice at one instant changes nothing: what does not fit once does not fit again
        if (lanes.size() > 0) {
            events.add(new Event(timeS, SERVE, nextOrder++, null, -1));
        }
    }

    /** The group of a host. */
    HostGroup group(int host) {
        return pool.group(host);
    }
}
