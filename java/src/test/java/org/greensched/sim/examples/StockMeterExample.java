package org.greensched.sim.examples;

import ch.qos.logback.classic.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.cloudsimplus.brokers.DatacenterBroker;
import org.cloudsimplus.brokers.DatacenterBrokerSimple;
import org.cloudsimplus.cloudlets.Cloudlet;
import org.cloudsimplus.cloudlets.CloudletSimple;
import org.cloudsimplus.core.CloudSimPlus;
import org.cloudsimplus.datacenters.Datacenter;
import org.cloudsimplus.datacenters.DatacenterSimple;
import org.cloudsimplus.hosts.Host;
import org.cloudsimplus.hosts.HostSimple;
import org.cloudsimplus.resources.Pe;
import org.cloudsimplus.resources.PeSimple;
import org.cloudsimplus.util.Log;
import org.cloudsimplus.vms.VmSimple;
import org.greensched.sim.meter.CarbonMeter;
import org.greensched.sim.meter.MeterSettings;

/** Carbon in a simulation of plain CloudSim Plus, which runs as it would without the meter. */
public final class StockMeterExample {
    private StockMeterExample() {}

    /** @param args none are read */
    public static void main(String[] args) {
        Log.setLevel(Level.OFF);
        CloudSimPlus simulation = new CloudSimPlus();
        Datacenter datacenter = new DatacenterSimple(simulation, List.of(host(), host()));
        DatacenterBroker broker = new DatacenterBrokerSimple(simulation);
        Cloudlet cloudlet = new CloudletSimple(5_400_000, 4); // 90 minutes on four cores: the length is per core
        broker.submitVm(new VmSimple(1000, 4));
        broker.submitCloudlet(cloudlet);
        double[] gpkwh = {320, 180, 240}; // of each hour
        CarbonMeter meter = new MeterSettings().carbonGpkwh(3600, gpkwh).pue(1.3).hostPowerW(100, 250)
                .attach(datacenter);
        simulation.start();
        System.out.printf(Locale.ROOT, "carbon_g %.3f%n", meter.total().carbonG());
        System.out.printf(Locale.ROOT, "cloudlet_carbon_g %.3f%n", meter.of(cloudlet).carbonG());
    }

    private static Host host() {
        List<Pe> cores = new ArrayList<>();
        for (int c = 0; c < 8; c++) {
            cores.add(new PeSimple(1000));
        }
        return new HostSimple(32_000, 10_000, 1_000_000, cores);
    }
}
