package org.greensched.sim.datacenter;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import org.cloudsimplus.allocationpolicies.VmAllocationPolicyFirstFit;
import org.cloudsimplus.core.CloudSimTag;
import org.cloudsimplus.core.events.SimEvent;
import org.cloudsimplus.datacenters.DatacenterSimple;
import org.cloudsimplus.hosts.Host;
import org.cloudsimplus.hosts.HostSuitability;
import org.cloudsimplus.schedulers.vm.VmScheduler;
import org.cloudsimplus.schedulers.vm.VmSchedulerSpaceShared;
import org.cloudsimplus.vms.Vm;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.kernel.StockEntity;
import org.greensched.sim.runfolder.HostSpec;

/**
 * A datacenter of CloudSim Plus that looks at a machine only when something is due on it. The stock class walks all hosts and
 * all their machines at each update, drops an update that comes soon after another and rounds the next one up.
 */
final class StockSite extends DatacenterSimple implements StockEntity {
    /** Told when a machine was looked at. */
    interface MachineListener {
        /** What the machine uses may have changed; it may be done. */
        void updated(StockMachine machine);
    }

    /** Asks for a call of {@link #updateDue} at exactly {@code timeS}. */
    interface Alarm {
        void at(double timeS);
    }

    private record Due(double timeS, long order, StockMachine machine) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            int byTime = Double.compare(timeS, other.timeS);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    private final MachineListener listener;
    private final Alarm alarm;
    private final PriorityQueue<Due> queue = new PriorityQueue<>();
    private double nextAlarmS = Double.POSITIVE_INFINITY;
    private long looks;

    StockSite(GreenKernel kernel, List<StockHost> hosts, MachineListener listener, Alarm alarm) {
        super(kernel, hosts, new VmAllocationPolicyFirstFit());
        this.listener = listener;
        this.alarm = alarm;
        disableMigrations();
    }

    /**
     * The hosts of a pool.
     *
     * @param rate instructions per second, in the site's unit, for one MIPS
     * @param wholeCores every task asks for whole cores; shares of a core need hosts that share cores
     */
    static List<StockHost> hosts(HostPool pool, double rate, boolean wholeCores) {
        List<StockHost> hosts = new ArrayList<>(pool.hosts());
        for (int h = 0; h < pool.hosts(); h++) {
            HostSpec spec = pool.group(h).spec;
            hosts.add(new StockHost(spec, spec.mips() * rate, scheduler(spec, rate, wholeCores)));
        }
        return hosts;
    }

    private static VmScheduler scheduler(HostSpec spec, double rate, boolean wholeCores) {
        return switch (spec.vmSharing()) {
            case SPACE -> wholeCores ? new VmSchedulerSpaceShared() : new PooledVmScheduler();
            case TIME -> new PooledVmScheduler();
            case OVERSUBSCRIBE -> new OversubscribedVmScheduler(spec.cores() * spec.mips() * rate);
        };
    }

    @Override
    protected void startInternal() {
        // the hosts are up, and no broker looks for this datacenter in the directory
    }

    @Override
    public void run(double until) {
        // deliberately nothing: see GreenKernel
    }

    @Override
    public void processEvent(SimEvent event) {
        if (event.getTag() == CloudSimTag.VM_UPDATE_CLOUDLET_PROCESSING) {
            updateDue();
        } else {
            super.processEvent(event);
        }
    }

    /** A machine begins to move: the host keeps a tenth of its MIPS for that. */
    void leave(StockMachine machine) {
        machine.vm().getHost().addVmMigratingOut(machine.vm());
    }

    /** A machine moves no longer. */
    void stay(StockMachine machine) {
        machine.vm().getHost().removeVmMigratingOut(machine.vm());
    }

    /** Takes a machine that has been looked at from its host to another, with all that is on it. */
    void move(StockMachine machine, StockHost host) {
        stay(machine);
        remove(machine);
        create(machine, host);
        look(machine);
    }

    /** Puts a machine on a host, at once. */
    void create(StockMachine machine, StockHost host) {
        settleNeighbours(host);
        HostSuitability suitability = getVmAllocationPolicy().allocateHostForVm(machine.vm(), host);
        if (!suitability.fully()) {
            throw new IllegalStateException("task " + machine.run().task + ": " + host + " refused its machine: " + suitability);
        }
        machine.countCores();
        settleNeighbours(host);
    }

    /** Takes a machine off its host, at once. */
    void destroy(StockMachine machine) {
        machine.forget();
        remove(machine);
    }

    private void remove(StockMachine machine) {
        StockHost host = (StockHost) machine.vm().getHost();
        host.removeVmMigratingOut(machine.vm()); // the host would remember it
        settleNeighbours(host);
        getVmAllocationPolicy().deallocateHostForVm(machine.vm());
        settleNeighbours(host);
    }

    /** Before and after shares change the machines on an oversubscribed host are brought up to now. */
    private void settleNeighbours(StockHost host) {
        if (host.isOversubscribed()) {
            for (Vm vm : new ArrayList<Vm>(host.getVmList())) {
                StockMachine machine = StockMachine.of(vm);
                if (machine.isAlive()) {
                    look(machine);
                }
            }
        }
    }

    /** Brings a machine up to now and notes when it is to be looked at again. */
    void look(StockMachine machine) {
        looks++;
        double dueS = machine.update(getSimulation().clock());
        listener.updated(machine);
        if (machine.isAlive() && dueS != Double.POSITIVE_INFINITY) {
            queue.add(new Due(dueS, machine.number(), machine));
            setAlarm();
        }
    }

    private void setAlarm() {
        double headS = queue.isEmpty() ? Double.POSITIVE_INFINITY : queue.peek().timeS;
        if (headS < nextAlarmS) {
            nextAlarmS = headS;
            alarm.at(headS);
        }
    }

    /** Looks at every machine on which something is due. */
    void updateDue() {
        double nowS = getSimulation().clock();
        nextAlarmS = nextAlarmS <= nowS ? Double.POSITIVE_INFINITY : nextAlarmS;
        while (!queue.isEmpty() && queue.peek().timeS <= nowS) {
            Due due = queue.poll();
            if (due.machine.isAlive() && due.machine.dueS() == due.timeS) {
                look(due.machine);
            }
        }
        setAlarm();
    }

    /** The stock class would walk all hosts here. */
    @Override
    protected double updateHostsProcessing() {
        updateDue();
        return Double.MAX_VALUE;
    }

    /** How often a machine was looked at so far. */
    long looks() {
        return looks;
    }

    /** The host with a number. */
    StockHost host(int index) {
        Host host = getHostList().get(index);
        return (StockHost) host;
    }
}
