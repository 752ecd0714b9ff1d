package org.greensched.sim.meter;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import org.cloudsimplus.cloudlets.Cloudlet;
import org.cloudsimplus.core.Simulation;
import org.cloudsimplus.datacenters.Datacenter;
import org.cloudsimplus.hosts.Host;
import org.cloudsimplus.vms.Vm;
import org.greensched.sim.carbon.CommonGrid;
import org.greensched.sim.carbon.SignalRangeException;
import org.greensched.sim.datacenter.Clock;
import org.greensched.sim.datacenter.FacilityMeter;
import org.greensched.sim.datacenter.MeterTotals;

/**
 * Energy, carbon and cost of a datacenter of a plain CloudSim Plus simulation. It integrates exactly: power is
 * constant between two events of the simulation, and signals are constant on their steps. It sends no event of its
 * own, so that the simulation runs and ends as it would without it. What it shows is as exact as the times at which
 * CloudSim Plus notices that a cloudlet has ended, which {@code minTimeBetweenEvents} governs.
 *
 * <p>It reads the load at every event: a utilisation model that draws a number each time it is asked (stochastic ones)
 * draws more of them, and one that changes with time holds, as for CloudSim Plus's own progress, its value at the end
 * of a stretch.
 *
 * <p>VMs and cloudlets are charged their dynamic energy: their share, by MIPS, of the host's power above idle, times
 * PUE. All else (idle power, start-up, fixed overhead of the facility) is {@link #idleKwh}. The parts add up to
 * {@link #total}.
 *
 * <p>Readings may be taken at any time during the simulation and after it. They hold from its start until now.
 */
public final class CarbonMeter {
    private final Datacenter datacenter;
    private final Simulation simulation;
    private final CommonGrid signals;
    private final Function<Host, DoubleUnaryOperator> power;
    private final FacilityMeter facility;
    /** By identity: the ids of VMs and cloudlets, and so equals, change when they are submitted. */
    private final Map<Object, Consumer> consumers = new IdentityHashMap<>();
    private final Map<Host, HostWatch> watchOf = new IdentityHashMap<>();
    /** Those of removed hosts, too, in an order that is the same in every run. */
    private final List<HostWatch> all = new ArrayList<>();
    private List<HostWatch> watches = List.of();
    private double lastS;
    private double closedS;

    CarbonMeter(
            Datacenter datacenter, CommonGrid signals, FacilityMeter facility,
            Function<Host, DoubleUnaryOperator> power) {
        this.datacenter = datacenter;
        this.simulation = datacenter.getSimulation();
        this.signals = signals;
        this.facility = facility;
        this.power = power;
        if (simulation.isRunning() || simulation.clock() > 0) {
            throw new IllegalStateException(datacenter + ": attach the meter before simulation.start(), now it is "
                    + simulation.clock() + " s");
        }
        watchHosts();
        simulation.addOnEventProcessingListener(event -> advance(null, false));
    }

    /** Follows hosts that come and go. */
    private void watchHosts() {
        List<Host> hosts = datacenter.getHostList();
        if (isWatched(hosts)) {
            return;
        }
        List<HostWatch> now = new ArrayList<>();
        for (Host host : hosts) {
            now.add(watchOf.computeIfAbsent(host, this::watch));
        }
        for (HostWatch watch : watches) {
            if (!now.contains(watch)) {
                watch.remove(lastS);
            }
        }
        watches = now;
    }

    private boolean isWatched(List<Host> hosts) {
        boolean same = hosts.size() == watches.size();
        for (int h = 0; same && h < hosts.size(); h++) {
            same = hosts.get(h) == watches.get(h).host();
        }
        return same;
    }

    private HostWatch watch(Host host) {
        // one that user code switches between two events has changed already when the next event is read
        host.addOnStartupListener(event -> advance(host, false));
        host.addOnShutdownListener(event -> advance(host, true));
        HostWatch watch = new HostWatch(
                host, power.apply(host), facility, key -> consumers.computeIfAbsent(key, k -> new Consumer()));
        all.add(watch);
        return watch;
    }

    /** Integrates up to now, before the events of this instant; {@code switched} was {@code active} until now. */
    private void advance(Host switched, boolean active) {
        double nowS = simulation.clock();
        if (nowS <= lastS) {
            return;
        }
        if (nowS > signals.endS()) {
            throw new SignalRangeException(datacenter + ": " + signals.first() + " ends at " + signals.endS()
                    + " s, the simulation is at " + nowS + " s; give the meter values for all of the simulation");
        }
        watchHosts();
        for (HostWatch watch : watches) {
            watch.update(lastS, watch.host() == switched ? active : watch.host().isActive());
        }
        facility.advance(nowS);
        lastS = nowS;
    }

    private void bringUpToDate() {
        advance(null, false);
        if (lastS > closedS) {
            facility.closeSlot(closedS, lastS);
            closedS = lastS;
            all.forEach(watch -> watch.settle(lastS));
        }
    }

    private double known(int clock, double value) {
        return lastS > 0 && facility.isMissing(clock, 0, lastS) ? Double.NaN : value;
    }

    /**
     * The whole datacenter.
     *
     * @throws SignalRangeException the simulation went on after the end of the signals
     */
    public MeterReading total() {
        bringUpToDate();
        MeterTotals run = facility.run();
        return new MeterReading(
                run.itKwh(), known(Clock.FACILITY, run.facilityKwh()), known(Clock.CARBON, run.carbonG()),
                known(Clock.COST, run.cost()));
    }

    /**
     * One host with its idle power; without the fixed overhead of the facility in times in which no host draws any
     * power ({@link #fixedOverheadKwh}).
     *
     * @throws IllegalArgumentException not a host of this datacenter
     */
    public MeterReading of(Host host) {
        bringUpToDate();
        HostWatch watch = watchOf.get(host);
        if (watch == null) {
            throw new IllegalArgumentException(host + " is not of " + datacenter + ", to which this meter is attached");
        }
        var meters = watch.meters();
        return new MeterReading(
                meters.itKwh(0), known(Clock.FACILITY, meters.facilityKwh(0)), known(Clock.CARBON, meters.carbonG(0)),
                known(Clock.COST, meters.cost(0)));
    }

    /** Dynamic energy of a VM in this datacenter, its boot included; 0 if it never ran here. */
    public MeterReading of(Vm vm) {
        return consumer(vm);
    }

    /** Dynamic energy of a cloudlet in this datacenter; 0 if it never ran here. */
    public MeterReading of(Cloudlet cloudlet) {
        return consumer(cloudlet);
    }

    private MeterReading consumer(Object key) {
        bringUpToDate();
        return consumers.getOrDefault(key, new Consumer()).reading();
    }

    /** Carbon of the facility at marginal intensity, g CO2eq; NaN where that is not known throughout. */
    public double marginalG() {
        bringUpToDate();
        return facility.run().marginalG();
    }

    /** Facility energy that no VM is charged, kWh. */
    public double idleKwh() {
        bringUpToDate();
        return known(Clock.FACILITY, facility.run().idleKwh());
    }

    /** Carbon of {@link #idleKwh}, g CO2eq. */
    public double idleG() {
        bringUpToDate();
        return known(Clock.CARBON, facility.run().idleG());
    }

    /** Facility energy while no host drew any power, kWh: part of {@link #idleKwh}; only with a load-dependent PUE. */
    public double fixedOverheadKwh() {
        bringUpToDate();
        return known(Clock.FACILITY, facility.run().fixedOverheadKwh());
    }

    /** What this meter is attached to. */
    public Datacenter datacenter() {
        return datacenter;
    }
}
