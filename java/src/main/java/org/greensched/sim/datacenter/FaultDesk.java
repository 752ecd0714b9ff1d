package org.greensched.sim.datacenter;

import java.util.Arrays;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;
import org.greensched.sim.runfolder.FaultSchedule;
import org.greensched.sim.runfolder.FaultSchedule.Fault;
import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.RecoveryRules;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.util.IntList;
import org.greensched.sim.workload.TaskBook;

/**
 * What is broken in one datacenter, and what its operator has withdrawn or capped. All may overlap: a host is up again when the
 * last that holds it down is over. A failed host draws its idle power or nothing, as the rules of the run say; in an outage
 * nothing draws power, nor does a withdrawn host that is empty.
 */
public final class FaultDesk {
    private final int dc;
    private final HostPool pool;
    private final Execution execution;
    private final WaitingLanes waiting;
    private final TaskBook book;
    private final FacilityMeter facility;
    private final RecoveryRules rules;
    private final IntPredicate couldHold;
    private final int[] hostFaults;
    /** When the last known fault of each host, or of the datacenter, is over; seconds. */
    private final double[] hostBackS;
    private final int[] withdrawals;
    /** When the last known withdrawal of each host is over; seconds. */
    private final double[] returnS;
    private final CoreCaps caps = new CoreCaps();
    private double powerBackS = Double.NEGATIVE_INFINITY;
    private int outages;
    private int signalFaults;
    private long interruptions;
    private IntConsumer requeued = task -> { };

    FaultDesk(
            int dc, Execution execution, WaitingLanes waiting, TaskBook book, FacilityMeter facility, RecoveryRules rules,
            IntPredicate couldHold) {
        this.dc = dc;
        this.pool = execution.pool();
        this.execution = execution;
        this.waiting = waiting;
        this.book = book;
        this.facility = facility;
        this.rules = rules;
        this.couldHold = couldHold;
        this.hostFaults = new int[pool.hosts()];
        this.hostBackS = new double[pool.hosts()];
        Arrays.fill(hostBackS, Double.NEGATIVE_INFINITY);
        this.withdrawals = new int[pool.hosts()];
        this.returnS = new double[pool.hosts()];
        Arrays.fill(returnS, Double.NEGATIVE_INFINITY);
    }

    /** Who is told of a task that was here and must be placed again. */
    public void onRequeue(IntConsumer listener) {
        this.requeued = listener;
    }

    /** A fault, a withdrawal or a cap begins at {@code nowS}. */
    void begin(Fault fault, double nowS) {
        switch (fault.kind()) {
            case FaultSchedule.WITHDRAWN -> withdraw(fault, nowS);
            case FaultSchedule.CAPPED -> {
                caps.begin(fault);
                pool.capTo(caps.frac());
            }
            default -> beginFailure(fault, nowS);
        }
    }

    private void withdraw(Fault fault, double nowS) {
        for (int host = fault.first(); host < fault.first() + fault.count(); host++) {
            returnS[host] = Math.max(returnS[host], seconds(fault));
            if (withdrawals[host]++ == 0) {
                execution.withdraw(host);
            }
            if (fault.isForGood()) {
                pool.retire(host);
            }
        }
        if (fault.isForGood()) {
            sendAway(task -> !couldHold.test(task), nowS); // they would wait for ever, and others behind them
        }
    }

    /** Of a time that never comes: infinity. */
    private static double seconds(Fault fault) {
        return fault.isForGood() ? Double.POSITIVE_INFINITY : fault.endUs() / 1e6;
    }

    /** Some of those who wait here are to be placed again. */
    private void sendAway(IntPredicate which, double nowS) {
        IntList waiters = waiting.all();
        for (int i = 0; i < waiters.size(); i++) {
            int task = waiters.get(i);
            if (which.test(task)) {
                book.revise(task);
                waiting.forget(task);
                requeue(task, nowS);
            }
        }
    }

    private void beginFailure(Fault fault, double nowS) {
        IntList lost = new IntList();
        takeDown(fault, nowS, lost);
        int[] inOrder = lost.toArray();
        Arrays.sort(inOrder); // as they arrived, not as they happen to stand on the hosts
        for (int task : inOrder) {
            interrupted(task, nowS);
        }
        if (isOut()) {
            sendAway(task -> true, nowS);
        }
    }

    private void takeDown(Fault fault, double nowS, IntList lost) {
        double endS = seconds(fault);
        switch (fault.kind()) {
            case FaultSchedule.HOST -> {
                for (int host = fault.first(); host < fault.first() + fault.count(); host++) {
                    hostFaults[host]++;
                    hostBackS[host] = Math.max(hostBackS[host], endS);
                    takeDown(host, downW(host), lost);
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

    /** What a host draws that is down, but not for want of power. */
    private double downW(int host) {
        return rules.failedDrawsIdle() && !pool.isWithdrawn(host) ? pool.group(host).spec.idleW() : 0;
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
            case FaultSchedule.WITHDRAWN -> {
                for (int host = fault.first(); host < fault.first() + fault.count(); host++) {
                    if (--withdrawals[host] == 0) {
                        giveBack(host, nowS);
                    }
                }
            }
            case FaultSchedule.CAPPED -> {
                caps.end(fault);
                pool.capTo(caps.frac());
            }
            default -> signalFaults--;
        }
    }

    private void giveBack(int host, double nowS) {
        pool.setWithdrawn(host, false);
        bringUp(host);
        if (pool.isDown(host) && outages == 0) {
            execution.power().setDownPower(host, nowS, downW(host)); // it has failed meanwhile
        }
    }

    private void returnAllPower(double nowS) {
        for (int host = 0; host < pool.hosts(); host++) {
            bringUp(host);
            if (pool.isDown(host) && downW(host) > 0) {
                execution.power().setDownPower(host, nowS, downW(host));
            }
        }
    }

    private void bringUp(int host) {
        if (hostFaults[host] == 0 && outages == 0 && pool.isDown(host) && !pool.isWithdrawn(host)) {
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
        double brokenS = Math.max(hostFaults[host] > 0 ? hostBackS[host] : 0, outages > 0 ? powerBackS : 0);
        return Math.max(brokenS, pool.isWithdrawn(host) ? returnS[host] : 0);
    }

    /** When a host that is withdrawn takes tasks again as far as is known, unless it is broken; seconds, infinite if never. */
    double returnS(int host) {
        return returnS[host];
    }

    /** The caps that hold now. */
    CoreCaps caps() {
        return caps;
    }
}
