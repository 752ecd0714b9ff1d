package org.greensched.sim.datacenter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.greensched.sim.runfolder.DatacenterSpec;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.Tolerance;
import org.greensched.sim.util.NeumaierSum;
import org.greensched.sim.workload.HostTruth;

/** What is free on the hosts of a datacenter, and which host a task gets: first fit by number, within the utilisation cap. */
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
    private final boolean[] down;
    private final double usableCores;
    private final double totalCores;
    private final double totalMemGb;
    private final double totalGpus;
    private final NeumaierSum usedCores = new NeumaierSum();
    private final NeumaierSum usedMemGb = new NeumaierSum();
    private final NeumaierSum usedGpus = new NeumaierSum();
    private int held;
    private double downCores;
    private double downMemGb;
    private double downGpus;
    private int downHosts;

    /** @param truth of each group of {@code spec} */
    HostPool(DatacenterSpec spec, HostTruth[] truth) {
        groups = new HostGroup[spec.hosts().size()];
        groupOf = new HostGroup[spec.hostCount()];
        freeCores = new double[spec.hostCount()];
        freeMemGb = new double[spec.hostCount()];
        tasks = new int[spec.hostCount()];
        down = new boolean[spec.hostCount()];
        usableCores = spec.usableCores();
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
        down = other.down.clone();
        usableCores = other.usableCores;
        totalCores = other.totalCores;
        totalMemGb = other.totalMemGb;
        totalGpus = other.totalGpus;
        usedCores.set(other.usedCores.value());
        usedMemGb.set(other.usedMemGb.value());
        usedGpus.set(other.usedGpus.value());
        held = other.held;
        downCores = other.downCores;
        downMemGb = other.downMemGb;
        downGpus = other.downGpus;
        downHosts = other.downHosts;
    }

    /** A pool of its own in the same state. */
    HostPool copy() {
        return new HostPool(this);
    }

    /** The host that would take the demand now, or -1. */
    int find(double cores, double memGb, double gpus, int gpuType) {
        if (usedCores.value() + cores > usableCores + Tolerance.CAPACITY) {
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
        held++;
        usedCores.add(cores);
        usedMemGb.add(memGb);
        usedGpus.add(gpuAmount(gpus));
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
        usedCores.add(-cores);
        usedMemGb.add(-memGb);
        usedGpus.add(-gpuAmount(gpus));
        if (--held == 0) {
            usedCores.set(0);
            usedMemGb.set(0);
            usedGpus.set(0);
        }
        index(group, host);
    }

    private static double gpuAmount(double gpus) {
        return gpus <= 0 ? 0 : demandKey(gpus);
    }

    /** Nothing more is put on an empty host until it is up again. */
    void takeDown(int host) {
        setDown(host, true);
    }

    /** A host that was down takes tasks again. */
    void bringUp(int host) {
        setDown(host, false);
    }

    private void setDown(int host, boolean isDown) {
        if (tasks[host] > 0 || down[host] == isDown) {
            throw new IllegalStateException("host " + host + " holds " + tasks[host] + " tasks, down: " + down[host]);
        }
        HostGroup group = groupOf[host];
        down[host] = isDown;
        downHosts += isDown ? 1 : -1;
        downCores = downHosts == 0 ? 0 : downCores + (isDown ? 1 : -1) * group.spec.cores();
        downMemGb = downHosts == 0 ? 0 : downMemGb + (isDown ? 1 : -1) * group.spec.memGb();
        downGpus = downHosts == 0 ? 0 : downGpus + (isDown ? 1 : -1) * group.spec.gpus();
        index(group, host);
    }

    boolean isDown(int host) {
        return down[host];
    }

    /** Number of hosts that are down. */
    int downHosts() {
        return downHosts;
    }

    /** Cores of the hosts that are down. */
    double downCores() {
        return downCores;
    }

    private void index(HostGroup group, int host) {
        int local = host - group.first;
        if (down[host]) {
            group.index.set(local, NO_ROOM, NO_ROOM, NO_ROOM);
            return;
        }
        group.index.set(local, freeCores[host], freeMemGb[host], group.gpus == null ? 0 : group.gpus.key(local));
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
        return usedCores.value();
    }

    double usedGpus() {
        return usedGpus.value();
    }

    double freeCores() {
        return totalCores - downCores - usedCores.value();
    }

    double freeMemGb() {
        return totalMemGb - downMemGb - usedMemGb.value();
    }

    double freeGpus() {
        return totalGpus - downGpus - usedGpus.value();
    }

    double usableCores() {
        return usableCores;
    }

    double maxFreeCores() {
        double max = 0;
        for (HostGroup group : groups) {
            max = Math.max(max, group.index.maxCores());
        }
        return max;
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
                && tasks[host] >= 0 && usedCores.value() <= usableCores + 1e-6;
        if (!ok) {
            throw new IllegalStateException("host " + host + ": free cores " + freeCores[host] + " of " + group.spec.cores()
                    + ", free memory " + freeMemGb[host] + " of " + group.spec.memGb() + " GB, tasks " + tasks[host]
                    + ", datacenter uses " + usedCores.value() + " of " + usableCores + " cores");
        }
    }
}
