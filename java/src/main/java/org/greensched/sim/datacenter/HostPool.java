package org.greensched.sim.datacenter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.greensched.sim.runfolder.DatacenterSpec;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.Tolerance;
import org.greensched.sim.workload.HostTruth;

/** What is free on the hosts of a datacenter, and which host a task gets: first fit by number, within the caps on cores. */
final class HostPool {
    /** Free amount of a host on which nothing fits, not even a demand of nothing. */
    private static final double NO_ROOM = -1;

    private final HostGroup[] groups;
    /** Groups in the order in which tasks without GPUs try them: hosts without GPUs first. */
    private final HostGroup[] cpuOrder;
    private final HostGroup[] groupOf;
    private final double[] freeCores;
    private final double[] freeMemGb;
    private final int[] tasks;
    private final SetAside aside;
    private final CoreLimit limit;
    private final double totalCores;
    private final double totalMemGb;
    private final double totalGpus;
    private final Usage used;
    /** @param truth of each group of {@code spec} */
    HostPool(DatacenterSpec spec, HostTruth[] truth) {
        groups = new HostGroup[spec.hosts().size()];
        groupOf = new HostGroup[spec.hostCount()];
        freeCores = new double[spec.hostCount()];
        freeMemGb = new double[spec.hostCount()];
        tasks = new int[spec.hostCount()];
        aside = new SetAside(spec.hostCount());
        limit = new CoreLimit(spec, aside);
        used = new Usage();
        totalCores = spec.cores();
        double mem = 0;
        double gpus = 0;
        int first = 0;
        for (int g = 0; g < groups.length; g++) {
            HostSpec hosts = spec.hosts().get(g);
            groups[g] = new HostGroup(truth[g], first);
            for (int h = first; h < first + hosts.count(); h++) {
                groupOf[h] = groups[g];
                freeCores[h] = hosts.cores();
                freeMemGb[h] = hosts.memGb();
            }
            first += hosts.count();
            mem += hosts.count() * hosts.memGb();
            gpus += hosts.count() * (double) hosts.gpus();
        }
        totalMemGb = mem;
        totalGpus = gpus;
        List<HostGroup> order = new ArrayList<>(List.of(groups));
        order.sort((a, b) -> Boolean.compare(a.gpus != null, b.gpus != null));
        cpuOrder = order.toArray(new HostGroup[0]);
    }

    private HostPool(HostPool other) {
        groups = new HostGroup[other.groups.length];
        groupOf = new HostGroup[other.groupOf.length];
        cpuOrder = new HostGroup[groups.length];
        for (int g = 0; g < groups.length; g++) {
            groups[g] = other.groups[g].copy();
            Arrays.fill(groupOf, groups[g].first, groups[g].first + groups[g].spec.count(), groups[g]);
        }
        for (int g = 0; g < groups.length; g++) {
            cpuOrder[g] = groupOf[other.cpuOrder[g].first];
        }
        freeCores = other.freeCores.clone();
        freeMemGb = other.freeMemGb.clone();
        tasks = other.tasks.clone();
        aside = other.aside.copy();
        limit = other.limit.copy(aside);
        totalCores = other.totalCores;
        totalMemGb = other.totalMemGb;
        totalGpus = other.totalGpus;
        used = other.used.copy();
    }

    /** A pool of its own in the same state. */
    HostPool copy() {
        return new HostPool(this);
    }

    /** The host that would take the demand now, or -1. */
    int find(double cores, double memGb, double gpus, int gpuType) {
        if (!isAllowed(cores)) {
            return -1;
        }
        for (HostGroup group : gpus > 0 ? groups : cpuOrder) {
            if (group.accepts(gpus, gpuType)) {
                int host = group.index.find(cores, memGb, demandKey(gpus));
                if (host >= 0) {
                    return group.first + host;
                }
            }
        }
        return -1;
    }

    /** Whether so many more cores may be in use now, wherever they are. */
    boolean isAllowed(double cores) {
        return limit.allows(used.cores(), cores);
    }

    private static double demandKey(double gpus) {
        return gpus < 1 - Tolerance.CAPACITY ? gpus : GpuShares.whole(gpus);
    }

    /** Takes what a task needs on a host that has it; returns its GPUs as bits. */
    long take(int host, double cores, double memGb, double gpus) {
        HostGroup group = groupOf[host];
        long mask = gpus > 0 ? group.gpus.take(host - group.first, gpus) : 0;
        freeCores[host] = Math.max(0, freeCores[host] - cores);
        freeMemGb[host] = Math.max(0, freeMemGb[host] - memGb);
        tasks[host]++;
        used.add(cores, memGb, gpuAmount(gpus));
        index(group, host);
        return mask;
    }

    /** Gives back what {@link #take} took. */
    void release(int host, double cores, double memGb, double gpus, long mask) {
        HostGroup group = groupOf[host];
        if (gpus > 0) {
            group.gpus.release(host - group.first, mask, gpus);
        }
        // an empty host is wholly free, whatever the rounding of sums left
        boolean empty = --tasks[host] == 0;
        freeCores[host] = empty ? group.spec.cores() : freeCores[host] + cores;
        freeMemGb[host] = empty ? group.spec.memGb() : freeMemGb[host] + memGb;
        used.remove(cores, memGb, gpuAmount(gpus));
        if (aside.isSet(host)) {
            settleAside(host);
            limit.update();
        } else {
            index(group, host);
        }
    }

    private static double gpuAmount(double gpus) {
        return gpus <= 0 ? 0 : demandKey(gpus);
    }

    /** Nothing more is put on an empty host until it is up again. */
    void takeDown(int host) {
        setDown(host, true);
    }

    /** A host that was down takes tasks again, unless it is withdrawn. */
    void bringUp(int host) {
        setDown(host, false);
    }

    private void setDown(int host, boolean isDown) {
        if (tasks[host] > 0 || isDown(host) == isDown) {
            throw new IllegalStateException("host " + host + " holds " + tasks[host] + " tasks, down: " + isDown(host));
        }
        setAside(host, isDown, aside.isWithdrawn(host));
    }

    /** Nothing more is put on a host, whatever is on it, or it takes tasks again unless it is down. */
    void setWithdrawn(int host, boolean isWithdrawn) {
        setAside(host, aside.isDown(host), isWithdrawn);
    }

    private void setAside(int host, boolean isDown, boolean isWithdrawn) {
        boolean wasSet = aside.isSet(host);
        boolean wasWithdrawn = aside.isWithdrawn(host);
        aside.set(host, isDown, isWithdrawn);
        settleAside(host);
        if (wasSet != aside.isSet(host)) {
            index(groupOf[host], host);
        }
        if (wasWithdrawn != isWithdrawn) {
            limit.update();
        }
    }

    private void settleAside(int host) {
        HostGroup group = groupOf[host];
        double freeGpus = group.gpus == null ? 0 : group.gpus.free(host - group.first);
        aside.settle(host, freeCores[host], freeMemGb[host], freeGpus);
    }

    /** A host is withdrawn and will not come back. */
    void retire(int host) {
        limit.retire(host, groupOf[host]);
    }

    /** The datacenter without hosts that will never take a task again. */
    DatacenterSpec lasting() {
        return limit.lasting();
    }

    boolean isCapped() {
        return limit.isCapped();
    }

    /** At most this share of the cores in service may be in use from now on; what is in use already goes on. */
    void capTo(double frac) {
        limit.capTo(frac);
    }

    boolean isDown(int host) {
        return aside.isDown(host);
    }

    boolean isWithdrawn(int host) {
        return aside.isWithdrawn(host);
    }

    /** Number of hosts that are down. */
    int downHosts() {
        return aside.downHosts();
    }

    /** Cores that are neither free nor used: of hosts that are down or withdrawn, or held back by a cap. */
    double unavailableCores() {
        return isCapped() ? totalCores - used.cores() - freeCores() : aside.cores();
    }

    private void index(HostGroup group, int host) {
        int local = host - group.first;
        if (aside.isSet(host)) {
            group.index.set(local, NO_ROOM, NO_ROOM, NO_ROOM);
        } else {
            group.index.set(local, freeCores[host], freeMemGb[host], group.gpus == null ? 0 : group.gpus.key(local));
        }
    }

    /** Groups in the order in which what needs no GPUs tries them. */
    HostGroup[] cpuGroups() {
        return cpuOrder;
    }

    HostGroup group(int host) {
        return groupOf[host];
    }

    int hosts() {
        return groupOf.length;
    }

    int tasksOn(int host) {
        return tasks[host];
    }

    double usedCoresOn(int host) {
        return groupOf[host].spec.cores() - freeCores[host];
    }

    double freeMemGbOn(int host) {
        return freeMemGb[host];
    }

    double freeCoresOn(int host) {
        return freeCores[host];
    }

    double usedCores() {
        return used.cores();
    }

    double usedGpus() {
        return used.gpus();
    }

    double freeCores() {
        return limit.under(totalCores - aside.cores() - used.cores(), used.cores());
    }

    double freeMemGb() {
        return totalMemGb - aside.memGb() - used.memGb();
    }

    double freeGpus() {
        return totalGpus - aside.gpus() - used.gpus();
    }

    /** Cores that the utilisation cap leaves of all hosts. */
    double mostCores() {
        return limit.mostCores();
    }

    /** The same without hosts that will never take a task again. */
    double usableCores() {
        return limit.usableCores();
    }

    double maxFreeCores() {
        double max = 0;
        for (HostGroup group : groups) {
            max = Math.max(max, group.index.maxCores());
        }
        return limit.under(max, used.cores());
    }

    double maxFreeGpus() {
        double max = 0;
        for (HostGroup group : groups) {
            max = Math.max(max, group.index.maxGpus());
        }
        return max;
    }

    /**
     * Recounts one host and compares.
     *
     * @throws IllegalStateException when something is held twice or lost
     */
    void check(int host) {
        HostGroup group = groupOf[host];
        boolean ok = freeCores[host] >= 0 && freeCores[host] <= group.spec.cores() + 1e-6
                && freeMemGb[host] >= 0 && freeMemGb[host] <= group.spec.memGb() + 1e-6
                && tasks[host] >= 0 && used.cores() <= limit.mostCores() + 1e-6;
        if (!ok) {
            throw new IllegalStateException("host " + host + ": free cores " + freeCores[host] + " of " + group.spec.cores()
                    + ", free memory " + freeMemGb[host] + " of " + group.spec.memGb() + " GB, tasks " + tasks[host]
                    + ", datacenter uses " + used.cores() + " of " + limit.mostCores() + " cores");
        }
    }
}
