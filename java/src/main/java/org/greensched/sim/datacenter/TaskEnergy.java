package org.greensched.sim.datacenter;

import java.util.Arrays;
import java.util.List;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.workload.HostTruth;
import org.greensched.sim.workload.TaskPhysics;
import org.greensched.sim.workload.VmPlan;

/**
 * The dynamic energy that a task will be charged on a host, given who is there: the same share of the same curve as the
 * meters take, integrated between the instants at which the task or a neighbour changes its load.
 */
final class TaskEnergy {
    /** Changes of load: time, utilised cores and GPU watts of anybody, the same of the task itself. */
    private double[][] changes = new double[64][];
    private int size;
    private final TaskStore tasks;
    private final TaskPhysics physics;

    TaskEnergy(TaskStore tasks, TaskPhysics physics) {
        this.tasks = tasks;
        this.physics = physics;
    }

    /**
     * Dynamic energy times PUE, kWh.
     *
     * @param elsewhereW IT power of all other hosts, for a load-dependent PUE
     * @param facility PUE to come
     */
    double kwh(int task, HostGroup host, Projection.Start start, double elsewhereW, FacilityMeter facility) {
        size = 0;
        for (Projection.Guest guest : start.neighbours()) {
            addPhases(guest.task(), guest.beginS(), guest.runtimeS(), guest.restartS(), host.truth, false);
        }
        addPhases(task, start.beginS(), start.runtimeS(), start.restartS(), host.truth, true);
        Arrays.sort(changes, 0, size, (a, b) -> Double.compare(a[0], b[0]));
        return integrate(host, start, elsewhereW, facility) / Clock.J_PER_KWH;
    }

    private void addPhases(int task, double beginS, double runtimeS, double restartS, HostTruth host, boolean own) {
        if (physics.vms().isVm(task)) {
            addVm(task, beginS, host.spec(), own);
            return;
        }
        double factor = physics.powerFactor(task);
        double atS = beginS;
        double doneFrac = 0;
        double savedFrac = physics.savedFrac(task);
        double leftFrac = 1 - savedFrac;
        for (int p = 0; p < physics.phases(task); p++) {
            doneFrac += physics.phaseFrac(task, p);
            boolean last = p == physics.phases(task) - 1;
            if (doneFrac <= savedFrac && !last) {
                continue; // an earlier attempt has done it
            }
            double endS = last || leftFrac <= 0 ? beginS + runtimeS
                    : beginS + restartS + (runtimeS - restartS) * ((Math.min(1, doneFrac) - savedFrac) / leftFrac);
            double cores = tasks.cores(task) * physics.cpuUtilFrac(task, host, p, factor);
            double gpuUtilFrac = physics.gpuUtilFrac(task, host, p, factor);
            double gpuW = tasks.gpus(task) * gpuUtilFrac * (host.spec().gpuMaxW() - host.spec().gpuIdleW());
            add(atS, cores, gpuW, own);
            add(endS, -cores, -gpuW, own);
            atS = endS;
        }
    }

    private void addVm(int task, double beginS, HostSpec host, boolean own) {
        double before = 0;
        for (VmPlan.Step step : physics.vmPlan(task, beginS).steps()) {
            add(beginS + step.timeS(), (step.mips() - before) / host.mips(), 0, own);
            before = step.mips();
        }
    }

    private void add(double timeS, double cores, double gpuW, boolean own) {
        if (size == changes.length) {
            changes = Arrays.copyOf(changes, 2 * size);
        }
        changes[size++] = new double[] {timeS, cores, gpuW, own ? cores : 0, own ? gpuW : 0};
    }

    private double integrate(HostGroup host, Projection.Start start, double elsewhereW, FacilityMeter facility) {
        double[] load = new double[5];
        double joules = 0;
        double lastS = start.beginS();
        double endS = start.beginS() + start.runtimeS();
        for (int i = 0; i < size; i++) {
            double timeS = Math.max(lastS, Math.min(endS, changes[i][0]));
            if (timeS > lastS) {
                double cpuW = host.curve.dynamicW(load[1] / host.spec.cores());
                double watts = (load[3] > 0 && load[1] > 0 ? load[3] / load[1] * cpuW : 0) + load[4];
                joules += watts * facility.facilityS(lastS, timeS, elsewhereW + host.spec.idleW() + cpuW + load[2]);
                lastS = timeS;
            }
            for (int c = 1; c < load.length; c++) {
                load[c] += changes[i][c];
            }
        }
        return joules;
    }
}
