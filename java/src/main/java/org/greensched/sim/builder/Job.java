package org.greensched.sim.builder;

import java.util.ArrayList;
import java.util.List;
import org.greensched.sim.runfolder.TaskStore;

/**
 * One task of a {@link RunFolderBuilder}: one core, fully used, submitted at the first site, without data and deadline,
 * unless said otherwise.
 */
public final class Job {
    /** A stretch of a job's run time with utilisations of its own. */
    record Phase(double workFrac, double cpuUtilFrac, double gpuUtilFrac) {}

    final String name;
    final long arrivalUs;
    final double workS;
    long deadlineUs = TaskStore.NO_DEADLINE_US;
    double cores = 1;
    double gpus;
    String gpuType;
    double memGb;
    String origin;
    double dataGb;
    int priority;
    double expectedS = Double.NaN;
    String labels = "";
    String user = "";
    String description = "";
    String workClass;
    double cpuUtilFrac = 1;
    double gpuUtilFrac;
    double interference;
    final List<Phase> phases = new ArrayList<>();
    final List<Job> after = new ArrayList<>();

    /**
     * @param name for logs
     * @param arrivalS when it is submitted, seconds since the start of the run
     * @param workS how long it runs alone on a host of speed 1, seconds; deciders do not see it
     */
    public Job(String name, double arrivalS, double workS) {
        this.name = Check.name("name of a job", name);
        this.arrivalUs = Check.us(of("arrival in s"), arrivalS, 0);
        this.workS = Check.number(of("run time in s"), workS, 0, Check.MOST_S);
    }

    private String of(String what) {
        return "job " + name + ": " + what;
    }

    /** Until when it should have finished, seconds since the start of the run, not before its arrival. */
    public Job deadlineS(double atS) {
        deadlineUs = Check.us(of("deadline in s"), atS, arrivalUs / 1e6);
        return this;
    }

    /** Cores that it asks for. */
    public Job cores(double value) {
        cores = Check.number(of("cores"), value, 1e-6, 1e6);
        return this;
    }

    /**
     * GPUs that it asks for.
     *
     * @param share how many; below 1 a share of one
     * @param type as named by {@link Hosts#gpus}; {@code null} any
     * @param utilFrac how much it really uses them, 0 to 1
     */
    public Job gpus(double share, String type, double utilFrac) {
        gpus = Check.number(of("GPUs"), share, 0, 64);
        gpuType = type;
        gpuUtilFrac = Check.number(of("utilisation of GPUs"), utilFrac, 0, 1);
        return this;
    }

    /** Memory that it asks for, 10^9 bytes. */
    public Job memGb(double value) {
        memGb = Check.number(of("memory in GB"), value, 0, 1e9);
        return this;
    }

    /**
     * Where it is submitted, and the data that move if it runs at another site.
     *
     * @param site name of a site of the run
     * @param gigabytes 10^9 bytes
     */
    public Job from(String site, double gigabytes) {
        origin = site;
        dataGb = Check.number(of("data in GB"), gigabytes, 0, 1e9);
        return this;
    }

    /** Jobs of a higher priority leave queues first. */
    public Job priority(int value) {
        priority = value;
        return this;
    }

    /** What its owner thinks that it takes, seconds; deciders see it. */
    public Job expectedS(double value) {
        expectedS = Check.number(of("expected run time in s"), value, 0, Check.MOST_S);
        return this;
    }

    /** Who submits it. */
    public Job user(String value) {
        user = value;
        return this;
    }

    /** What else deciders may know: {@code key=value;key=value}. */
    public Job labels(String value) {
        labels = value;
        return this;
    }

    /** What its owner writes about it; deciders see it. */
    public Job description(String value) {
        description = value;
        return this;
    }

    /** Its work class, one of those of the run; hosts may differ in speed by it. */
    public Job workClass(String value) {
        workClass = value;
        return this;
    }

    /** How much it really uses its cores, 0 to 1. */
    public Job cpuUtilFrac(double value) {
        cpuUtilFrac = Check.number(of("CPU utilisation"), value, 0, 1);
        return this;
    }

    /** k in slowdown = 1 + k * share of the host's cores that others hold when it starts. */
    public Job interference(double value) {
        interference = Check.number(of("interference"), value, 0, 1e6);
        return this;
    }

    /**
     * Adds a phase; those of a job add up to its run time and take the place of its utilisations.
     *
     * @param workFrac share of the run time, 0 to 1
     * @param cpuFrac CPU utilisation in it
     * @param gpuFrac utilisation of GPUs in it
     */
    public Job phase(double workFrac, double cpuFrac, double gpuFrac) {
        phases.add(new Phase(
                Check.number(of("share of a phase"), workFrac, 0, 1),
                Check.number(of("CPU utilisation of a phase"), cpuFrac, 0, 1),
                Check.number(of("utilisation of GPUs in a phase"), gpuFrac, 0, 1)));
        return this;
    }

    /** It may start only when these have finished; they must be added to the run before it. */
    public Job after(Job... predecessors) {
        after.addAll(List.of(predecessors));
        return this;
    }
}
