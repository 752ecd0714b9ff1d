package org.greensched.sim.broker;

import java.io.IOException;
import java.util.List;
import org.greensched.sim.datacenter.GreenDatacenter;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.runfolder.DecisionLog;
import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.workload.TaskBook;

/** Carries out decisions after checking each against the present state, and logs every one with what became of it. */
final class Executor {
    static final int ACCEPTED = 0;
    static final int UNSUPPORTED = 1;
    static final int UNKNOWN_TASK = 2;
    static final int NOT_ASKED = 3;
    static final int UNKNOWN_DATACENTER = 4;
    static final int NEVER_FITS = 5;
    static final int UNTIL_IN_PAST = 6;
    static final int DUPLICATE = 7;
    static final int UNAVAILABLE = 8;

    /** Rows of one answer that decision ids can tell apart. */
    static final int MAX_ROWS = 1 << 24;

    /** Where deferred tasks wait. */
    interface DeferralDesk {
        /** {@code task} is to be asked about again at {@code untilUs}. */
        void defer(int task, long untilUs);
    }

    private final RunConfig config;
    private final TaskBook book;
    private final List<GreenDatacenter> datacenters;
    private final DecisionLog log;
    private final DeferralDesk deferrals;
    /** Answer in which each task was last decided, to find duplicates. */
    private final long[] decidedIn;
    private long decisions;

    Executor(RunConfig config, TaskBook book, List<GreenDatacenter> datacenters, DecisionLog log, DeferralDesk deferrals) {
        this.config = config;
        this.book = book;
        this.datacenters = datacenters;
        this.log = log;
        this.deferrals = deferrals;
        this.decidedIn = new long[book.tasks().size()];
    }

    /** Receives decisions that were not carried out. */
    interface RefusalSink {
        /** The decision about {@code task} was refused for {@code code}. */
        void refuse(long decision, long task, int code);
    }

    /**
     * Carries out an answer, row by row in its order.
     *
     * @param source {@link JobLedger#SOURCE_MIND} or {@link JobLedger#SOURCE_FALLBACK}
     */
    void carryOut(Decisions answer, long seq, long tUs, double nowS, int source, RefusalSink refusals) throws IOException {
        if (answer.size() >= MAX_ROWS) {
            throw new IllegalStateException("an answer of " + answer.size() + " rows; at most " + MAX_ROWS + " can be numbered");
        }
        for (int r = 0; r < answer.size(); r++) {
            long decision = seq * MAX_ROWS + r;
            int code = check(answer, r, seq, tUs);
            log.add(decision, tUs, seq, answer, r, source, code);
            decisions++;
            if (code == ACCEPTED) {
                execute((int) answer.task()[r], answer, r, decision, nowS, source);
            } else {
                refusals.refuse(decision, answer.task()[r], code);
            }
        }
    }

    private int check(Decisions answer, int r, long seq, long tUs) {
        long id = answer.task()[r];
        if (id < 0 || id >= book.tasks().size()) {
            return UNKNOWN_TASK;
        }
        int task = (int) id;
        int state = book.state(task);
        if (state == TaskState.ABSENT || state == TaskState.WAITING) {
            return UNKNOWN_TASK;
        }
        if (decidedIn[task] == seq) {
            return DUPLICATE;
        }
        decidedIn[task] = seq;
        int action = answer.action()[r];
        boolean known = action == Decisions.PLACE || action == Decisions.DEFER || action == Decisions.REJECT;
        if (!known || action == Decisions.PLACE && answer.scale()[r] != 1 && !Double.isNaN(answer.scale()[r])) {
            return UNSUPPORTED;
        }
        if (state != TaskState.PENDING && state != TaskState.DEFERRED && state != TaskState.QUEUED) {
            return NOT_ASKED;
        }
        return switch (action) {
            case Decisions.PLACE -> checkPlace(task, answer.dc()[r]);
            case Decisions.DEFER -> answer.untilUs()[r] > tUs ? ACCEPTED : UNTIL_IN_PAST;
            default -> ACCEPTED;
        };
    }

    private int checkPlace(int task, int dc) {
        if (dc < 0 || dc >= datacenters.size()) {
            return UNKNOWN_DATACENTER;
        }
        if (!datacenters.get(dc).couldHold(task)) {
            return NEVER_FITS;
        }
        return datacenters.get(dc).faults().isOut() ? UNAVAILABLE : ACCEPTED;
    }

    private void execute(int task, Decisions answer, int r, long decision, double nowS, int source) {
        int state = book.state(task);
        int dc = answer.action()[r] == Decisions.PLACE ? answer.dc()[r] : -1;
        JobLedger ledger = book.ledger();
        if (state == TaskState.QUEUED) {
            if (ledger.dc.get(task) == dc) {
                return; // it keeps its place in the queue
            }
            datacenters.get(ledger.dc.get(task)).withdraw(task);
        } else {
            book.revise(task);
        }
        ledger.decision.set(task, decision);
        ledger.source.set(task, source);
        ledger.dc.set(task, dc);
        ledger.queuedS.set(task, Double.NaN);
        ledger.placedS.set(task, dc >= 0 ? nowS : Double.NaN);
        switch (answer.action()[r]) {
            case Decisions.PLACE -> place(task, dc);
            case Decisions.DEFER -> {
                book.change(task, TaskState.DEFERRED, nowS, -1);
                deferrals.defer(task, answer.untilUs()[r]);
            }
            default -> {
                ledger.reason.set(task, JobLedger.REASON_POLICY);
                book.change(task, TaskState.REJECTED, nowS, -1);
            }
        }
    }

    private void place(int task, int dc) {
        TaskStore tasks = book.tasks();
        int origin = tasks.origin(task);
        double dataGb = tasks.dataGb(task);
        int home = config.home()[origin];
        double kwh = home == dc ? 0 : dataGb * config.kwhPerGb();
        datacenters.get(dc).accept(task, config.transferS(origin, dc, dataGb), kwh,
                datacenters.get(home).facility().grid().carbon());
    }

    /** Decisions seen so far, refused ones included. */
    long decisions() {
        return decisions;
    }
}
