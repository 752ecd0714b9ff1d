package org.greensched.sim.datacenter;

import org.greensched.sim.util.NeumaierSum;

/** What tasks hold of a datacenter in all; exactly nothing when the last one has gone, whatever rounding left. */
final class Usage {
    private final NeumaierSum cores = new NeumaierSum();
    private final NeumaierSum memGb = new NeumaierSum();
    private final NeumaierSum gpus = new NeumaierSum();
    private int held;

    Usage copy() {
        Usage other = new Usage();
        other.cores.set(cores.value());
        other.memGb.set(memGb.value());
        other.gpus.set(gpus.value());
        other.held = held;
        return other;
    }

    void add(double moreCores, double moreMemGb, double moreGpus) {
        held++;
        cores.add(moreCores);
        memGb.add(moreMemGb);
        gpus.add(moreGpus);
    }

    void remove(double lessCores, double lessMemGb, double lessGpus) {
        cores.add(-lessCores);
        memGb.add(-lessMemGb);
        gpus.add(-lessGpus);
        if (--held == 0) {
            cores.set(0);
            memGb.set(0);
            gpus.set(0);
        }
    }

    double cores() {
        return cores.value();
    }

    double memGb() {
        return memGb.value();
    }

    double gpus() {
        return gpus.value();
    }
}
