package org.greensched.sim.datacenter;

import org.greensched.sim.runfolder.DatacenterSpec;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.runfolder.Tolerance;
import org.greensched.sim.runfolder.VirtualMachines;
import org.greensched.sim.runfolder.VmSharing;

/** Room for tasks in a pool of hosts, whether they ask for cores or for a virtual machine. */
record TaskRoom(HostPool pool, TaskStore tasks, VirtualMachines vms) {
    /**
     * The host that would take the task now, or -1. Where hosts are oversubscribed and none has room for all the MIPS of a
     * machine, it goes to the first with enough cores, busy or not, and memory; not while a cap holds, which is no promise.
     */
    int find(int task) {
        if (!vms.isVm(task)) {
            return pool.find(tasks.cores(task), tasks.memGb(task), tasks.gpus(task), tasks.gpuType(task));
        }
        int host = findVm(task, false);
        return host >= 0 || pool.isCapped() ? host : findVm(task, true);
    }

    private int findVm(int task, boolean over) {
        for (HostGroup group : pool.cpuGroups()) {
            HostSpec spec = group.spec;
            double cores = over ? 0 : spec.vmCores(tasks.cores(task), vms.mips(task));
            boolean eligible = spec.couldHoldVm(tasks.cores(task), vms.mips(task), tasks.memGb(task))
                    && (!over || spec.vmSharing() == VmSharing.OVERSUBSCRIBE)
                    && pool.isAllowed(cores);
            int host = eligible ? group.index.find(cores, tasks.memGb(task), 0) : -1;
            if (host >= 0) {
                return group.first + host;
            }
        }
        return -1;
    }

    /** Whether a host has room for all of a virtual machine now. */
    boolean fits(int host, int task) {
        HostSpec spec = pool.group(host).spec;
        double cores = spec.vmCores(tasks.cores(task), vms.mips(task));
        return !pool.isWithdrawn(host) && spec.couldHoldVm(tasks.cores(task), vms.mips(task), tasks.memGb(task))
                && pool.freeCoresOn(host) >= cores - Tolerance.CAPACITY
                && pool.freeMemGbOn(host) >= tasks.memGb(task) - Tolerance.CAPACITY
                && pool.isAllowed(cores);
    }

    /** Cores that the task takes of the host that was found. */
    double coresOn(int host, int task) {
        return vms.isVm(task)
                ? Math.min(pool.freeCoresOn(host), pool.group(host).spec.vmCores(tasks.cores(task), vms.mips(task)))
                : tasks.cores(task);
    }

    /** Whether the task could ever be held; what is withdrawn for good holds nothing again. */
    boolean couldHold(int task) {
        DatacenterSpec spec = pool.lasting();
        return vms.isVm(task) ? spec.couldHoldVm(tasks.cores(task), vms.mips(task), tasks.memGb(task))
                : spec.couldHold(
                        pool.usableCores(), tasks.cores(task), tasks.memGb(task), tasks.gpus(task), tasks.gpuType(task));
    }
}
