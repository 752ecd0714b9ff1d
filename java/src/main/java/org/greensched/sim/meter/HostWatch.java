package org.greensched.sim.meter;

import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import org.cloudsimplus.core.CloudSimTag;
import org.cloudsimplus.hosts.Host;
import org.greensched.sim.datacenter.Clock;
import org.greensched.sim.datacenter.FacilityMeter;
import org.greensched.sim.datacenter.HostMeters;

/** One host of a stock datacenter on the meter: its power and load since the last event, and who is charged for it. */
final class HostWatch {
    private final Host host;
    private final DoubleUnaryOperator powerW;
    private final FacilityMeter facility;
    private final HostMeters meters;
    private final Function<Object, Consumer> consumers;
    private final double[] settledClock = new double[Clock.COUNT];
    private double settledS;
    private double watts;
    private double idleW;
    private Load load = Load.NONE;
    private int workingPes = -1;
    private double capacityMips;

    /** @param powerW power of the host when it is on, by its CPU utilisation */
    HostWatch(Host host, DoubleUnaryOperator powerW, FacilityMeter facility, Function<Object, Consumer> consumers) {
        this.host = host;
        this.powerW = powerW;
        this.facility = facility;
        this.consumers = consumers;
        this.meters = new HostMeters(facility, 1);
    }

    Host host() {
        return host;
    }

    /** Reads what held since {@code sinceS}, up to which everything is integrated. */
    void update(double sinceS, boolean active) {
        if (!active) {
            hold(sinceS, bootW(), bootW(), Load.NONE);
            return;
        }
        Load now = Load.of(host, sinceS, consumers);
        double idle = shutdownW() > 0 ? shutdownW() : powerW.applyAsDouble(0);
        double dynamic = now.mips() > 0 && capacityMips() > 0
                ? powerW.applyAsDouble(Math.min(1, now.mips() / capacityMips())) - powerW.applyAsDouble(0) : 0;
        hold(sinceS, idle + dynamic, idle, now);
    }

    /** Counted again only when cores have failed or come back: the host counts core by core each time it is asked. */
    private double capacityMips() {
        if (host.getWorkingPesNumber() != workingPes) {
            workingPes = host.getWorkingPesNumber();
            capacityMips = host.getTotalMipsCapacity();
        }
        return capacityMips;
    }

    /** The host left the datacenter. */
    void remove(double sinceS) {
        hold(sinceS, 0, 0, Load.NONE);
    }

    private void hold(double sinceS, double newWatts, double newIdleW, Load newLoad) {
        if (newWatts == watts && newIdleW == idleW && newLoad.equals(load)) {
            return;
        }
        settle(sinceS);
        facility.shift(newWatts - watts, (newWatts - newIdleW) - (watts - idleW), newIdleW - idleW, 0);
        watts = newWatts;
        idleW = newIdleW;
        load = newLoad;
        if (load.shares().isEmpty()) {
            meters.rebase(0);
        }
        meters.set(0, watts, idleW, load.mips() > 0 ? (watts - idleW) / load.mips() : 0);
    }

    /** Charges everybody up to {@code nowS}, the facility's last advance. */
    void settle(double nowS) {
        meters.touch(0);
        double[] clock = new double[Clock.COUNT];
        for (int c = 0; c < Clock.COUNT; c++) {
            clock[c] = meters.reading(0, c) - settledClock[c];
            settledClock[c] = meters.reading(0, c);
        }
        for (Load.Share share : load.shares()) {
            share.vm().charge(share.mips(), clock, facility, settledS, nowS);
            if (share.cloudlet() != null) {
                share.cloudlet().charge(share.mips(), clock, facility, settledS, nowS);
            }
        }
        settledS = nowS;
    }

    /** What the host draws while it boots: the start-up power of its power model, if it has one. */
    private double bootW() {
        double startupW = host.getPowerModel().getStartupPower();
        return startupW > 0 && isDue(CloudSimTag.HOST_POWER_ON) ? startupW : 0;
    }

    /** The same for a host that shuts down, in place of its idle power. */
    private double shutdownW() {
        double downW = host.getPowerModel().getShutDownPower();
        return downW > 0 && isDue(CloudSimTag.HOST_POWER_OFF) ? downW : 0;
    }

    private boolean isDue(int tag) {
        return host.getSimulation().isThereAnyFutureEvt(event -> event.getTag() == tag && event.getData() == host);
    }

    HostMeters meters() {
        return meters;
    }
}
