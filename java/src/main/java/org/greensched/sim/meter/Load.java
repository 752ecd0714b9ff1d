package org.greensched.sim.meter;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.cloudsimplus.cloudlets.CloudletExecution;
import org.cloudsimplus.hosts.Host;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerAbstract;
import org.cloudsimplus.vms.Vm;

/**
 * Who used how much CPU on a host since the last event. CloudSim Plus changes the load of a host only while it handles
 * events, so what is read when the next one is due, before it is handled, held all the time in between.
 *
 * @param mips all of {@code shares}
 * @param shares one per running cloudlet; one per VM that boots
 */
record Load(double mips, List<Share> shares) {
    static final Load NONE = new Load(0, List.of());

    /** A part of the load; {@code cloudlet} is {@code null} for a VM that boots. */
    record Share(Consumer vm, Consumer cloudlet, double mips) {}

    /**
     * Reads a host.
     *
     * @param sinceS time of the last event, seconds
     * @param consumers the account of a VM or a cloudlet
     */
    static Load of(Host host, double sinceS, Function<Object, Consumer> consumers) {
        List<Vm> vms = host.getVmList();
        if (vms.isEmpty()) {
            return NONE;
        }
        List<Share> shares = new ArrayList<>();
        double mips = 0;
        for (Vm vm : vms) {
            mips += add(vm, sinceS, consumers, shares);
        }
        return new Load(mips, shares);
    }

    private static double add(Vm vm, double sinceS, Function<Object, Consumer> consumers, List<Share> shares) {
        // not Vm.isStartingUp, which tells of this instant: a boot that ends now has drawn power until now
        if (vm.hasStarted() && sinceS < vm.getStartupCompletionTime()) {
            double bootMips = vm.getBootModel().getCpuPercentUtilization() * vm.getTotalMipsCapacity();
            if (bootMips > 0) {
                shares.add(new Share(consumers.apply(vm), null, bootMips));
            }
            return bootMips;
        }
        double vmMips = 0;
        for (CloudletExecution running : vm.getCloudletScheduler().getCloudletExecList()) {
            double mips = mips(vm, running);
            if (mips > 0) {
                vmMips += mips;
                shares.add(new Share(consumers.apply(vm), consumers.apply(running.getCloudlet()), mips));
            }
        }
        return vmMips;
    }

    private static double mips(Vm vm, CloudletExecution running) {
        if (vm.getCloudletScheduler() instanceof CloudletSchedulerAbstract scheduler) {
            double ofOneCore = scheduler.getAllocatedMipsForCloudlet(running, vm.getSimulation().clock());
            return ofOneCore * running.getCloudlet().getPesNumber();
        }
        // a scheduler of one's own tells of its VM only: what the VM uses goes by the cores of the cloudlets
        List<CloudletExecution> all = vm.getCloudletScheduler().getCloudletExecList();
        double cores = all.stream().mapToDouble(one -> one.getCloudlet().getPesNumber()).sum();
        return vm.getTotalCpuMipsUtilization() * running.getCloudlet().getPesNumber() / cores;
    }
}
