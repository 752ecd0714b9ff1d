package org.greensched.sim.datacenter;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.greensched.sim.kernel.Tags;
import org.greensched.sim.runfolder.DatacenterSpec.VmMigration;
import org.greensched.sim.runfolder.Tolerance;

/**
 * Live migration within a datacenter, as CloudSim Plus's policy with static thresholds: a host that is used more than the upper
 * one gives away machines with little memory until it is not, a host that is used less than the lower one gives away all, if
 * every one finds another host. A target must not be above or below a threshold then. A migration takes memory / (half of the
 * bandwidth); the machine holds room on both hosts meanwhile and goes on working on the first.
 */
final class VmMigrations {
    /** Does what is to be done to a machine itself. */
    interface Machines {
        /** It begins to move. */
        void leave(RunningTask run);

        /** It does not move after all. */
        void stay(RunningTask run);

        /** It has arrived; returns false if it was done at this very instant. */
        boolean arrive(RunningTask run, int host, double cores);
    }

    private record Check(int host) {}

    /** All hosts are to be looked at that would give machines away. */
    private record CheckWanting() {}

    /**
     * What no host but its own had room for; as much or more finds none either, until something changes. From a host that is
     * to be emptied, though, a machine that uses more may go where one that uses less would leave the other too little used.
     */
    private record Refused(int host, boolean relieving, double cores, double mips, double memGb, double utilisedCores) {
        boolean covers(Refused other) {
            return relieving == other.relieving && cores <= other.cores && mips <= other.mips && memGb <= other.memGb
                    && (relieving ? utilisedCores <= other.utilisedCores : utilisedCores == other.utilisedCores);
        }
    }

    private record Move(RunningTask run, int target, double cores, double loadCores) {}

    private final VmMigration rules;
    private final Execution.Timeline timeline;
    private final TaskRoom room;
    private final LoadBook loads;
    private final Machines machines;
    private final List<List<RunningTask>> guests = new ArrayList<>();
    private final boolean[] checking;
    /** Busy cores that are on their way to each host. */
    private final double[] incoming;
    /** Machines that are on their way to each host. */
    private final int[] coming;
    private final Map<RunningTask, Move> moves = new LinkedHashMap<>();
    /** Hosts that would give machines away, had others room; looked at again when something ends. */
    private final TreeSet<Integer> wanting = new TreeSet<>();
    private boolean checkingWanting;
    /** Of the present instant. */
    private final List<Refused> refused = new ArrayList<>();
    private double refusedAtS;

    VmMigrations(VmMigration rules, Execution.Timeline timeline, TaskRoom room, LoadBook loads, Machines machines) {
        this.rules = rules;
        this.timeline = timeline;
        this.room = room;
        this.loads = loads;
        this.machines = machines;
        int hosts = room.pool().hosts();
        checking = new boolean[hosts];
        incoming = new double[hosts];
        coming = new int[hosts];
        for (int h = 0; h < hosts; h++) {
            guests.add(new ArrayList<>());
        }
    }

    /** A machine begins on its host. */
    void began(RunningTask run) {
        guests.get(run.host).add(run);
        changed(run.host);
    }

    /** A machine has left, done or interrupted. */
    void ended(RunningTask run) {
        guests.get(run.host).remove(run);
        Move move = moves.remove(run);
        if (move != null) {
            giveUp(move);
        }
        changed(run.host);
        freed();
    }

    /** Something has ended: there may be room now. */
    void freed() {
        refused.clear();
        if (!checkingWanting && !wanting.isEmpty()) {
            checkingWanting = true;
            timeline.at(timeline.nowS(), Tags.MIGRATION, new CheckWanting());
        }
    }

    private void checkWanting() {
        checkingWanting = false;
        for (int host : List.copyOf(wanting)) {
            if (!checking[host]) {
                check(host);
            }
        }
    }

    private void giveUp(Move move) {
        refused.clear();
        coming[move.target]--;
        incoming[move.target] = Math.max(0, incoming[move.target] - move.loadCores);
        loads.giveUp(move.target, move.cores, move.run.memGb);
    }

    /** A host breaks or is withdrawn: what was on its way there stays where it is. */
    void hostLost(int host) {
        if (coming[host] == 0) {
            return;
        }
        for (Move move : List.copyOf(moves.values())) {
            if (move.target == host) {
                moves.remove(move.run);
                giveUp(move);
                machines.stay(move.run);
            }
        }
    }

    /** The use of a host has changed: it is looked at after everything that happens at this instant. */
    void changed(int host) {
        refused.clear();
        if (!checking[host]) {
            checking[host] = true;
            timeline.at(timeline.nowS(), Tags.MIGRATION, new Check(host));
        }
    }

    /** Something that was scheduled here is due; false if it is not from here. */
    boolean due(Object data) {
        if (data instanceof Check check) {
            checking[check.host] = false;
            check(check.host);
        } else if (data instanceof CheckWanting) {
            checkWanting();
        } else if (data instanceof Move move) {
            if (moves.get(move.run) == move) {
                arrive(move);
            }
        } else {
            return false;
        }
        return true;
    }

    private void arrive(Move move) {
        int source = move.run.host;
        if (!machines.arrive(move.run, move.target, move.cores)) {
            return; // it was done, and ended() gave up what it held
        }
        moves.remove(move.run);
        coming[move.target]--;
        incoming[move.target] = Math.max(0, incoming[move.target] - move.loadCores);
        guests.get(source).remove(move.run);
        guests.get(move.target).add(move.run);
        changed(source);
        changed(move.target);
    }

    private void check(int host) {
        double used = loads.utilisedCores(host);
        wanting.remove(host);
        if (isLeft(host) || !loads.isUp(host)) {
            return;
        }
        double lowerCores = rules.lowerFrac() * room.pool().group(host).spec.cores();
        if (used > upperCores(host)) {
            relieve(host, used);
        } else if (used > 0 && used < lowerCores - Tolerance.CAPACITY && incoming[host] == 0
                && room.pool().tasksOn(host) == guests.get(host).size()) {
            empty(host);
        }
    }

    /** Whether a machine is on its way from this host. */
    private boolean isLeft(int host) {
        return guests.get(host).stream().anyMatch(moves::containsKey);
    }

    private double upperCores(int host) {
        return rules.upperFrac() * room.pool().group(host).spec.cores() + Tolerance.CAPACITY;
    }

    private void relieve(int host, double used) {
        List<RunningTask> bySize = new ArrayList<>(guests.get(host));
        bySize.sort(Comparator.comparingDouble((RunningTask run) -> run.memGb).thenComparingInt(run -> run.task));
        double left = used;
        for (RunningTask run : bySize) {
            if (left <= upperCores(host)) {
                return;
            }
            int target = run.utilisedCores > 0 ? target(run) : -1;
            if (target >= 0) {
                left -= run.utilisedCores;
                begin(reserve(run, target));
            }
        }
        if (left > upperCores(host)) {
            wanting.add(host);
        }
    }

    private void empty(int host) {
        List<Move> all = new ArrayList<>();
        for (RunningTask run : guests.get(host)) {
            int target = target(run);
            if (target < 0) {
                all.forEach(this::giveUp);
                wanting.add(host);
                return;
            }
            all.add(reserve(run, target));
        }
        all.forEach(this::begin);
    }

    /** The first host with room for a machine that is not too busy with it, nor too little; -1 none. */
    private int target(RunningTask run) {
        boolean relieving = loads.utilisedCores(run.host) > upperCores(run.host);
        if (refusedAtS != timeline.nowS()) {
            refused.clear();
            refusedAtS = timeline.nowS();
        }
        Refused asked = new Refused(run.host, relieving, room.tasks().cores(run.task), room.vms().mips(run.task), run.memGb,
                run.utilisedCores);
        for (Refused known : refused) {
            if (known.covers(asked)) {
                return takes(known.host, run, relieving) ? known.host : -1; // the only host that was not asked then
            }
        }
        for (int host = 0; host < room.pool().hosts(); host++) {
            if (takes(host, run, relieving)) {
                return host;
            }
        }
        refused.add(asked);
        return -1;
    }

    private boolean takes(int host, RunningTask run, boolean relieving) {
        double used = loads.utilisedCores(host) + incoming[host];
        double lowerCores = rules.lowerFrac() * room.pool().group(host).spec.cores();
        // machines are put together on a host that is used, and that is not about to be emptied itself
        boolean joins = used > 0 && used + run.utilisedCores >= lowerCores && !isLeft(host);
        return host != run.host && used + run.utilisedCores <= upperCores(host) && (relieving || joins)
                && loads.isUp(host) && room.fits(host, run.task);
    }

    private Move reserve(RunningTask run, int target) {
        double cores = room.coresOn(target, run.task);
        loads.reserve(target, cores, run.memGb);
        incoming[target] += run.utilisedCores;
        refused.removeIf(known -> !known.relieving); // what would be used too little may be used enough now
        coming[target]++;
        return new Move(run, target, cores, run.utilisedCores);
    }

    private void begin(Move move) {
        moves.put(move.run, move);
        double mbPerS = rules.bwMbps() / 8 * 0.5;
        timeline.at(timeline.nowS() + move.run.memGb * StockMachine.MB_PER_GB / mbPerS, Tags.MIGRATION, move);
        machines.leave(move.run);
    }
}
