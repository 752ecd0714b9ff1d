package org.greensched.sim.datacenter;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.greensched.sim.runfolder.DatacenterSpec;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.Tolerance;

/** How many cores of a datacenter may be in use: its utilisation cap, caps that operators announce, hosts that are gone. */
final class CoreLimit {
    private final double utilisationCapFrac;
    private final double totalCores;
    private final double mostCores;
    private final SetAside aside;
    /** Hosts that are withdrawn for good. */
    private final BitSet retired;
    /** The datacenter without the groups of which every host is. */
    private DatacenterSpec lasting;
    private double usableCores;
    private double limitCores;

    CoreLimit(DatacenterSpec spec, SetAside aside) {
        this.utilisationCapFrac = spec.utilisationCapFrac();
        this.totalCores = spec.cores();
        this.mostCores = spec.usableCores();
        this.aside = aside;
        this.retired = new BitSet();
        this.lasting = spec;
        this.usableCores = mostCores;
        this.limitCores = mostCores;
    }

    private CoreLimit(CoreLimit other, SetAside aside) {
        this.utilisationCapFrac = other.utilisationCapFrac;
        this.totalCores = other.totalCores;
        this.mostCores = other.mostCores;
        this.aside = aside;
        this.retired = other.retired; // nobody retires hosts of a copy
        this.lasting = other.lasting;
        this.usableCores = other.usableCores;
        this.limitCores = other.limitCores;
    }

    /** The same about the hosts that a copy of the pool has set aside. */
    CoreLimit copy(SetAside copied) {
        return new CoreLimit(this, copied);
    }

    /** What is set aside has changed: caps are shares of what is in service, not of hosts withdrawn and idle or yet to come. */
    void update() {
        limitCores = aside.isPlain() ? usableCores
                : Math.min(utilisationCapFrac, aside.capFrac()) * (totalCores - aside.withdrawnCores());
    }

    /** Whether so many more cores may be in use now, wherever they are. */
    boolean allows(double usedCores, double moreCores) {
        return usedCores + moreCores <= limitCores + Tolerance.CAPACITY;
    }

    /** Free cores as far as an announced cap leaves them. */
    double under(double freeCores, double usedCores) {
        return isCapped() ? Math.max(0, Math.min(freeCores, limitCores - usedCores)) : freeCores;
    }

    /** Whether an announced cap holds. */
    boolean isCapped() {
        return aside.capFrac() < 1;
    }

    /** At most this share of the cores in service may be in use from now on; what is in use already goes on. */
    void capTo(double frac) {
        aside.capTo(frac);
        update();
    }

    /** A host is withdrawn and will not come back. */
    void retire(int host, HostGroup group) {
        retired.set(host);
        if (retired.nextClearBit(group.first) >= group.first + group.spec.count()) {
            List<HostSpec> left = new ArrayList<>(lasting.hosts());
            left.removeIf(hosts -> hosts == group.spec);
            lasting = lasting.withHosts(left);
            usableCores = lasting.usableCores();
            update();
        }
    }

    /** The datacenter without hosts that will never take a task again. */
    DatacenterSpec lasting() {
        return lasting;
    }

    /** Cores that the utilisation cap leaves of all hosts. */
    double mostCores() {
        return mostCores;
    }

    /** The same without hosts that will never take a task again. */
    double usableCores() {
        return usableCores;
    }
}
