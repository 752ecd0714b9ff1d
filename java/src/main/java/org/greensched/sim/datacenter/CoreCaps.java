package org.greensched.sim.datacenter;

import java.util.ArrayList;
import java.util.List;
import org.greensched.sim.runfolder.FaultSchedule.Fault;

/** The caps on the cores of a datacenter that hold now; of several the least counts. */
final class CoreCaps {
    private final List<Fault> caps = new ArrayList<>();

    void begin(Fault cap) {
        caps.add(cap);
    }

    void end(Fault cap) {
        caps.remove(cap);
    }

    /** Share of the cores that may be in use now. */
    double frac() {
        return fracAfter(Long.MIN_VALUE);
    }

    /** The same once what ends at {@code atUs} or before has ended, if no other cap begins. */
    double fracAfter(long atUs) {
        double least = 1;
        for (Fault cap : caps) {
            least = cap.endUs() > atUs ? Math.min(least, cap.capFrac()) : least;
        }
        return least;
    }

    /** When caps end, microseconds; those that never do are left out. */
    long[] endsUs() {
        return caps.stream().filter(cap -> !cap.isForGood()).mapToLong(Fault::endUs).distinct().sorted().toArray();
    }
}
