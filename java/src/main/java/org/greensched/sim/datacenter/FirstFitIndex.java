package org.greensched.sim.datacenter;

import java.util.Arrays;
import org.greensched.sim.runfolder.Tolerance;

/**
 * Finds the lowest-numbered host of a homogeneous group with enough free cores, memory and GPUs without looking at all of
 * them: a segment tree of the largest free amount of each. A branch whose maxima suffice may hold no single host that does
 * (its cores here, its memory there), so the search may step back; with one scarce resource it is a single descent.
 */
final class FirstFitIndex {
    private final int leaves;
    private final double[] cores;
    private final double[] memGb;
    private final double[] gpus;

    FirstFitIndex(int hosts, double freeCores, double freeMemGb, double freeGpus) {
        leaves = Integer.highestOneBit(Math.max(1, hosts - 1)) * 2;
        cores = new double[2 * leaves];
        memGb = new double[2 * leaves];
        gpus = new double[2 * leaves];
        Arrays.fill(cores, -1);
        Arrays.fill(memGb, -1);
        Arrays.fill(gpus, -1);
        for (int i = 0; i < hosts; i++) {
            cores[leaves + i] = freeCores;
            memGb[leaves + i] = freeMemGb;
            gpus[leaves + i] = freeGpus;
        }
        for (int node = leaves - 1; node > 0; node--) {
            raise(node);
        }
    }

    private FirstFitIndex(FirstFitIndex other) {
        leaves = other.leaves;
        cores = other.cores.clone();
        memGb = other.memGb.clone();
        gpus = other.gpus.clone();
    }

    FirstFitIndex copy() {
        return new FirstFitIndex(this);
    }

    /** Records what is free on a host; {@code freeGpus} as {@link GpuShares#key}. */
    void set(int host, double freeCores, double freeMemGb, double freeGpus) {
        int node = leaves + host;
        cores[node] = freeCores;
        memGb[node] = freeMemGb;
        gpus[node] = freeGpus;
        for (node >>= 1; node > 0 && raise(node); node >>= 1) {
            // stops as soon as nothing changes further up
        }
    }

    private boolean raise(int node) {
        double c = larger(cores, node);
        double m = larger(memGb, node);
        double g = larger(gpus, node);
        boolean changed = c != cores[node] || m != memGb[node] || g != gpus[node];
        cores[node] = c;
        memGb[node] = m;
        gpus[node] = g;
        return changed;
    }

    /** Of a node's two children; amounts are never NaN, which {@link Math#max} would look for. */
    private static double larger(double[] amount, int node) {
        double left = amount[2 * node];
        double right = amount[2 * node + 1];
        return left >= right ? left : right;
    }

    /** Lowest host that holds the demand, or -1. */
    int find(double needCores, double needMemGb, double needGpus) {
        return find(1, needCores - Tolerance.CAPACITY, needMemGb - Tolerance.CAPACITY, needGpus - Tolerance.CAPACITY);
    }

    private int find(int node, double c, double m, double g) {
        if (cores[node] < c || memGb[node] < m || gpus[node] < g) {
            return -1;
        }
        if (node >= leaves) {
            return node - leaves;
        }
        int left = find(2 * node, c, m, g);
        return left >= 0 ? left : find(2 * node + 1, c, m, g);
    }

    /** Largest free number of cores of one host. */
    double maxCores() {
        return Math.max(0, cores[1]);
    }

    /** Largest free GPU capability of one host, see {@link GpuShares#key}. */
    double maxGpus() {
        return Math.max(0, gpus[1]);
    }
}
