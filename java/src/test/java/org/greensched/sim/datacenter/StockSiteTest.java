package org.greensched.sim.datacenter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.cloudsimplus.cloudlets.CloudletSimple;
import org.cloudsimplus.core.events.SimEvent;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerSpaceShared;
import org.greensched.sim.kernel.GreenEntity;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.kernel.Tags;
import org.greensched.sim.runfolder.DatacenterSpec;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.PueSpec;
import org.greensched.sim.runfolder.VmSharing;
import org.greensched.sim.workload.HostTruth;
import org.junit.jupiter.api.Test;

/** What a site looks at and what it keeps: traps T9, T11 and T13. */
class StockSiteTest {
    private static final int HOSTS = 1000;
    private static final double RATE = 1e9;

    /** A day on one site: machines begin when told, and go when they are done. */
    private static final class Day extends GreenEntity {
        private final StockBroker broker;
        private final StockSite site;
        private final List<Double> finishS = new ArrayList<>();
        private final double[][] machines;
        private int number;

        /** @param machines rows of (start, host, seconds of work) */
        Day(GreenKernel kernel, double[]... machines) {
            super(kernel);
            this.machines = machines;
            broker = new StockBroker(kernel);
            HostSpec hosts = new HostSpec("h", HOSTS, 4, 64, 0, -1, 0, 0, new double[] {100, 200}, new double[] {1}, 0, 1000,
                    VmSharing.SPACE, null);
            DatacenterSpec spec = new DatacenterSpec(
                    "d", "r", "Z", 0, 0, 1, Double.NaN, new PueSpec.Static(1), null, List.of(hosts));
            HostTruth[] truth = {HostTruth.plain(hosts)};
            site = new StockSite(kernel, StockSite.hosts(new HostPool(spec, truth), RATE / 1000, true), this::updated,
                    atS -> at(atS, Tags.ENGINE, null));
        }

        @Override
        protected void startInternal() {
            for (double[] machine : machines) {
                at(machine[0], Tags.PHASE, machine);
            }
        }

        @Override
        public void processEvent(SimEvent event) {
            if (event.getTag() == Tags.ENGINE) {
                site.updateDue();
            } else if (event.getTag() == Tags.PHASE) {
                begin((double[]) event.getData());
            }
        }

        private void begin(double[] row) {
            StockMachine machine = new StockMachine(new RunningTask(), number++, RATE, 1, new CloudletSchedulerSpaceShared(),
                    nowS() + row[2], 1, broker);
            site.create(machine, site.host((int) row[1]));
            CloudletSimple cloudlet = new CloudletSimple((long) (RATE * row[2]) - 20, 1);
            cloudlet.setId(number);
            cloudlet.addOnFinishListener(info -> machine.cloudletDone());
            machine.submit(cloudlet);
            site.look(machine);
        }

        private void updated(StockMachine machine) {
            if (machine.isDone()) {
                finishS.add(nowS());
                site.destroy(machine);
            }
        }
    }

    private static Day play(double[]... machines) {
        GreenKernel kernel = new GreenKernel();
        kernel.expectStockEntities();
        Day day = new Day(kernel, machines);
        kernel.drive(() -> false);
        return day;
    }

    /** The stock site would look at all machines on all hosts whenever anything is due anywhere. */
    @Test
    void t9OnlyWhatIsDueIsLookedAt() {
        int n = 300;
        double[][] machines = new double[n][];
        for (int i = 0; i < n; i++) {
            machines[i] = new double[] {i * 0.25, i * 3, 1000 + i * 0.125};
        }
        Day day = play(machines);
        assertEquals(n, day.finishS.size());
        assertEquals(1000, day.finishS.get(0), 0);
        assertEquals((n - 1) * 0.375 + 1000, day.finishS.get(n - 1), 0);
        // when it begins, when it is done, and once or twice shortly before
        assertTrue(day.site.looks() <= 4 * n, day.site.looks() + " looks at " + n + " machines");
    }

    /** Stock brokers, datacenters and hosts remember every machine and cloudlet, in lists that are searched. */
    @Test
    void t13NothingIsKeptOfMachinesThatHaveGone() {
        Day day = play(new double[] {0, 5, 10}, new double[] {1, 5, 20}, new double[] {2, 5, 1}, new double[] {30, 5, 1});
        assertEquals(List.of(3.0, 10.0, 21.0, 31.0), day.finishS);
        assertTrue(day.site.host(5).getVmList().isEmpty());
        assertTrue(day.site.host(5).getVmCreatedList().isEmpty());
        assertEquals(4, day.site.host(5).getFreePesNumber());
        assertTrue(day.broker.getVmExecList().isEmpty() && day.broker.getVmCreatedList().isEmpty());
        assertTrue(day.broker.getCloudletFinishedList().isEmpty() && day.broker.getCloudletSubmittedList().isEmpty());
    }

    /** Stock classes ask for the time as a text at every step, for a log that is off. */
    @Test
    void t11TheTimeAsATextIsCheap() {
        assertEquals("0.0", new GreenKernel().clockStr());
    }
}
