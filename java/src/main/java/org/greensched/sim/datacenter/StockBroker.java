package org.greensched.sim.datacenter;

import org.cloudsimplus.brokers.DatacenterBroker;
import org.cloudsimplus.brokers.DatacenterBrokerSimple;
import org.cloudsimplus.core.events.SimEvent;
import org.cloudsimplus.vms.Vm;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.kernel.StockEntity;

/**
 * The broker that CloudSim Plus's virtual machines and cloudlets must belong to. It takes what they send it and decides
 * nothing: arrivals, deferral and placement are the business of the world's own broker, and an engine puts a machine straight
 * on its host. So it neither maps machines early, nor retries, nor shuts down, nor destroys idle machines, nor keeps lists.
 */
final class StockBroker extends DatacenterBrokerSimple implements StockEntity {
    StockBroker(GreenKernel kernel) {
        super(kernel);
        setShutdownWhenIdle(false);
    }

    @Override
    public void startInternal() {
        // it needs no list of datacenters
    }

    @Override
    public void processEvent(SimEvent event) {
        // cloudlets that return: their listeners told the engine already
    }

    @Override
    public void run(double until) {
        // deliberately nothing: see GreenKernel
    }

    @Override
    public DatacenterBroker requestIdleVmDestruction(Vm vm) {
        return this;
    }

    @Override
    public void requestShutdownWhenIdle() {
        // never
    }
}
