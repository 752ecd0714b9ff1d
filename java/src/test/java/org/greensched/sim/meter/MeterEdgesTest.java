package org.greensched.sim.meter;

import static org.greensched.sim.support.StockSimulation.host;
import static org.greensched.sim.support.StockSimulation.ranS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.cloudsimplus.cloudlets.Cloudlet;
import org.cloudsimplus.core.CloudSimTag;
import org.cloudsimplus.datacenters.Datacenter;
import org.cloudsimplus.hosts.Host;
import org.cloudsimplus.utilizationmodels.BootModel;
import org.cloudsimplus.utilizationmodels.UtilizationModelFull;
import org.cloudsimplus.vms.Vm;
import org.greensched.sim.carbon.SignalRangeException;
import org.greensched.sim.runfolder.PueSpec;
import org.greensched.sim.support.StockSimulation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Signals with gaps and ends, hosts that come late, code that acts between events, and settings that make no sense. */
class MeterEdgesTest {
    private static final double J_PER_KWH = 3.6e6;
    private final StockSimulation stock = new StockSimulation(0.001);

    private static void same(double expected, double actual) {
        assertEquals(expected, actual, 1e-9 * Math.abs(expected));
    }

    private static <T extends Exception> void fails(Class<T> type, String says, Executable code) {
        String message = assertThrows(type, code).getMessage();
        assertTrue(message.contains(says), message);
    }

    /** The intensity is missing from 200 to 300 s: known for who ran before, unknown for who ran then and for all. */
    @Test
    void aMissingValueStaysMissing() {
        Datacenter datacenter = stock.datacenter(1, 2);
        Vm vm = stock.vm(2);
        Cloudlet before = stock.cloudlet(vm, 1, 150, 1);
        Cloudlet during = stock.cloudlet(vm, 1, 250, 1);
        CarbonMeter meter = new MeterSettings().carbonGpkwh(100, new double[] {360, 360, Double.NaN, 360, 360})
                .hostPowerW(100, 200).attach(datacenter);
        stock.run();
        same(360 * 50 * ranS(before) / J_PER_KWH, meter.of(before).carbonG());
        assertTrue(Double.isNaN(meter.of(during).carbonG()));
        assertTrue(Double.isNaN(meter.of(datacenter.getHost(0)).carbonG()));
        assertTrue(Double.isNaN(meter.total().carbonG()));
        assertTrue(Double.isNaN(meter.idleG()));
        same(50 * ranS(during), meter.of(during).itKwh() * J_PER_KWH);
        same(meter.total().itKwh(), meter.total().facilityKwh());
    }

    /** Nothing is made up after the last value. */
    @Test
    void signalsThatEndBeforeTheSimulation() {
        Datacenter datacenter = stock.datacenter(1, 1);
        stock.cloudlet(stock.vm(1), 1, 1000, 1);
        CarbonMeter meter = new MeterSettings().carbonGpkwh(600, new double[] {1, 1, 1})
                .pricePerKwh(300, new double[] {1, 1}).hostPowerW(100, 200).attach(datacenter);
        fails(SignalRangeException.class, "price_per_kwh ends at 600.0 s, the simulation is at 1000", stock::run);
        fails(SignalRangeException.class, "give the meter values for all of the simulation", meter::total);
    }

    /** A simulation may end exactly where its signals do. */
    @Test
    void signalsThatEndWithTheSimulation() {
        Datacenter datacenter = stock.datacenter(1, 1);
        CarbonMeter meter = new MeterSettings().carbonGpkwh(100, new double[] {36, 72}).hostPowerW(1000, 2000)
                .attach(datacenter);
        stock.at(200, () -> { });
        assertEquals(200, stock.run(), 0);
        same((36 * 100 + 72 * 100) * 1000 / J_PER_KWH, meter.total().carbonG());
        assertTrue(Double.isNaN(meter.total().cost()));
    }

    /** A clock listener acts when the clock has moved, before any event of that instant. */
    @Test
    void aHostSwitchedOffByAClockListener() {
        Datacenter datacenter = stock.datacenter(2, 1);
        Cloudlet job = stock.cloudlet(stock.vm(1), 1, 300, 1);
        Host spare = datacenter.getHost(1);
        double[] offS = new double[1];
        stock.simulation.addOnClockTickListener(tick -> {
            if (stock.simulation.clock() >= 300 && spare.isActive()) {
                offS[0] = stock.simulation.clock();
                spare.setActive(false);
            }
        });
        CarbonMeter meter = new MeterSettings().carbonGpkwh(100).hostPowerW(100, 150).attach(datacenter);
        double endS = stock.run();
        assertTrue(offS[0] >= 300 && offS[0] < endS);
        same(100 * offS[0], meter.of(spare).itKwh() * J_PER_KWH);
        same(100 * endS + 50 * ranS(job), meter.of(datacenter.getHost(0)).itKwh() * J_PER_KWH);
    }

    /** A host that joins at 400 s draws from then on. */
    @Test
    void aHostThatJoinsLate() {
        Datacenter datacenter = stock.datacenter(1, 1);
        stock.cloudlet(stock.vm(1), 1, 1000, 1);
        Host late = host(1);
        stock.at(400, () -> stock.simulation.sendNow(datacenter, datacenter, CloudSimTag.HOST_ADD, late));
        CarbonMeter meter = new MeterSettings().carbonGpkwh(100).hostPowerW(100, 100).attach(datacenter);
        double endS = stock.run();
        same(100 * (endS - 400), meter.of(late).itKwh() * J_PER_KWH);
        same(100 * (endS + endS - 400), meter.total().itKwh() * J_PER_KWH);
        datacenter.removeHost(late);
        same(100 * (endS - 400), meter.of(late).itKwh() * J_PER_KWH);
        Host stranger = host(1);
        fails(IllegalArgumentException.class, "is not of", () -> meter.of(stranger));
    }

    /** The VM boots for 60 s with its core busy: its own energy, and no cloudlet's. */
    @Test
    void aVmThatBoots() {
        Datacenter datacenter = stock.datacenter(1, 1);
        datacenter.setSchedulingInterval(7);
        Vm vm = stock.vm(1);
        vm.setStartupDelay(60);
        vm.setBootModel(new BootModel(new UtilizationModelFull()));
        Cloudlet job = stock.cloudlet(vm, 1, 100, 1);
        CarbonMeter meter = new MeterSettings().carbonGpkwh(100).hostPowerW(100, 200).attach(datacenter);
        stock.run();
        double bootJ = (meter.of(vm).itKwh() - meter.of(job).itKwh()) * J_PER_KWH;
        assertEquals(100 * 60, bootJ, 100 * 7, "to within the scheduling interval");
        assertEquals(100 * 100, meter.of(job).itKwh() * J_PER_KWH, 100 * 7);
    }

    /** The simulation is driven step by step, and read in between. */
    @Test
    void readWhileItRuns() {
        Datacenter datacenter = stock.datacenter(1, 1);
        stock.cloudlet(stock.vm(1), 1, 1000, 1);
        stock.broker.submitVmList(stock.vms);
        stock.broker.submitCloudletList(stock.cloudlets);
        CarbonMeter meter = new MeterSettings().carbonGpkwh(36).hostPowerW(100, 300).attach(datacenter);
        stock.simulation.startSync();
        while (stock.simulation.clock() < 500) {
            stock.simulation.runFor(10);
        }
        double atS = stock.simulation.clock();
        assertEquals(300 * atS, meter.total().itKwh() * J_PER_KWH, 1);
    }

    @Test
    void settingsThatMakeNoSense() {
        Datacenter datacenter = stock.datacenter(1, 1);
        MeterSettings settings = new MeterSettings();
        fails(IllegalStateException.class, "call carbonGpkwh first", () -> settings.attach(datacenter));
        settings.carbonGpkwh(100);
        fails(IllegalStateException.class, "has no power model", () -> settings.attach(datacenter));
        fails(IllegalArgumentException.class, "PUE must be a number of at least 1", () -> settings.pue(0.9));
        fails(IllegalArgumentException.class, "facility power per IT power",
                () -> settings.pue(new PueSpec.Load(1, 0.5)));
        fails(IllegalArgumentException.class, "at least 0.0 (got -1.0)", () -> settings.carbonGpkwh(-1));
        fails(IllegalArgumentException.class, "value 1,", () -> settings.carbonGpkwh(60, new double[] {1, -1}));
        fails(IllegalArgumentException.class, "0 values", () -> settings.carbonGpkwh(60, new double[0]));
        fails(IllegalArgumentException.class, "a step of 0.0 s", () -> settings.pricePerKwh(0, new double[] {1}));
        fails(IllegalArgumentException.class, "power of a host", () -> settings.hostPowerW(100, Double.NaN));
        fails(IllegalArgumentException.class, "full load", () -> settings.hostPowerW(100));
        settings.hostPowerW(100, 200).pue(new PueSpec.Temperature(1.1, 20, 0.01));
        fails(IllegalStateException.class, "call temperatureC first", () -> settings.attach(datacenter));
        settings.pue(1).carbonGpkwh(3600, new double[9000]).pricePerKwh(3599.999999, new double[9000]);
        fails(IllegalArgumentException.class, "common step of only 1 us", () -> settings.attach(datacenter));
    }

    @Test
    void tooLateToAttach() {
        Datacenter datacenter = stock.datacenter(1, 1);
        stock.cloudlet(stock.vm(1), 1, 10, 1);
        stock.run();
        MeterSettings settings = new MeterSettings().carbonGpkwh(100).hostPowerW(100, 200);
        fails(IllegalStateException.class, "before simulation.start()", () -> settings.attach(List.of(datacenter)));
    }
}
