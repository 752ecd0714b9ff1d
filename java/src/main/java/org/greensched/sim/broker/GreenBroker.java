package org.greensched.sim.broker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.cloudsimplus.core.events.SimEvent;
import org.greensched.sim.datacenter.GreenDatacenter;
import org.greensched.sim.kernel.GreenEntity;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.kernel.Tags;
import org.greensched.sim.placement.DeciderException;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.LocalFallback;
import org.greensched.sim.placement.PlacementDecider;
import org.greensched.sim.placement.TruthService;
import org.greensched.sim.runfolder.Advisories;
import org.greensched.sim.runfolder.DecisionLog;
import org.greensched.sim.runfolder.Forecasts;
import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.util.IntList;
import org.greensched.sim.util.LongList;
import org.greensched.sim.workload.TaskBook;

/**
 * Lets tasks arrive, asks the decider at every slot boundary (or, in immediate mode, at every arrival), carries its answers
 * out and ends the run: when the drain is over or, unless the end is fixed, at the first slot boundary from the horizon on at
 * which no task is left.
 */
public final class GreenBroker extends GreenEntity {
    /** Slots after which reports are delivered even if nothing is to be decided. */
    private static final int REPORT_SLOTS = 12;

    /** Told at the end of every slot, before anything is decided. */
    public interface SlotListener {
        /** The slot [startUs, endUs) is over. */
        void slotEnded(long startUs, long endUs) throws IOException;
    }

    private final RunConfig config;
    private final TaskBook book;
    private final TaskStore tasks;
    private final Dialogue dialogue;
    private final Executor executor;
    private final LocalFallback fallback;
    private final Intake intake;
    private final Deferrals deferrals;
    private final SlotListener slotListener;
    /** Tasks that became pending in immediate mode without arriving; asked about at once. */
    private final IntList ready = new IntList();
    private final int arriving;
    private int nextArrival;
    private long slotStartUs;
    private long lastConsultedUs;
    private boolean ended;

    /** A broker of a run; tasks that arrive at or after the horizon do not exist for it. */
    public GreenBroker(
            GreenKernel kernel, RunConfig config, TaskBook book, List<GreenDatacenter> datacenters, Forecasts forecasts,
            Advisories advisories, PlacementDecider decider, DecisionLog log, SlotListener slotListener) {
        super(kernel);
        this.config = config;
        this.book = book;
        this.tasks = book.tasks();
        this.dialogue = new Dialogue(decider, book, datacenters, forecasts, advisories);
        this.deferrals = new Deferrals(book);
        this.executor = new Executor(config, book, datacenters, log, this::defer);
        this.fallback = new LocalFallback(datacenters);
        this.intake = new Intake(book, datacenters, dialogue, this::released);
        this.slotListener = slotListener;
        this.arriving = countArriving();
        book.listener(intake);
        datacenters.forEach(datacenter -> datacenter.faults().onRequeue(this::released));
    }

    private int countArriving() {
        int low = 0;
        int high = tasks.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (tasks.arrivalUs(middle) < config.horizonUs()) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Introduces the decider to the run; a failure is handled as in any later question. */
    public void startDecider(TruthService truth) {
        try {
            dialogue.start(truth);
        } catch (DeciderException e) {
            failed(e);
        }
    }

    @Override
    protected void startInternal() {
        scheduleArrival();
        at(0, Tags.SLOT, null);
    }

    @Override
    public void processEvent(SimEvent event) {
        if (ended) {
            return;
        }
        try {
            switch (event.getTag()) {
                case Tags.ARRIVAL -> arrivals();
                case Tags.READY -> askReady();
                case Tags.SLOT -> slot();
                default -> { } // the kernel also announces its own start and end
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the records of the run", e);
        }
    }

    private static double seconds(long us) {
        return us / 1e6;
    }

    private long nowUs() {
        return Math.round(nowS() * 1e6);
    }

    /** One arrival event is in the queue at a time, however many tasks there are. */
    private void scheduleArrival() {
        if (nextArrival < arriving) {
            at(seconds(tasks.arrivalUs(nextArrival)), Tags.ARRIVAL, null);
        }
    }

    private void arrivals() throws IOException {
        long nowUs = tasks.arrivalUs(nextArrival);
        while (nextArrival < arriving && tasks.arrivalUs(nextArrival) == nowUs) {
            int task = nextArrival++;
            intake.arrive(task, nowS());
            if (config.immediate() && book.state(task) == TaskState.PENDING) {
                dialogue.ask().add(task);
                consult(nowUs);
            }
        }
        scheduleArrival();
    }

    private void released(int task) {
        if (config.immediate()) {
            ready.add(task);
            now(Tags.READY, null);
        }
    }

    private void defer(int task, long untilUs) {
        deferrals.add(task, untilUs);
        if (config.immediate() && untilUs < config.endUs()) {
            at(Math.max(nowS(), seconds(untilUs)), Tags.READY, null);
        }
    }

    /** Tasks whose wake-up has come are pending again; adds them to {@code due}. */
    private void wakeDeferred(IntList due) {
        int from = due.size();
        deferrals.takeDue(nowUs(), due);
        for (int i = from; i < due.size(); i++) {
            book.change(due.get(i), TaskState.PENDING, nowS(), -1);
        }
    }

    private void askReady() throws IOException {
        wakeDeferred(ready);
        for (int i = 0; i < ready.size(); i++) {
            if (book.state(ready.get(i)) == TaskState.PENDING) {
                dialogue.ask().add(ready.get(i));
            }
        }
        ready.clear();
        if (!dialogue.ask().isEmpty()) {
            consult(nowUs());
        }
    }

    private void slot() throws IOException {
        long nowUs = nowUs();
        slotListener.slotEnded(slotStartUs, nowUs);
        slotStartUs = nowUs;
        boolean allDone = nowUs >= config.horizonUs() && nextArrival == arriving && book.live() == 0;
        if (nowUs >= config.endUs() || allDone && !config.fixedEnd()) {
            end(nowUs);
            return;
        }
        if (!allDone) { // the idle tail of a fixed end is metered only; its reports come with the last message
            askSlot(nowUs);
        }
        at(seconds(nextSlotUs(nowUs)), Tags.SLOT, null);
    }

    private void askSlot(long nowUs) throws IOException {
        wakeDeferred(new IntList());
        intake.askPending(dialogue.ask());
        boolean reportsDue = dialogue.hasReports() && nowUs - lastConsultedUs >= REPORT_SLOTS * config.slotUs();
        if (!dialogue.ask().isEmpty() || reportsDue) {
            consult(nowUs);
        }
    }

    /** The next boundary; the horizon and the end of the drain are boundaries too, even if no multiple of the slot. */
    private long nextSlotUs(long nowUs) {
        long next = Math.min((nowUs / config.slotUs() + 1) * config.slotUs(), config.endUs());
        return nowUs < config.horizonUs() ? Math.min(next, config.horizonUs()) : next;
    }

    private void consult(long nowUs) throws IOException {
        lastConsultedUs = nowUs;
        try {
            Decisions answer = dialogue.consult(nowUs);
            executor.carryOut(answer, dialogue.seq(), nowUs, nowS(), JobLedger.SOURCE_MIND, dialogue::refuse);
        } catch (DeciderException e) {
            failed(e);
            Decisions answer = fallback.decide(dialogue.ask(), "mind failed: " + e.code());
            executor.carryOut(answer, dialogue.seq(), nowUs, nowS(), JobLedger.SOURCE_FALLBACK, (d, t, c) -> { });
        }
        dialogue.ask().clear();
    }

    private void failed(DeciderException e) {
        dialogue.countFailure(e.code());
        // a fallback is for a mind that fails, not for a scenario that can never work
        if (!config.fallback() || e.code().equals("config")) {
            throw new MindFailedException(e.code(), e);
        }
    }

    private void end(long nowUs) {
        ended = true;
        try {
            dialogue.finish(nowUs);
        } catch (DeciderException e) {
            failed(e);
        }
    }

    /** Whether the run is over. */
    public boolean ended() {
        return ended;
    }

    /** Questions that got no answer, by reason. */
    public Map<String, Integer> failures() {
        return dialogue.failures();
    }

    /** Wall time of every question, nanoseconds. */
    public LongList latencyNs() {
        return dialogue.latencyNs();
    }

    /** Decisions seen, refused ones included. */
    public long decisions() {
        return executor.decisions();
    }
}
