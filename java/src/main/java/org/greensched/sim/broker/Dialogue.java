package org.greensched.sim.broker;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.greensched.sim.datacenter.GreenDatacenter;
import org.greensched.sim.placement.DatacenterView;
import org.greensched.sim.placement.DeciderException;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.Observation;
import org.greensched.sim.placement.PlacementDecider;
import org.greensched.sim.placement.TruthService;
import org.greensched.sim.runfolder.Advisories;
import org.greensched.sim.runfolder.Forecasts;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.util.LongList;
import org.greensched.sim.workload.TaskBook;

/**
 * The conversation with the decider: gathers what happened since the last answer that was taken, asks, measures how long the
 * answer took. What was told with a question that got no answer is told again with the next.
 */
final class Dialogue {
    private final PlacementDecider decider;
    private final TaskBook book;
    private final List<GreenDatacenter> datacenters;
    private final Forecasts forecasts;
    private final Advisories advisories;
    private final Observation observation = new Observation();
    private final LongList latencyNs = new LongList();
    private final Map<String, Integer> failures = new TreeMap<>();
    private PlacementDecider.Needs needs = PlacementDecider.Needs.ALL;

    Dialogue(PlacementDecider decider, TaskBook book, List<GreenDatacenter> datacenters, Forecasts forecasts,
            Advisories advisories) {
        this.decider = decider;
        this.book = book;
        this.datacenters = datacenters;
        this.forecasts = forecasts;
        this.advisories = advisories;
        observation.tasks = book.tasks();
        observation.jobs = book.ledger();
        observation.forecasts = forecasts;
        observation.advisories = advisories;
        observation.datacenters = new DatacenterView[datacenters.size()];
        for (int d = 0; d < datacenters.size(); d++) {
            observation.datacenters[d] = new DatacenterView();
        }
    }

    void start(TruthService truth) throws DeciderException {
        PlacementDecider.Needs wanted = decider.start(truth);
        if (wanted == null) {
            throw new DeciderException("config", "start of the decider returned null; return what it needs", null);
        }
        needs = wanted;
    }

    /** A task becomes visible to the decider. */
    void introduce(int task) {
        observation.newTasks.add(task);
    }

    /** A visible task changed its state. */
    void tell(int task, int state, double tS, int dc) {
        observation.stateTask.add(task);
        observation.stateCode.add(state);
        observation.stateUs.add(Math.round(tS * 1e6));
        observation.stateDc.add(dc);
        if (TaskState.ended(state)) {
            observation.reports.add(task);
        }
    }

    /** A decision was not carried out. */
    void refuse(long decision, long task, int code) {
        observation.refusedDecision.add(decision);
        observation.refusedTask.add(task);
        observation.refusedCode.add(code);
    }

    /** The tasks that the next question is about; to be filled by the caller. */
    LongList ask() {
        return observation.ask;
    }

    boolean hasReports() {
        return !observation.reports.isEmpty();
    }

    /** Number of the question last asked. */
    long seq() {
        return observation.seq;
    }

    /**
     * Asks about the tasks in {@link #ask}.
     *
     * @throws DeciderException no usable answer; nothing is forgotten, and {@link #ask} still holds the question
     */
    Decisions consult(long tUs) throws DeciderException {
        prepare(tUs);
        long beginNs = System.nanoTime();
        Decisions answer;
        try {
            answer = decider.decide(observation);
        } finally {
            latencyNs.add(System.nanoTime() - beginNs);
        }
        if (answer == null) {
            throw new DeciderException("garbled", "the decider answered nothing", null);
        }
        acknowledge();
        return answer;
    }

    /** Tells the decider the last states and reports. */
    void finish(long tUs) throws DeciderException {
        observation.ask.clear();
        prepare(tUs);
        decider.finish(observation);
    }

    private void prepare(long tUs) {
        observation.seq++;
        observation.tUs = tUs;
        for (int d = 0; d < datacenters.size(); d++) {
            datacenters.get(d).view(observation.datacenters[d]);
        }
        if (needs.forecasts()) {
            while (observation.endIssue < forecasts.size() && forecasts.issueUs(observation.endIssue) <= tUs) {
                observation.endIssue++;
            }
        }
        while (observation.endAdvisory < advisories.size() && advisories.issueUs(observation.endAdvisory) <= tUs) {
            observation.endAdvisory++;
        }
        observation.progressTask.clear();
        if (needs.progress()) {
            for (GreenDatacenter datacenter : datacenters) {
                datacenter.progress(this::progress);
            }
        }
    }

    private void progress(int task, double doneFrac) {
        int at = observation.progressTask.size();
        if (at == observation.progressFrac.length) {
            observation.progressFrac = java.util.Arrays.copyOf(observation.progressFrac, Math.max(64, 2 * at));
        }
        observation.progressTask.add(task);
        observation.progressFrac[at] = doneFrac;
    }

    private void acknowledge() {
        observation.ack = observation.seq;
        observation.newTasks.clear();
        observation.stateTask.clear();
        observation.stateCode.clear();
        observation.stateUs.clear();
        observation.stateDc.clear();
        observation.reports.clear();
        observation.refusedDecision.clear();
        observation.refusedTask.clear();
        observation.refusedCode.clear();
        observation.firstIssue = observation.endIssue;
        observation.firstAdvisory = observation.endAdvisory;
    }

    /** Counts a question that got no answer. */
    void countFailure(String code) {
        failures.merge(code, 1, Integer::sum);
    }

    /** Number of questions without an answer, by reason. */
    Map<String, Integer> failures() {
        return failures;
    }

    /** Wall time of every question, nanoseconds. */
    LongList latencyNs() {
        return latencyNs;
    }
}
