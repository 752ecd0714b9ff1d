package org.greensched.sim.meter;

import static org.greensched.sim.support.StockSimulation.host;
import static org.greensched.sim.support.StockSimulation.ranS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.cloudsimplus.cloudlets.Cloudlet;
import org.cloudsimplus.datacenters.Datacenter;
import org.cloudsimplus.hosts.Host;
import org.cloudsimplus.power.models.PowerModelHostSimple;
import org.cloudsimplus.power.models.PowerModelHostSpec;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerTimeShared;
import org.cloudsimplus.vms.Vm;
import org.greensched.sim.datacenter.PowerCurve;
import org.greensched.sim.runfolder.PueSpec;
import org.greensched.sim.support.StockSimulation;
import org.junit.jupiter.api.Test;

/** Meters on plain CloudSim Plus datacenters against numbers worked out by hand from the times that it reports. */
class CarbonMeterTest {
    private static final double J_PER_KWH = 3.6e6;
    private final StockSimulation stock = new StockSimulation(0.001);

    private static void same(double expected, double actual) {
        assertEquals(expected, actual, 1e-9 * Math.abs(expected));
    }

    /** CloudSim Plus's PowerMeter makes 10, 12 or 30 kJ of it, by its interval, and prolongs the simulation. */
    @Test
    void aHundredWattsForAHundredSecondsAndAHalf() {
        Datacenter datacenter = stock.datacenter(1, 1);
        Cloudlet job = stock.cloudlet(stock.vm(1), 1, 100.5, 1);
        CarbonMeter meter = new MeterSettings().carbonGpkwh(360).pue(1.5).hostPowerW(0, 100).attach(datacenter);
        double endS = stock.run();
        same(100 * ranS(job), meter.total().itKwh() * J_PER_KWH);
        assertEquals(10_050, meter.total().itKwh() * J_PER_KWH, 2, "CloudSim Plus may end a job 0.02 s late here");
        same(1.5 * meter.total().itKwh(), meter.total().facilityKwh());
        same(360 * meter.total().facilityKwh(), meter.total().carbonG());
        assertTrue(Double.isNaN(meter.total().cost()), "no price was given");

        StockSimulation plain = new StockSimulation(0.001);
        plain.datacenter(1, 1);
        plain.cloudlet(plain.vm(1), 1, 100.5, 1);
        assertEquals(plain.run(), endS, 0, "a meter does not prolong the simulation");
    }

    /** Host 0: half of its cores at 0.5, then idle; host 1: idle. Curve 50, 80, 150 W: 0.25 of the host is 65 W. */
    @Test
    void hostsAreMeteredOneByOne() {
        Datacenter datacenter = stock.datacenter(2, 4);
        Cloudlet job = stock.cloudlet(stock.vm(2), 2, 1000, 0.5);
        CarbonMeter meter = new MeterSettings().carbonGpkwh(100).pricePerKwh(0.25).hostPowerW(50, 80, 150)
                .attach(datacenter);
        double endS = stock.run();
        same(50 * endS + 15 * ranS(job), meter.of(datacenter.getHost(0)).itKwh() * J_PER_KWH);
        same(50 * endS, meter.of(datacenter.getHost(1)).itKwh() * J_PER_KWH);
        same(15 * ranS(job), meter.of(job).itKwh() * J_PER_KWH);
        same(100 * endS, meter.idleKwh() * J_PER_KWH);
        same(0.25 * meter.of(datacenter.getHost(0)).facilityKwh(), meter.of(datacenter.getHost(0)).cost());
        same(0.25 * meter.total().facilityKwh(), meter.total().cost());
    }

    /** 300 g/kWh until 600 s, then 100: the cloudlet runs across it at 100 W, the host idles at 100 W throughout. */
    @Test
    void theGridChangesWhileACloudletRuns() {
        Datacenter datacenter = stock.datacenter(1, 1);
        Cloudlet job = stock.cloudlet(stock.vm(1), 1, 1000, 1);
        CarbonMeter meter = new MeterSettings().carbonGpkwh(600, new double[] {300, 100, 100}).pue(1.2)
                .hostPowerW(100, 200).attach(datacenter);
        double endS = stock.run();
        double jobG = 1.2 * 100 * (300 * (600 - job.getStartTime()) + 100 * (job.getFinishTime() - 600)) / J_PER_KWH;
        double idleG = 1.2 * 100 * (300 * 600 + 100 * (endS - 600)) / J_PER_KWH;
        same(jobG, meter.of(job).carbonG());
        same(idleG, meter.idleG());
        same(jobG + idleG, meter.total().carbonG());
        assertEquals(1.2 * 100 * (300 * 600 + 100 * 400) / J_PER_KWH, jobG, 1e-3, "what it would be with exact times");
    }

    /** Two cloudlets share a core: 100 s of work take 200 s at half of the power; then the longer one has it alone. */
    @Test
    void timeSharedCloudletsShareThePower() {
        Datacenter datacenter = stock.datacenter(1, 2);
        Vm vm = stock.vm(1, new CloudletSchedulerTimeShared());
        Cloudlet one = stock.cloudlet(vm, 1, 100, 1);
        Cloudlet two = stock.cloudlet(vm, 1, 150, 1);
        CarbonMeter meter = new MeterSettings().carbonGpkwh(100).hostPowerW(100, 300).attach(datacenter);
        stock.run();
        double bothS = one.getFinishTime() - one.getStartTime();
        assertEquals(200, bothS, 0.1);
        same(50 * bothS, meter.of(one).itKwh() * J_PER_KWH); // 100 W above idle at half of the host, for two
        same(50 * bothS + 100 * (two.getFinishTime() - one.getFinishTime()), meter.of(two).itKwh() * J_PER_KWH);
        same(meter.of(one).itKwh() + meter.of(two).itKwh(), meter.of(vm).itKwh());
    }

    /** The VM goes after about 50 of 1000 s, and with it its load. */
    @Test
    void aDestroyedVmDrawsNothing() {
        Datacenter datacenter = stock.datacenter(1, 1);
        Vm vm = stock.vm(1);
        Cloudlet job = stock.cloudlet(vm, 1, 1000, 1);
        stock.at(50, () -> vm.shutdown());
        CarbonMeter meter = new MeterSettings().carbonGpkwh(100).hostPowerW(100, 300).attach(datacenter);
        double endS = stock.run();
        assertEquals(50, vm.getFinishTime(), 0.1);
        same(200 * (vm.getFinishTime() - job.getStartTime()), meter.of(vm).itKwh() * J_PER_KWH);
        same(100 * endS, meter.idleKwh() * J_PER_KWH);
    }

    /** Host 1 is switched off by user code at 200 s and on at 500 s; host 2 fails at 300 s. */
    @Test
    void hostsThatAreOffDrawNothing() {
        Datacenter datacenter = stock.datacenter(3, 1);
        stock.cloudlet(stock.vm(1), 1, 1000, 1);
        stock.at(200, () -> datacenter.getHost(1).setActive(false));
        stock.at(300, () -> ((org.cloudsimplus.hosts.HostAbstract) datacenter.getHost(2)).setFailed(true));
        stock.at(500, () -> datacenter.getHost(1).setActive(true));
        CarbonMeter meter = new MeterSettings().carbonGpkwh(100).hostPowerW(100, 100).attach(datacenter);
        double endS = stock.run();
        same(100 * (endS - 300), meter.of(datacenter.getHost(1)).itKwh() * J_PER_KWH);
        same(100 * 300, meter.of(datacenter.getHost(2)).itKwh() * J_PER_KWH);
        same(100 * (endS + endS - 300 + 300), meter.total().itKwh() * J_PER_KWH);
    }

    /** Off from 100 s; from 400 s it boots for 60 s at 70 W, which its power model says; then 100 W. */
    @Test
    void aHostThatBootsDrawsItsStartupPower() {
        Datacenter datacenter = stock.datacenter(2, 1);
        Host slow = datacenter.getHost(1);
        slow.setPowerModel(new PowerModelHostSimple(200, 100).setStartupPower(70));
        datacenter.getHost(0).setPowerModel(new PowerModelHostSimple(200, 100));
        stock.cloudlet(stock.vm(1), 1, 1000, 1);
        stock.at(100, () -> slow.setActive(false));
        stock.at(400, () -> {
            slow.setStartupDelay(60);
            slow.setActive(true);
        });
        CarbonMeter meter = new MeterSettings().carbonGpkwh(100).attach(datacenter);
        double endS = stock.run();
        same(100 * 100 + 70 * 60 + 100 * (endS - 460), meter.of(slow).itKwh() * J_PER_KWH);
    }

    /** The same load at two sites: each meter counts its own grid and facility. */
    @Test
    void datacentersInDifferentZones() {
        List<Datacenter> both = List.of(stock.datacenter(1, 1), stock.datacenter(1, 1));
        stock.broker.setDatacenterMapper((last, vm) -> both.get(stock.vms.indexOf(vm)));
        Cloudlet coal = stock.cloudlet(stock.vm(1), 1, 300, 1);
        Cloudlet water = stock.cloudlet(stock.vm(1), 1, 700, 1);
        MeterSettings settings = new MeterSettings().hostPowerW(100, 200);
        CarbonMeter first = settings.carbonGpkwh(800).pue(1.5).attach(both.get(0));
        CarbonMeter second = settings.carbonGpkwh(20).pue(1.1).attach(both.get(1));
        double endS = stock.run();
        same(1.5 * 800 * (100 * endS + 100 * ranS(coal)) / J_PER_KWH, first.total().carbonG());
        same(1.1 * 20 * (100 * endS + 100 * ranS(water)) / J_PER_KWH, second.total().carbonG());
        assertEquals(0, first.of(water).itKwh(), 0);
    }

    /** PowerModelHostSpec itself fails above 95 % load; its points, read linearly, are 150 W at full load. */
    @Test
    void powerModelsOfCloudSimPlus() {
        Host table = host(2);
        table.setPowerModel(new PowerModelHostSpec(new double[] {50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150}));
        Host line = host(2);
        line.setPowerModel(new PowerModelHostSimple(300, 100));
        Datacenter datacenter = stock.datacenter(List.of(table, line));
        Cloudlet full = stock.cloudlet(stock.vm(2), 2, 100, 1);
        Cloudlet half = stock.cloudlet(stock.vm(2), 1, 200, 1);
        CarbonMeter meter = new MeterSettings().carbonGpkwh(1).attach(datacenter);
        stock.run();
        same(100 * ranS(full), meter.of(full).itKwh() * J_PER_KWH);
        same(100 * ranS(half), meter.of(half).itKwh() * J_PER_KWH);
    }

    /** facility = 500 + 1.25 IT: while the only host is off the 500 W are booked apart, since no host causes them. */
    @Test
    void aFacilityWhosePueDependsOnItsLoad() {
        Datacenter datacenter = stock.datacenter(1, 1);
        Cloudlet job = stock.cloudlet(stock.vm(1), 1, 100, 1);
        Host host = datacenter.getHost(0);
        stock.at(400, () -> host.setActive(false));
        stock.at(1000, () -> { });
        CarbonMeter meter = new MeterSettings().carbonGpkwh(100).pue(new PueSpec.Load(500, 1.25)).hostPowerW(100, 200)
                .attach(datacenter);
        double endS = stock.run();
        same(500 * endS + 1.25 * (100 * 400 + 100 * ranS(job)), meter.total().facilityKwh() * J_PER_KWH);
        same(500 * (endS - 400), meter.fixedOverheadKwh() * J_PER_KWH);
        same(meter.total().facilityKwh() - meter.fixedOverheadKwh(), meter.of(host).facilityKwh());
        same((500 + 1.25 * 200) / 200 * 100 * ranS(job), meter.of(job).facilityKwh() * J_PER_KWH);
    }

    /** PUE 1.1 + 0.01 per degree above 20 in steps of 300 s, carbon in steps of 200 s: the grid is one of 100 s. */
    @Test
    void signalsOfDifferentSteps() {
        Datacenter datacenter = stock.datacenter(1, 1);
        stock.cloudlet(stock.vm(1), 1, 500, 1);
        CarbonMeter meter = new MeterSettings().carbonGpkwh(200, new double[] {100, 200, 300, 300})
                .temperatureC(300, new double[] {10, 30, 30}).pue(new PueSpec.Temperature(1.1, 20, 0.01))
                .hostPower(host -> new PowerCurve(1000, 1000)).attach(datacenter);
        double endS = stock.run();
        double carbonPueS = 1.1 * (100 * 200 + 200 * 100) + 1.2 * (200 * 100 + 300 * (endS - 400));
        same(1000 * carbonPueS / J_PER_KWH, meter.total().carbonG());
    }
}
