package org.greensched.benchmarks;

import ch.qos.logback.classic.Level;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.cloudsimplus.allocationpolicies.VmAllocationPolicyFirstFit;
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
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerSpaceShared;
import org.cloudsimplus.schedulers.vm.VmSchedulerSpaceShared;
import org.cloudsimplus.util.Log;
import org.cloudsimplus.vms.Vm;
import org.cloudsimplus.vms.VmSimple;

/**
 * The same jobs on CloudSim Plus's own classes, as its users write them: a DatacenterSimple per site, a VM per job that
 * is destroyed after its cloudlet, first fit. Kept fair: no logging, migrations off, no power measurement, no carbon
 * accounting, no bridge.
 */
public final class StockCloudSim {
    private static final int ARRIVAL = 2000;
    private static final double MIPS = 1000;

    private final CloudSimPlus kernel = new CloudSimPlus();
    private final DatacenterBrokerSimple broker;
    private final Jobs jobs;
    private final List<Cloudlet> cloudlets;
    private final List<Datacenter> sites = new ArrayList<>();
    private final double[] freeCores;

    /** What a run showed: wall time, finished jobs, mean and largest error of the execution time. */
    record Result(double wallS, long finished, double meanErrorS, double maxErrorS) {}

    /** Jobs in arrival order. */
    record Jobs(double[] arrivalS, double[] workS, int[] cores) {}

    private StockCloudSim(Jobs jobs, int datacenters, int hosts, int coresPerHost) {
        this.jobs = jobs;
        this.cloudlets = new ArrayList<>(jobs.arrivalS().length);
        for (int d = 0; d < datacenters; d++) {
            List<Host> hostList = new ArrayList<>(hosts);
            for (int h = 0; h < hosts; h++) {
                List<Pe> cores = new ArrayList<>(coresPerHost);
                for (int c = 0; c < coresPerHost; c++) {
                    cores.add(new PeSimple(MIPS));
                }
                hostList.add(new HostSimple(1L << 20, 1L << 20, 1L << 30, cores).setVmScheduler(new VmSchedulerSpaceShared()));
            }
            DatacenterSimple site = new DatacenterSimple(kernel, hostList, new VmAllocationPolicyFirstFit());
            site.disableMigrations();
            sites.add(site);
        }
        broker = new DatacenterBrokerSimple(kernel);
        broker.setShutdownWhenIdle(false);
        broker.setVmDestructionDelay(0.2);
        freeCores = new double[datacenters];
        Arrays.fill(freeCores, (double) hosts * coresPerHost);
        // The first site in a fixed order whose free cores, counted here, suffice: the cheapest mapper that spreads load.
        // A site is booked when it is chosen, not when the VM is made: in a burst the rest would be sent to a full site
        // and stock would be charged for retries that are the mapper's fault. Reading an intensity would only add work.
        broker.setDatacenterMapper((last, vm) -> {
            int tried = sites.indexOf(last);
            if (tried >= 0) {
                freeCores[tried] += vm.getPesNumber(); // no host there could hold it after all
            }
            for (int d = 0; d < sites.size(); d++) {
                if (d != tried && freeCores[d] >= vm.getPesNumber()) {
                    freeCores[d] -= vm.getPesNumber();
                    return sites.get(d);
                }
            }
            throw new IllegalStateException("no site has room: this comparison is for loads that fit");
        });
        new Arrivals(kernel);
    }

    /** Runs the jobs and measures. */
    static Result run(Jobs jobs, int datacenters, int hosts, int coresPerHost) {
        Log.setLevel(Level.OFF);
        var stock = new StockCloudSim(jobs, datacenters, hosts, coresPerHost);
        long begin = System.nanoTime();
        stock.kernel.start();
        double wallS = (System.nanoTime() - begin) / 1e9;
        double sumS = 0;
        double maxS = 0;
        long finished = 0;
        for (int j = 0; j < stock.cloudlets.size(); j++) {
            Cloudlet cloudlet = stock.cloudlets.get(j);
            if (cloudlet.isFinished()) {
                double errorS = Math.abs(cloudlet.getTotalExecutionTime() - jobs.workS()[j]);
                sumS += errorS;
                maxS = Math.max(maxS, errorS);
                finished++;
            }
        }
        return new Result(wallS, finished, sumS / Math.max(1, finished), maxS);
    }

    /** Submits each job when it arrives: the stock broker would otherwise map it at time 0. */
    private final class Arrivals extends CloudSimEntity {
        private int next;

        Arrivals(CloudSimPlus kernel) {
            super(kernel);
        }

        @Override
        protected void startInternal() {
            schedule(jobs.arrivalS()[0], ARRIVAL);
        }

        @Override
        public void processEvent(SimEvent event) {
            if (event.getTag() != ARRIVAL) {
                return; // the kernel also announces its end
            }
            int job = next++;
            int cores = jobs.cores()[job];
            Vm vm = new VmSimple(MIPS, cores);
            vm.setRam(512).setBw(10).setSize(10);
            vm.setCloudletScheduler(new CloudletSchedulerSpaceShared());
            Cloudlet cloudlet = new CloudletSimple((long) (jobs.workS()[job] * MIPS), cores);
            cloudlet.setVm(vm);
            cloudlets.add(cloudlet);
            vm.addOnHostDeallocationListener(info -> freeCores[sites.indexOf(info.getHost().getDatacenter())] += cores);
            broker.submitVm(vm);
            broker.submitCloudlet(cloudlet);
            if (next < jobs.arrivalS().length) {
                schedule(jobs.arrivalS()[next] - kernel.clock(), ARRIVAL);
            } else {
                broker.setShutdownWhenIdle(true);
            }
        }
    }
}
