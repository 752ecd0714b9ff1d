package org.greensched.sim.datacenter;

import java.util.ArrayList;
import java.util.List;
import org.cloudsimplus.hosts.HostSimple;
import org.cloudsimplus.resources.Pe;
import org.cloudsimplus.resources.PeSimple;
import org.cloudsimplus.schedulers.vm.VmScheduler;
import org.cloudsimplus.vms.Vm;
import org.greensched.sim.runfolder.HostSpec;

/** A host of CloudSim Plus; which machine comes here was decided outside, so its capacities only must not refuse one. */
final class StockHost extends HostSimple {
    /** Room for the rounding that {@link HostPool} forgives. */
    private static final double MARGIN = 1 + 1e-6;
    /** Bandwidth and storage, of which the world knows no limits. */
    private static final long PLENTY = Long.MAX_VALUE / 4;

    private final boolean oversubscribed;

    /** @param coreRate instructions per second of one core, in the site's unit */
    StockHost(HostSpec spec, double coreRate, VmScheduler scheduler) {
        super((long) Math.ceil(spec.memGb() * StockMachine.MB_PER_GB * MARGIN) + 1, PLENTY, PLENTY, cores(spec, coreRate));
        setVmScheduler(scheduler);
        oversubscribed = scheduler instanceof OversubscribedVmScheduler;
    }

    private static List<Pe> cores(HostSpec spec, double coreRate) {
        int count = (int) Math.ceil(spec.cores());
        List<Pe> cores = new ArrayList<>(count);
        for (int c = 0; c < count; c++) {
            cores.add(new PeSimple(Math.ceil(coreRate * MARGIN)));
        }
        return cores;
    }

    /** Whether a machine's coming and going changes what others get. */
    boolean isOversubscribed() {
        return oversubscribed;
    }

    /** A host would remember every machine that it ever had. */
    @Override
    protected void addVmToCreatedList(Vm vm) {
        // not kept: a run sees millions
    }
}
