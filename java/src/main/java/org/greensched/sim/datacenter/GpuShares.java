package org.greensched.sim.datacenter;

import java.util.Arrays;
import org.greensched.sim.runfolder.Tolerance;

/**
 * Who holds which GPU on the hosts of one group. A demand below 1 needs that share free on a single GPU (the lowest-numbered
 * one that has it); from 1 on it takes whole free GPUs, rounded up.
 */
final class GpuShares {
    private final int perHost;
    private final double[] free;
    private final int[] holders;

    GpuShares(int hosts, int perHost) {
        this.perHost = perHost;
        free = new double[hosts * perHost];
        holders = new int[hosts * perHost];
        Arrays.fill(free, 1);
    }

    private GpuShares(GpuShares other) {
        perHost = other.perHost;
        free = other.free.clone();
        holders = other.holders.clone();
    }

    GpuShares copy() {
        return new GpuShares(this);
    }

    /** The largest demand that the host can take: its wholly free GPUs, or if there are none its largest free share. */
    double key(int host) {
        int whole = 0;
        double share = 0;
        for (int g = host * perHost; g < (host + 1) * perHost; g++) {
            whole += holders[g] == 0 ? 1 : 0;
            share = Math.max(share, free[g]);
        }
        return whole > 0 ? whole : share;
    }

    /** GPUs of a host that nobody holds, shares included. */
    double free(int host) {
        double sum = 0;
        for (int g = host * perHost; g < (host + 1) * perHost; g++) {
            sum += free[g];
        }
        return sum;
    }

    /** Number of GPUs that a demand occupies at least in part. */
    static int whole(double gpus) {
        return (int) Math.ceil(gpus - Tolerance.CAPACITY);
    }

    /** Takes GPUs for a demand that fits; returns them as bits. */
    long take(int host, double gpus) {
        int base = host * perHost;
        long mask = 0;
        int missing = gpus < 1 - Tolerance.CAPACITY ? 1 : whole(gpus);
        double share = gpus < 1 - Tolerance.CAPACITY ? gpus : 1;
        for (int g = 0; g < perHost && missing > 0; g++) {
            if (share < 1 ? free[base + g] >= share - Tolerance.CAPACITY : holders[base + g] == 0) {
                mask |= 1L << g;
                missing--;
                free[base + g] = Math.max(0, free[base + g] - share);
                holders[base + g]++;
            }
        }
        if (missing > 0) {
            throw new IllegalStateException("host " + host + " has no room for " + gpus + " GPUs");
        }
        return mask;
    }

    /** Gives back what {@link #take} took. */
    void release(int host, long mask, double gpus) {
        double share = gpus < 1 - Tolerance.CAPACITY ? gpus : 1;
        for (int g = 0; g < perHost; g++) {
            if ((mask >>> g & 1) != 0) {
                int at = host * perHost + g;
                // an empty GPU is wholly free, whatever the rounding of shares left
                free[at] = --holders[at] == 0 ? 1 : Math.min(1, free[at] + share);
            }
        }
    }
}
