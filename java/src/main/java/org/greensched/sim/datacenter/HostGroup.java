package org.greensched.sim.datacenter;

import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.workload.HostTruth;

/** A block of identical hosts within a datacenter; hosts carry datacenter-wide numbers, the block starts at {@code first}. */
final class HostGroup {
    final HostSpec spec;
    final HostTruth truth;
    final int first;
    final PowerCurve curve;
    final GpuShares gpus;
    final FirstFitIndex index;

    HostGroup(HostTruth truth, int first) {
        this.spec = truth.spec();
        this.truth = truth;
        this.first = first;
        this.curve = new PowerCurve(spec.powerW());
        this.gpus = spec.gpus() > 0 ? new GpuShares(spec.count(), spec.gpus()) : null;
        this.index = new FirstFitIndex(spec.count(), spec.cores(), spec.memGb(), spec.gpus());
    }

    private HostGroup(HostGroup other) {
        spec = other.spec;
        truth = other.truth;
        first = other.first;
        curve = other.curve;
        gpus = other.gpus == null ? null : other.gpus.copy();
        index = other.index.copy();
    }

    /** A group of its own in the same state. */
    HostGroup copy() {
        return new HostGroup(this);
    }

    /** Whether a task with this demand of GPUs may be put here at all. */
    boolean accepts(double needGpus, int needGpuType) {
        return needGpus <= 0 || gpus != null && (needGpuType < 0 || needGpuType == spec.gpuType());
    }
}
