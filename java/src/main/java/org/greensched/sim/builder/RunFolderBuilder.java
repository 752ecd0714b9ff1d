package org.greensched.sim.builder;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Writes the input of a run (bridge/PROTOCOL.md, section 2) for {@link org.greensched.sim.World#run}: sites, jobs and
 * the rules of the run. Unless said otherwise, decisions fall every five minutes, run times and power have no noise,
 * data move at 10 Gbit/s without energy, and after the horizon a day is left to finish what runs.
 */
public final class RunFolderBuilder {
    final String name;
    final String startUtc;
    final long horizonUs;
    final List<Site> sites = new ArrayList<>();
    final Set<Job> jobs = new LinkedHashSet<>();
    long drainUs = 86_400_000_000L;
    long slotUs = 300_000_000L;
    boolean fixedEnd;
    boolean immediate;
    boolean privileged;
    long seed = 1;
    double timeSigmaFrac;
    double powerSigmaFrac;
    List<String> workClasses = List.of("default");
    double kwhPerGb;
    double rttMs;
    double gbps = 10;
    FaultPlan faults = new FaultPlan();
    String decider = "java";

    /**
     * @param name of the run and its scenario
     * @param startUtc the instant of 0 s, such as 2022-06-06T00:00:00Z
     * @param horizonS until when jobs may arrive, seconds
     */
    public RunFolderBuilder(String name, String startUtc, double horizonS) {
        this.name = Check.name("name of the run", name);
        try {
            this.startUtc = Instant.parse(startUtc).toString();
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(
                    "start must be a UTC instant such as 2022-06-06T00:00:00Z (got " + startUtc + ")", e);
        }
        this.horizonUs = Check.us("horizon in s", horizonS, 1e-6);
    }

    /** Adds a site; at least one is needed, and names differ. */
    public RunFolderBuilder site(Site site) {
        Objects.requireNonNull(site, "site");
        if (sites.stream().anyMatch(other -> other.name.equals(site.name))) {
            throw new IllegalArgumentException("site " + site.name + " is there already; names must differ");
        }
        sites.add(site);
        return this;
    }

    /** Adds a job that arrives before the horizon ends. */
    public RunFolderBuilder job(Job job) {
        Objects.requireNonNull(job, "job");
        if (job.arrivalUs >= horizonUs) {
            throw new IllegalArgumentException("job " + job.name + " arrives at " + job.arrivalUs / 1e6
                    + " s, the horizon ends at " + horizonUs / 1e6 + " s");
        }
        for (Job before : job.after) {
            if (!jobs.contains(before)) {
                throw new IllegalArgumentException("job " + job.name + " comes after job " + before.name
                        + ", which must be added before it");
            }
        }
        if (!jobs.add(job)) {
            throw new IllegalArgumentException("job " + job.name + " is there already; make another Job");
        }
        return this;
    }

    /** Time between two rounds of decisions, seconds. */
    public RunFolderBuilder slotS(double value) {
        slotUs = Check.us("slot in s", value, 1e-6);
        return this;
    }

    /** Time left after the horizon to finish what runs, seconds. */
    public RunFolderBuilder drainS(double value) {
        drainUs = Check.us("drain in s", value, 0);
        return this;
    }

    /** Meters until horizon plus drain, so that runs of several deciders are equally long and can be compared. */
    public RunFolderBuilder fixedEnd() {
        fixedEnd = true;
        return this;
    }

    /** Decides at each arrival, not at the next slot. */
    public RunFolderBuilder immediate() {
        immediate = true;
        return this;
    }

    /** Lets the decider ask {@link org.greensched.sim.placement.TruthService} what would happen. */
    public RunFolderBuilder privileged() {
        privileged = true;
        return this;
    }

    /**
     * Luck of jobs, the same for every decider.
     *
     * @param timeSigma spread of run times, relative, 0 none
     * @param powerSigma spread of utilisation, relative, 0 none
     */
    public RunFolderBuilder noise(long seedOfLuck, double timeSigma, double powerSigma) {
        seed = seedOfLuck;
        timeSigmaFrac = Check.number("spread of run times", timeSigma, 0, 3);
        powerSigmaFrac = Check.number("spread of power", powerSigma, 0, 3);
        return this;
    }

    /** Names of work classes; hosts may have a speed for each. */
    public RunFolderBuilder workClasses(String... names) {
        Check.count("number of work classes", names.length, 1, 10_000);
        workClasses = List.of(names);
        return this;
    }

    /**
     * The network between any two sites.
     *
     * @param energyKwhPerGb energy to move 10^9 bytes
     * @param roundTripMs milliseconds
     * @param bandwidthGbps 10^9 bits per second
     */
    public RunFolderBuilder network(double energyKwhPerGb, double roundTripMs, double bandwidthGbps) {
        kwhPerGb = Check.number("network energy in kWh per GB", energyKwhPerGb, 0, 1e3);
        rttMs = Check.number("round trip in ms", roundTripMs, 0, 1e9);
        gbps = Check.number("bandwidth in Gbit/s", bandwidthGbps, 1e-9, 1e9);
        return this;
    }

    /** What breaks, and what becomes of the tasks that it interrupts; unless called, nothing breaks. */
    public RunFolderBuilder faults(FaultPlan plan) {
        faults = Objects.requireNonNull(plan, "plan: give a FaultPlan, empty if nothing breaks");
        return this;
    }

    /** Name of who will decide, for tables and reports; "java" unless said otherwise. */
    public RunFolderBuilder decidedBy(String value) {
        decider = Check.name("name of the decider", value);
        return this;
    }

    /**
     * Writes {@code folder/input} whole or not at all, and reads it once with what will read it when the run starts.
     *
     * @return {@code folder}
     * @throws IllegalArgumentException something is missing or does not fit together; the message names it
     * @throws IOException it cannot be written, or there is an input already
     */
    public Path write(Path folder) throws IOException {
        Path input = Objects.requireNonNull(folder, "folder").resolve("input");
        if (Files.exists(input)) {
            throw new FileAlreadyExistsException(
                    input.toString(), null, "a run folder holds one run; choose another folder");
        }
        if (sites.isEmpty()) {
            throw new IllegalArgumentException("the run has no site; call site");
        }
        sites.forEach(Site::checkComplete);
        Inputs inputs = new Inputs(this);
        boolean isNew = !Files.exists(folder);
        Files.createDirectories(folder);
        Path unfinished = Files.createTempDirectory(folder, ".input.");
        try {
            inputs.write(unfinished);
            inputs.readBack(unfinished);
            Files.move(unfinished, input, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException e) {
            inputs.delete(unfinished);
            if (isNew) {
                Files.deleteIfExists(folder);
            }
            throw e;
        }
        return folder;
    }
}
