package org.greensched.sim.datacenter;

import org.greensched.sim.runfolder.DatacenterSpec;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.runfolder.VirtualMachines;

/** Room for tasks in a pool of hosts, whether they ask for cores or for a virtual machine. */
record TaskRoom(HostPool pool, TaskStore tasks, VirtualMachines vms) {
    /** The host that would take the task now, or -1. */
    int find(int task) {
        return vms.isVm(task) ? pool.findVm(tasks.cores(task), vms.mips(task), tasks.memGb(task))
                : pool.find(tasks.cores(task), tasks.memGb(task), tasks.gpus(task), tasks.gpuType(task));
    }

    /** Cores that the task takes of the host that was found. */
    double coresOn(int host, int task) {
        return vms.isVm(task) ? pool.vmCoresOn(host, tasks.cores(task), vms.mips(task)) : tasks.cores(task);
    }

    /** Whether the task could ever be held. */
    boolean couldHold(DatacenterSpec spec, int task) {
        return vms.isVm(task) ? spec.couldHoldVm(tasks.cores(task), vms.mips(task), tasks.memGb(task))
                : spec.couldHold(
                        pool.usableCores(), tasks.cores(task), tasks.memGb(task), tasks.gpus(task), tasks.gpuType(task));
    }
}
