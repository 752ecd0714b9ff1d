package org.greensched.sim.placement;

import org.greensched.sim.runfolder.Advisories;
import org.greensched.sim.runfolder.Forecasts;
import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.util.IntList;
import org.greensched.sim.util.LongList;

/**
 * What an operator can know at {@code tUs}, as deltas since the last acknowledged answer (PROTOCOL.md §4). The broker
 * reuses one instance: a decider copies what it keeps. Task ids index {@code tasks} (declared columns) and {@code jobs}
 * (what the world recorded; a decider may read the rows in {@code reports} only).
 */
public final class Observation {
    /** Number of this observation; grows by one with each. */
    public long seq;
    /** Simulated time in microseconds since the start of the scenario. */
    public long tUs;
    /** Sequence of the last answer that the broker took. */
    public long ack;
    /** Tasks that became visible since the ack. */
    public final LongList newTasks = new LongList();
    /** Tasks that need a decision now. */
    public final LongList ask = new LongList();
    /** State changes since the ack, in lists that run in parallel: which task. */
    public final LongList stateTask = new LongList();
    /** Its new state ({@link org.greensched.sim.runfolder.TaskState}). */
    public final IntList stateCode = new IntList();
    /** When, microseconds since the start of the scenario. */
    public final LongList stateUs = new LongList();
    /** At which datacenter; -1 none. */
    public final IntList stateDc = new IntList();
    /** Tasks that ended since the ack; their rows of {@code jobs} are final. */
    public final LongList reports = new LongList();
    /** First row of {@code forecasts} that was issued since the ack. */
    public int firstIssue;
    /** One past the last of them. */
    public int endIssue;
    /** First row of {@code advisories} that was issued since the ack. */
    public int firstAdvisory;
    /** One past the last of them. */
    public int endAdvisory;
    /** Decisions of the last answer that were not carried out, in lists that run in parallel: their ids. */
    public final LongList refusedDecision = new LongList();
    /** The task of each. */
    public final LongList refusedTask = new LongList();
    /** Why, an index into {@link #CODES}. */
    public final IntList refusedCode = new IntList();
    /** Live tasks, only if the decider needs progress. */
    public final LongList progressTask = new LongList();
    /** The fraction of the work of each that is done, 0..1. */
    public double[] progressFrac = new double[0];
    /** Dynamic state of every datacenter; one entry per datacenter. */
    public DatacenterView[] datacenters = new DatacenterView[0];
    /** Declared facts of all tasks. */
    public TaskStore tasks;
    /** The world's record of all tasks. */
    public JobLedger jobs;
    /** All forecasts; only rows below {@code endIssue} may be read. */
    public Forecasts forecasts;
    /** All that operators announce; only rows below {@code endAdvisory} may be read. */
    public Advisories advisories = Advisories.none();

    /** Names of the refusal codes, by index. */
    public static final String[] CODES = {
        "accepted", "unsupported", "unknown_task", "not_asked", "unknown_datacenter", "never_fits", "until_in_past", "duplicate",
        "unavailable"
    };
}
