package org.greensched.sim.datacenter;

import org.cloudsimplus.schedulers.MipsShare;
import org.cloudsimplus.vms.Vm;
import org.cloudsimplus.vms.VmSimple;

/**
 * Shares a host's MIPS out to machines that may have been promised more than there is: while they ask for no more than there
 * is each gets what it asks for, otherwise all get the same part of it. A machine is admitted where there are as many cores as
 * it has, busy or not. CloudSim had such a scheduler up to the 7.x line of CloudSim Plus; 8.5.7 has none.
 */
final class OversubscribedVmScheduler extends PooledVmScheduler {
    private final double capacity;

    /** @param capacity of all cores, instructions per second */
    OversubscribedVmScheduler(double capacity) {
        this.capacity = capacity;
    }

    @Override
    public boolean allocatePesForVmInternal(Vm vm, MipsShare requested) {
        share(vm, null);
        return true;
    }

    @Override
    protected long deallocatePesFromVmInternal(Vm vm, int pesToRemove) {
        long removed = super.deallocatePesFromVmInternal(vm, pesToRemove);
        share(null, vm);
        return removed;
    }

    /** Sets the shares of all machines, of {@code coming} too, without {@code leaving}. */
    private void share(Vm coming, Vm leaving) {
        double asked = coming == null ? 0 : asked(coming);
        for (Vm vm : getHost().getVmList()) {
            asked += vm == coming || vm == leaving ? 0 : asked(vm);
        }
        double part = Math.min(1, capacity / asked);
        if (coming != null) {
            set(coming, part);
        }
        for (Vm vm : getHost().getVmList()) {
            if (vm != coming && vm != leaving) {
                set(vm, part);
            }
        }
    }

    private static double asked(Vm vm) {
        return vm.getTotalMipsCapacity();
    }

    private static void set(Vm vm, double part) {
        ((VmSimple) vm).setAllocatedMips(new MipsShare(vm.getPesNumber(), vm.getMips() * part));
    }
}
