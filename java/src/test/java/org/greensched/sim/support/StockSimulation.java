package org.greensched.sim.support;

import java.util.ArrayList;
import java.util.List;
import org.cloudsimplus.allocationpolicies.VmAllocationPolicyFirstFit;
import org.cloudsimplus.brokers.DatacenterBroker;
import org.cloudsimplus.brokers.DatacenterBrokerSimple;
import org.cloudsimplus.cloudlets.Cloudlet;
import org.cloudsimplus.cloudlets.CloudletSimple;
import org.cloudsimplus.core.CloudSimEntity;
import org.cloudsimplus.core.CloudSimPlus;
import org.cloudsimplus.core.events.SimEvent;
import org.cloudsimplus.datacenters.Datacenter;
import org.cloudsimplus.datacenters.DatacenterSimple;
import org.cloudsimplus.hosts.Host;
import org.cloudsimplus.hosts.HostSimple;
import org.cloudsimplus.resources.Pe;
import org.cloudsimplus.resources.PeSimple;
import org.cloudsimplus.schedulers.cloudlet.CloudletScheduler;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerSpaceShared;
import org.cloudsimplus.util.Log;
import org.cloudsimplus.utilizationmodels.UtilizationModelDynamic;
import org.cloudsimplus.vms.Vm;
import org.cloudsimplus.vms.VmSimple;

/** A simulation of plain CloudSim Plus, as users have them; cores of 1000 MIPS, placed on the first host with room. */
public final class StockSimulation {
    public static final double MIPS = 1000;
    private static final int FIRST_FREE_TAG = 1001;

    public final CloudSimPlus simulation;
    public final List<Datacenter> datacenters = new ArrayList<>();
    public final List<Vm> vms = new ArrayList<>();
    public final List<Cloudlet> cloudlets = new ArrayList<>();
    public final DatacenterBroker broker;

    /** @param minTimeBetweenEventsS what CloudSim Plus may be late by, about */
    public StockSimulation(double minTimeBetweenEventsS) {
        Log.setLevel(ch.qos.logback.classic.Level.OFF);
        simulation = new CloudSimPlus(minTimeBetweenEventsS);
        broker = new DatacenterBrokerSimple(simulation);
        broker.setVmDestructionDelay(1);
    }

    /** A datacenter of equal hosts without power models. */
    public Datacenter datacenter(int hosts, int cores) {
        List<Host> list = new ArrayList<>();
        for (int h = 0; h < hosts; h++) {
            list.add(host(cores));
        }
        return datacenter(list);
    }

    public Datacenter datacenter(List<Host> hosts) {
        Datacenter datacenter = new DatacenterSimple(simulation, hosts, new VmAllocationPolicyFirstFit());
        datacenters.add(datacenter);
        return datacenter;
    }

    public static Host host(int cores) {
        List<Pe> pes = new ArrayList<>();
        for (int p = 0; p < cores; p++) {
            pes.add(new PeSimple(MIPS));
        }
        return new HostSimple(64_000, 10_000, 1_000_000, pes);
    }

    public Vm vm(int cores) {
        return vm(cores, new CloudletSchedulerSpaceShared());
    }

    public Vm vm(int cores, CloudletScheduler scheduler) {
        Vm vm = new VmSimple(MIPS, cores);
        vm.setRam(1000).setBw(100).setSize(1000);
        vm.setCloudletScheduler(scheduler); // given to the constructor it would be overwritten
        vms.add(vm);
        return vm;
    }

    /** A cloudlet that takes {@code seconds} alone, bound to a VM. */
    public Cloudlet cloudlet(Vm vm, int cores, double seconds, double utilisationFrac) {
        Cloudlet cloudlet = new CloudletSimple(Math.round(seconds * MIPS * utilisationFrac), cores);
        cloudlet.setUtilizationModelCpu(new UtilizationModelDynamic(utilisationFrac));
        cloudlet.setVm(vm);
        cloudlets.add(cloudlet);
        return cloudlet;
    }

    /** Lets user code run at a time, in seconds, as an entity of its own. */
    public void at(double timeS, Runnable code) {
        new CloudSimEntity(simulation) {
            @Override
            protected void startInternal() {
                schedule(timeS, FIRST_FREE_TAG);
            }

            @Override
            public void processEvent(SimEvent event) {
                if (event.getTag() == FIRST_FREE_TAG) {
                    code.run();
                }
            }
        };
    }

    /** Submits everything and runs to the end; returns its time in seconds. */
    public double run() {
        broker.submitVmList(vms);
        broker.submitCloudletList(cloudlets);
        return simulation.start();
    }

    /** How long CloudSim Plus says that a cloudlet ran, seconds. */
    public static double ranS(Cloudlet cloudlet) {
        return cloudlet.getFinishTime() - cloudlet.getStartTime();
    }
}
