package org.greensched.sim.workload;

import org.greensched.sim.carbon.StepSignal;
import org.greensched.sim.runfolder.HostSpec;

/** A group of identical hosts as tasks really find it: what everybody knows, and what only the world does. */
public final class HostTruth {
    private final HostSpec spec;
    private final int kind;
    private final StepSignal excessC;

    /**
     * @param spec published facts
     * @param kind what the profiles of tasks call these hosts
     * @param excessC degrees by which it is hotter outdoors than the cooling can take; {@code null}: it always can
     */
    HostTruth(HostSpec spec, int kind, StepSignal excessC) {
        this.spec = spec;
        this.kind = kind;
        this.excessC = excessC;
    }

    /** Hosts about which there is nothing hidden. */
    public static HostTruth plain(HostSpec spec) {
        return new HostTruth(spec, 0, null);
    }

    /** Published facts. */
    public HostSpec spec() {
        return spec;
    }

    int kind() {
        return kind;
    }

    /** Degrees above what the cooling can take; after the end of the signals, where no run goes, the last ones stay. */
    double excessC(double timeS) {
        if (excessC == null) {
            return 0;
        }
        return timeS < excessC.endS() ? excessC.at(timeS) : excessC.step(excessC.steps() - 1);
    }
}
