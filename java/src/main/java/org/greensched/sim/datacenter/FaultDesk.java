package org.greensched.sim.datacenter;

import java.util.Arrays;
import java.util.function.IntConsumer;
import org.greensched.sim.runfolder.FaultSchedule;
import org.greensched.sim.runfolder.FaultSchedule.Fault;
import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.RecoveryRules;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.util.IntList;
import org.greensched.sim.workload.TaskBook;

/**
 * What is broken in one datacenter. Faults may overlap: a host is up again when the last fault that holds it down is over.
 * A failed host draws its idle power or nothing, as the rules of the run say; in an outage nothing draws power.
 */
public final class FaultDesk {
    private final int dc;
    private final HostPool pool;
    private final Execution execution;
    private final WaitingLanes waiting;
    private final TaskBook book;
    private final FacilityMeter facility;
    private final RecoveryRules rules;
    private final int[] hostFaults;
    /** When the last known fault of each host, or of the datacenter, is over; seconds. */
    private final double[] hostBackS;
    private double powerBackS = Double.NEGATIVE_INFINITY;
    private int outages;
    private int signalFaults;
    private long interruptions;
    private IntConsumer requeued = task -> { };

    FaultDesk(
            int dc, Execution execution, WaitingLanes waiting, TaskBook book, FacilityMeter facility, RecoveryRules rules) {
        this.dc = dc;
        this.pool = execution.pool();
        this.execution = execution;
        this.waiting = waiting;
        this.book = book;
        this.facility = facility;
        this.rules = rules;
        this.hostFaults = new int[pool.hosts()];
        this.hostBackS = new double[pool.hosts()];
        Arrays.fill(hostBackS, Double.NEGATIVE_INFINITY);
    }

    /** Who is told of a task that was here and must be placed again. */
    public void onRequeue(IntConsumer listener) {
        this.requeued = listener;
    }

    /** A fault begins at {@code nowS}. */
    void begin(Fault fault, double nowS) {
        IntList lost = new IntList();
        takeDown(fault, nowS, lost);
        int[] inOrder = lost.toArray();
        Arrays.sort(inOrder); // as they arrived, not as they happen to stand on the hosts
        for (int task : inOrder) {
            interrupted(task, nowS);
        }
        IntList waiters = isOut() ? waiting.all() : new IntList();
        for (int i = 0; i < waiters.size(); i++) {
            book.revise(waiters.get(i));
            waiting.forget(waiters.get(i));
            requeue(waiters.get(i), nowS);
        }
    }

    private void takeDown(Fault fault, double nowS, IntList lost) {
        double endS = fault.endUs() / 1e6;
        switch (fault.kind()) {
            case FaultSchedule.HOST -> {
                for (int host = fault.first(); host < fault.first() + fault.count(); host++) {
                    hostFaults[host]++;
                    hostBackS[host] = Math.max(hostBackS[host], endS);
                    takeDown(host, rules.failedDrawsIdle() ? pool.group(host).spec.idleW() : 0, lost);
                }
            }
            case FaultSchedule.DATACENTER -> {
                powerBackS = Math.max(powerBackS, endS);
                if (outages++ == 0) {
                    loseAllPower(nowS, lost);
                }
            }
            default -> signalFaults++;
        }
    }

    private void takeDown(int host, double watts, IntList lost) {
        if (!pool.isDown(host)) {
            execution.interruptAll(host, lost);
            execution.takeDown(host, watts);
        }
    }

    private void loseAllPower(double nowS, IntList lost) {
        for (int host = 0; host < pool.hosts(); host++) {
            if (pool.isDown(host)) {
                execution.power().setDownPower(host, nowS, 0);
            } else {
                takeDown(host, 0, lost);
            }
        }
        facility.setWithoutPower(true, nowS);
    }

    private void interrupted(int task, double nowS) {
        interruptions++;
        if (rules.mayRetry(book.ledger().attempts.get(task))) {
            requeue(task, nowS);
        } else {
            book.ledger().finishS.set(task, nowS);
            book.ledger().reason.set(task, JobLedger.REASON_INTERRUPTED);
            book.change(task, TaskState.FAILED, nowS, dc);
        }
    }

    /** A task that was here is to be placed again. */
    void requeue(int task, double nowS) {
        book.change(task, TaskState.PENDING, nowS, -1);
        requeued.accept(task);
    }

    /** A fault is over at {@code nowS}; what still has another one stays down. */
    void end(Fault fault, double nowS) {
        switch (fault.kind()) {
            case FaultSchedule.HOST -> {
                for (int host = fault.first(); host < fault.first() + fault.count(); host++) {
                    hostFaults[host]--;
                    bringUp(host);
                }
            }
            case FaultSchedule.DATACENTER -> {
                if (--outages == 0) {
                    facility.setWithoutPower(false, nowS);
                    returnAllPower(nowS);
                }
            }
            default -> signalFaults--;
        }
    }

    private void returnAllPower(double nowS) {
        for (int host = 0; host < pool.hosts(); host++) {
            bringUp(host);
            if (pool.isDown(host) && rules.failedDrawsIdle()) {
                execution.power().setDownPower(host, nowS, pool.group(host).spec.idleW());
            }
        }
    }

    private void bringUp(int host) {
        if (hostFaults[host] == 0 && outages == 0 && pool.isDown(host)) {
            execution.bringUp(host);
        }
    }

    /** Times that a task was interrupted here. */
    public long interruptions() {
        return interruptions;
    }

    /** Whether the whole datacenter is without power: nothing can be placed here. */
    public boolean isOut() {
        return outages > 0;
    }

    /** Whether nobody can see its grid. */
    boolean isBlind() {
        return signalFaults > 0;
    }

    /** When a host that is down will be up again as far as is known, seconds; infinite if never. */
    double backS(int host) {
        double endS = Math.max(hostFaults[host] > 0 ? hostBackS[host] : 0, outages > 0 ? powerBackS : 0);
        return endS >= Long.MAX_VALUE / 1e6 ? Double.POSITIVE_INFINITY : endS;
    }
}
