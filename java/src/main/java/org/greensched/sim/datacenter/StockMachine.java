package org.greensched.sim.datacenter;

import java.util.List;
import org.cloudsimplus.cloudlets.Cloudlet;
import org.cloudsimplus.cloudlets.CloudletExecution;
import org.cloudsimplus.schedulers.cloudlet.CloudletScheduler;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerCompletelyFair;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerSpaceShared;
import org.cloudsimplus.vms.Vm;
import org.cloudsimplus.vms.VmSimple;

/** A virtual machine of CloudSim Plus that executes a task. */
final class StockMachine {
    /** CloudSim Plus takes memory in MB. */
    static final double MB_PER_GB = 1000;
    /** Instants that differ by less are one: what is left of a cloudlet by rounding takes no time. */
    private static final double SAME_S = 1e-7;
    private static final double NEAR_END_S = 1e-3;
    /** A cloudlet gets rarely less than this part of its machine's MIPS. */
    private static final double SHARES = 20;
    private static final double US_PER_S = 1e6;

    /** A machine that knows what it is for. */
    private static final class OwnedVm extends VmSimple {
        private StockMachine owner;

        OwnedVm(double rate, long cores) {
            super(rate, cores);
        }
    }

    private final OwnedVm vm;
    private final RunningTask run;
    private final long number;
    private final double endS;
    /** Cloudlets that are not done, those that are still to be submitted too. */
    private int open;
    private int finished;
    private boolean alive = true;
    private double dueS;
    private StockCourse course;

    /**
     * @param number different for every machine of a site
     * @param rate whole instructions per second of one core
     * @param endS when its only cloudlet ought to be done, NaN unknown
     * @param open number of its cloudlets
     */
    StockMachine(
            RunningTask run, long number, double rate, int cores, CloudletScheduler scheduler, double endS, int open,
            StockBroker broker) {
        this.run = run;
        this.number = number;
        this.endS = endS;
        this.open = open;
        vm = new OwnedVm(rate, cores);
        vm.owner = this;
        vm.setId(number);
        vm.setBroker(broker);
        vm.setCloudletScheduler(scheduler); // the constructor with a scheduler loses it (cloudsimplus issue 542)
        vm.setRam((long) (run.memGb * MB_PER_GB)).setBw(1).setSize(1);
    }

    /** The machine that a virtual machine of CloudSim Plus stands for. */
    static StockMachine of(Vm vm) {
        return ((OwnedVm) vm).owner;
    }

    /** Gives it a cloudlet at the present instant, to which it has been brought up. */
    void submit(Cloudlet cloudlet) {
        cloudlet.setBroker(vm.getBroker());
        cloudlet.setVm(vm);
        vm.getCloudletScheduler().cloudletSubmit(cloudlet, 0);
    }

    /** A cloudlet of it is done. */
    void cloudletDone() {
        open--;
        finished++;
    }

    /**
     * Lets its cloudlets work up to {@code nowS}; returns when it is to be looked at again, infinity: not of its own accord.
     * A cloudlet that waits gets the cores of one that is done only at the next look, so there is another at once.
     */
    double update(double nowS) {
        CloudletScheduler scheduler = vm.getCloudletScheduler();
        boolean fair = scheduler instanceof CloudletSchedulerCompletelyFair;
        boolean countsCores = fair || scheduler instanceof CloudletSchedulerSpaceShared;
        int before;
        double delayS;
        do {
            before = finished;
            if (countsCores) {
                countCores(scheduler.getCloudletExecList());
            }
            delayS = vm.updateProcessing(nowS, vm.getHost().getVmScheduler().getAllocatedMips(vm));
        } while (open > 0 && !scheduler.getCloudletWaitingList().isEmpty()
                && (finished > before || scheduler.getCloudletExecList().isEmpty()));
        if (fair) {
            delayS = Math.min(delayS, nextFinishS(scheduler.getCloudletExecList()));
        }
        dueS = delayS == Double.MAX_VALUE || open == 0 ? Double.POSITIVE_INFINITY : instant(nowS + delayS, nowS);
        return dueS;
    }

    /**
     * The completely fair scheduler loses count of the busy cores when a cloudlet is done at the end of its turn, and every
     * scheduler when its machine changes its host: more cloudlets would begin than there are cores, or none ever.
     */
    private void countCores(List<CloudletExecution> running) {
        long busy = 0;
        for (CloudletExecution cloudlet : running) {
            busy += cloudlet.getPesNumber();
        }
        vm.getProcessor().setAllocatedResource(busy);
    }

    /** The completely fair scheduler names the end of a turn only, even if a cloudlet is done before. */
    private static double nextFinishS(List<CloudletExecution> running) {
        double nextS = Double.MAX_VALUE;
        for (CloudletExecution cloudlet : running) {
            nextS = Math.min(nextS, cloudlet.getRemainingCloudletLength() / cloudlet.getLastAllocatedMips());
        }
        return nextS;
    }

    /**
     * The instant that is meant: the known end of the only cloudlet, or a whole microsecond that is as good as reached.
     * Elsewhere a little later: a cloudlet loses up to one instruction a second by rounding, and one that is found unfinished
     * waits for a millisecond.
     */
    private double instant(double timeS, double nowS) {
        if (Math.abs(timeS - endS) < NEAR_END_S && endS > nowS) {
            return endS;
        }
        double wholeS = Math.rint(timeS * US_PER_S) / US_PER_S;
        if (wholeS >= timeS && wholeS - timeS < SAME_S && wholeS > nowS) {
            return wholeS;
        }
        return timeS + Math.max(SHARES * (timeS - nowS + 2) / vm.getMips(), 4 * Math.ulp(timeS));
    }

    /** Cores of its host that it keeps busy. */
    double utilisedCores(double hostRate) {
        return vm.getTotalCpuMipsUtilization() / hostRate;
    }

    /** What a cloudlet on it has done up to now, on each of its cores. */
    double doneUnits(Cloudlet cloudlet, double nowS) {
        for (CloudletExecution running : vm.getCloudletScheduler().getCloudletExecList()) {
            if (running.getCloudlet() == cloudlet) {
                double sinceS = Math.max(0, nowS - running.getLastProcessingTime());
                return Math.min(cloudlet.getLength(),
                        cloudlet.getFinishedLengthSoFar() + sinceS * running.getLastAllocatedMips());
            }
        }
        return cloudlet.getFinishedLengthSoFar();
    }

    /** Has it be a virtual machine with cloudlets of its own. */
    void follow(StockCourse newCourse) {
        course = newCourse;
    }

    /** Its cloudlets; {@code null} where it stands for a task that is no virtual machine. */
    StockCourse course() {
        return course;
    }

    /** Part of its own MIPS that it gets, 1 except on an oversubscribed host. */
    double shareFrac() {
        return vm.getAllocatedMips().mips() / vm.getMips();
    }

    boolean isDone() {
        return open == 0;
    }

    /** Whether it is on a host. */
    boolean isAlive() {
        return alive;
    }

    /** It leaves its host: whatever is due on it is no longer. */
    void forget() {
        alive = false;
    }

    VmSimple vm() {
        return vm;
    }

    RunningTask run() {
        return run;
    }

    long number() {
        return number;
    }

    /** When it is to be looked at again. */
    double dueS() {
        return dueS;
    }
}
