package org.greensched.sim.meter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.cloudsimplus.cloudlets.Cloudlet;
import org.cloudsimplus.datacenters.Datacenter;
import org.cloudsimplus.hosts.Host;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerCompletelyFair;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerSpaceShared;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerTimeShared;
import org.cloudsimplus.schedulers.vm.VmSchedulerTimeShared;
import org.cloudsimplus.vms.Vm;
import org.greensched.sim.datacenter.PowerCurve;
import org.greensched.sim.runfolder.PueSpec;
import org.greensched.sim.support.StockSimulation;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Busy stock simulations of all schedulers: parts add up, and the simulation is what it is without meters. */
class MeterConservationTest {
    private static final int HOURS = 48;

    private record Busy(StockSimulation stock, Datacenter datacenter, List<Vm> vms, List<Cloudlet> cloudlets) {}

    /** Hosts that fall idle shut down, cloudlets arrive over three hours, a VM is destroyed and a host fails. */
    private static Busy busy(long seed) {
        Random random = new Random(seed);
        StockSimulation stock = new StockSimulation(0.1);
        stock.broker.setVmDestructionDelay(12_000); // VMs stay for the cloudlets that come later
        List<Host> hosts = new ArrayList<>();
        for (int h = 0; h < 6; h++) {
            Host host = StockSimulation.host(4 + random.nextInt(5));
            host.setVmScheduler(new VmSchedulerTimeShared());
            host.setIdleShutdownDeadline(h % 2 == 0 ? -1 : 500);
            hosts.add(host);
        }
        Datacenter datacenter = stock.datacenter(hosts);
        for (int v = 0; v < 10; v++) {
            Vm vm = stock.vm(1 + random.nextInt(3), switch (v % 3) {
                case 0 -> new CloudletSchedulerSpaceShared();
                case 1 -> new CloudletSchedulerTimeShared();
                default -> new CloudletSchedulerCompletelyFair();
            });
            for (int c = 0; c < 5; c++) {
                double seconds = 60 + random.nextInt(1800);
                Cloudlet cloudlet = stock.cloudlet(
                        vm, 1 + random.nextInt((int) vm.getPesNumber()), seconds, 0.25 * (1 + random.nextInt(4)));
                cloudlet.setSubmissionDelay(random.nextInt(10_000));
            }
        }
        stock.at(4000, () -> stock.vms.get(0).shutdown());
        stock.at(5000, () -> ((org.cloudsimplus.hosts.HostAbstract) hosts.get(5)).setFailed(true));
        return new Busy(stock, datacenter, stock.vms, stock.cloudlets);
    }

    private static MeterSettings settings(long seed) {
        Random random = new Random(seed + 1000);
        double[] carbon = random.doubles(HOURS, 20, 700).toArray();
        double[] price = random.doubles(4 * HOURS, -0.05, 0.5).toArray();
        double[] temperature = random.doubles(HOURS, 5, 40).toArray();
        PueSpec pue = switch ((int) (seed % 3)) {
            case 0 -> new PueSpec.Static(1.3);
            case 1 -> new PueSpec.Temperature(1.1, 18, 0.02);
            default -> new PueSpec.Load(300, 1.15);
        };
        return new MeterSettings().carbonGpkwh(3600, carbon).pricePerKwh(900, price).temperatureC(3600, temperature)
                .pue(pue).hostPowerW(80, 120, 140, 200);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void partsAddUp(long seed) {
        Busy busy = busy(seed);
        CarbonMeter meter = settings(seed).attach(busy.datacenter);
        busy.stock.run();
        List<Host> hosts = busy.datacenter.getHostList();
        double overheadKwh = meter.fixedOverheadKwh();
        sums(meter, hosts, meter::of, MeterReading::itKwh, 0, meter.total().itKwh());
        sums(meter, hosts, meter::of, MeterReading::facilityKwh, overheadKwh, meter.total().facilityKwh());
        sums(meter, busy.vms, meter::of, MeterReading::facilityKwh, meter.idleKwh(), meter.total().facilityKwh());
        sums(meter, busy.vms, meter::of, MeterReading::carbonG, meter.idleG(), meter.total().carbonG());
        sums(meter, busy.cloudlets, meter::of, MeterReading::facilityKwh, meter.idleKwh(), meter.total().facilityKwh());
        sums(meter, busy.cloudlets, meter::of, MeterReading::carbonG, meter.idleG(), meter.total().carbonG());
        if (overheadKwh == 0) {
            sums(meter, hosts, meter::of, MeterReading::carbonG, 0, meter.total().carbonG());
            sums(meter, hosts, meter::of, MeterReading::cost, 0, meter.total().cost());
        }
        long ran = busy.cloudlets.stream().filter(c -> meter.of(c).facilityKwh() > 0).count();
        assertTrue(ran >= 40, ran + " of " + busy.cloudlets.size() + " cloudlets ran");
    }

    private static <T> void sums(
            CarbonMeter meter, List<T> parts, Function<T, MeterReading> reading, ToDoubleFunction<MeterReading> value,
            double rest, double whole) {
        double sum = rest + parts.stream().map(reading).mapToDouble(value).sum();
        assertEquals(whole, sum, 1e-9 * Math.abs(whole));
        assertTrue(whole > 0);
    }

    /**
     * With a line from idle to full load each MI costs the same, here 0.1 J. On time-shared VMs CloudSim Plus itself loses work
     * when a cloudlet joins (it reckons the time before with the new, smaller share), so that those run longer and cost more.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void energyGoesWithTheWorkDone(long seed) {
        Busy busy = busy(seed);
        CarbonMeter meter = new MeterSettings().carbonGpkwh(1)
                .hostPower(host -> new PowerCurve(80, 80 + host.getTotalMipsCapacity() / 10)).attach(busy.datacenter);
        busy.stock.run();
        int checked = 0;
        for (Cloudlet cloudlet : busy.cloudlets) {
            if (cloudlet.getStatus() == Cloudlet.Status.SUCCESS) {
                double workJ = 0.1 * cloudlet.getLength() * cloudlet.getPesNumber();
                double lateJ = 0.1 * StockSimulation.MIPS * cloudlet.getPesNumber(); // a second, by which it may end late
                double itJ = meter.of(cloudlet).itKwh() * 3.6e6;
                boolean shared = cloudlet.getVm().getCloudletScheduler() instanceof CloudletSchedulerTimeShared;
                assertTrue(itJ > workJ - lateJ && (shared || itJ < workJ + lateJ), cloudlet + ": " + itJ + " for " + workJ);
                checked++;
            }
        }
        assertTrue(checked >= 40, checked + " finished");
    }

    /** Not one event more or later, and every cloudlet when it was. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void theSimulationIsAsWithoutMeter(long seed) {
        Busy plain = busy(seed);
        double endS = plain.stock.run();
        Busy metered = busy(seed);
        settings(seed).attach(metered.datacenter);
        assertEquals(endS, metered.stock.run(), 0);
        assertEquals(
                plain.stock.simulation.getGeneratedEventsNumber(),
                metered.stock.simulation.getGeneratedEventsNumber());
        for (int c = 0; c < plain.cloudlets.size(); c++) {
            assertEquals(plain.cloudlets.get(c).getFinishTime(), metered.cloudlets.get(c).getFinishTime(), 0);
        }
    }

    /** What is read on the way changes nothing, nor do events that have nothing to do with the datacenter. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void readingsOnTheWayChangeNothing(long seed) {
        Busy once = busy(seed);
        CarbonMeter quiet = settings(seed).attach(once.datacenter);
        double endS = once.stock.run();
        Busy often = busy(seed);
        CarbonMeter read = settings(seed).attach(often.datacenter);
        List<Double> readings = new ArrayList<>();
        often.stock.simulation.addOnClockTickListener(tick -> readings.add(read.total().carbonG()));
        for (double atS = 100.5; atS < endS; atS += 333.25) {
            often.stock.at(atS, () -> readings.add(read.total().carbonG()));
        }
        assertEquals(endS, often.stock.run(), 0);
        assertEquals(quiet.total().carbonG(), read.total().carbonG(), 1e-9 * quiet.total().carbonG());
        for (int i = 1; i < readings.size(); i++) {
            assertTrue(readings.get(i) >= readings.get(i - 1), "carbon never falls");
        }
        assertTrue(readings.size() > 50);
    }
}
