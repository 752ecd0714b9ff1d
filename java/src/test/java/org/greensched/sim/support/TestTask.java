package org.greensched.sim.support;

import java.util.ArrayList;
import java.util.List;
import org.greensched.sim.runfolder.TaskStore;

/** One task of a {@link TestWorld}; fields are set by chaining. One core, fully used, unless said otherwise. */
public final class TestTask {
    final double arrivalS;
    final double workS;
    double cores = 1;
    double gpus;
    int gpuType = -1;
    double memGb = 1;
    double dataGb;
    int origin;
    int priority;
    double deadlineS = Double.NaN;
    double cpuUtil = 1;
    double gpuUtil;
    double interference;
    double interferencePower = 1;
    double heat;
    int profile = -1;
    String description = "";
    int workClass;
    double[][] phases = new double[0][];
    /** MIPS, scheduler, boot time; {@code null}: no virtual machine. */
    double[] vm;
    /** Rows of (length_mi, pes, delay_s, cpu_util_frac). */
    final List<double[]> cloudlets = new ArrayList<>();

    private TestTask(double arrivalS, double workS) {
        this.arrivalS = arrivalS;
        this.workS = workS;
    }

    /** A task that arrives at {@code arrivalS} and runs {@code workS} seconds at speed 1. */
    public static TestTask task(double arrivalS, double workS) {
        return new TestTask(arrivalS, workS);
    }

    /** A virtual machine of one core that is up at once and shares it by time (scheduler 1). */
    public static TestTask vm(double arrivalS, double mips) {
        TestTask task = new TestTask(arrivalS, 0);
        task.vm = new double[] {mips, 1, 0};
        return task;
    }

    /** 0 space-shared, 1 time-shared, 2 completely fair. */
    public TestTask scheduler(int value) {
        vm[1] = value;
        return this;
    }

    public TestTask bootS(double value) {
        vm[2] = value;
        return this;
    }

    /** A cloudlet of one core, submitted when the machine is up. */
    public TestTask cloudlet(double lengthMi) {
        return cloudlet(lengthMi, 1, 0, 1);
    }

    public TestTask cloudlet(double lengthMi, int pes, double delayS, double util) {
        cloudlets.add(new double[] {lengthMi, pes, delayS, util});
        return this;
    }

    public TestTask cores(double value) {
        cores = value;
        return this;
    }

    public TestTask gpus(double value, int type, double util) {
        gpus = value;
        gpuType = type;
        gpuUtil = util;
        return this;
    }

    public TestTask memGb(double value) {
        memGb = value;
        return this;
    }

    public TestTask from(int originIndex, double gigabytes) {
        origin = originIndex;
        dataGb = gigabytes;
        return this;
    }

    public TestTask priority(int value) {
        priority = value;
        return this;
    }

    public TestTask util(double value) {
        cpuUtil = value;
        return this;
    }

    public TestTask interference(double value) {
        interference = value;
        return this;
    }

    public TestTask interferencePower(double value) {
        interferencePower = value;
        return this;
    }

    /** Slowdown per degree above what the cooling of its datacenter can take. */
    public TestTask heat(double perC) {
        heat = perC;
        return this;
    }

    public TestTask profile(int value) {
        profile = value;
        return this;
    }

    public TestTask description(String value) {
        description = value;
        return this;
    }

    public TestTask workClass(int value) {
        workClass = value;
        return this;
    }

    /** Rows of (work_frac, cpu_util_frac, gpu_util_frac). */
    public TestTask phases(double[]... rows) {
        phases = rows;
        return this;
    }

    public TestTask deadlineS(double value) {
        deadlineS = value;
        return this;
    }

    public double arrivalS() {
        return arrivalS;
    }

    /** Seconds at speed 1, alone. */
    public double workS() {
        return workS;
    }

    long deadlineUs() {
        return Double.isNaN(deadlineS) ? TaskStore.NO_DEADLINE_US : Math.round(deadlineS * 1e6);
    }
}
