package org.greensched.sim.datacenter;

import org.cloudsimplus.schedulers.MipsShare;
import org.cloudsimplus.schedulers.vm.VmSchedulerTimeShared;
import org.cloudsimplus.vms.Vm;

/**
 * Shares a host's MIPS out as its stock parent does, to every machine that {@link HostPool} found room for: the parent counts
 * a machine that moves away as more than it has and would refuse one that fits.
 */
class PooledVmScheduler extends VmSchedulerTimeShared {
    @Override
    protected boolean isSuitableForVmInternal(Vm vm, MipsShare requested) {
        return getHost().getWorkingPesNumber() >= requested.pes();
    }
}
