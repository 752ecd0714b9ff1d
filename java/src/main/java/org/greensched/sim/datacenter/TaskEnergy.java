package org.greensched.sim.datacenter;

import java.util.Arrays;
import java.util.List;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.workload.TaskPhysics;

/**
 * The dynamic energy that a task will be charged on a host, given who is there: the same share of the same curve as the
 * meters take, integrated between the instants at which the task or a neighbour changes its load.
 */
final class TaskEnergy {
    /** Changes of load: time, utilised cores of anybody, utilised cores and GPU watts of the task itself. */
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
     * @param facility PUE to come
     * @param neighbours tasks on the host when this one starts; a task that would join later is not considered
     */
    double kwh(int task, HostGroup host, double beginS, double runtimeS, List<Projection.Guest> neighbours, FacilityMeter facility) {
        size = 0;
        for (Projection.Guest guest : neighbours) {
            double guestS = Double.isNaN(guest.runtimeS) ? expectedS(guest, host) : guest.runtimeS;
            addPhases(guest.task, guest.beginS, guestS, host.spec, false);
        }
        addPhases(task, beginS, runtimeS, host.spec, true);
        Arrays.sort(changes, 0, size, (a, b) -> Double.compare(a[0], b[0]));
        return integrate(host, beginS, beginS + runtimeS, facility) / Clock.J_PER_KWH;
    }

    /** A neighbour that waits for the host to wake up: its run time among nobody. */
    private double expectedS(Projection.Guest guest, HostGroup host) {
        return physics.runtimeS(guest.task, host.spec, 0);
    }

    private void addPhases(int task, double beginS, double runtimeS, HostSpec host, boolean own) {
        double factor = physics.powerFactor(task);
        double atS = beginS;
        double doneFrac = 0;
        for (int p = 0; p < physics.phases(task); p++) {
            doneFrac += physics.phaseFrac(task, p);
            double endS = p == physics.phases(task) - 1 ? beginS + runtimeS : Math.min(1, doneFrac) * runtimeS + beginS;
            double cores = tasks.cores(task) * physics.cpuUtilFrac(task, p, factor);
            double gpuW = tasks.gpus(task) * physics.gpuUtilFrac(task, p, factor) * (host.gpuMaxW() - host.gpuIdleW());
            add(atS, cores, own ? cores : 0, own ? gpuW : 0);
            add(endS, -cores, own ? -cores : 0, own ? -gpuW : 0);
            atS = endS;
        }
    }

    private void add(double timeS, double cores, double ownCores, double ownGpuW) {
        if (size == changes.length) {
            changes = Arrays.copyOf(changes, 2 * size);
        }
        changes[size++] = new double[] {timeS, cores, ownCores, ownGpuW};
    }

    private double integrate(HostGroup host, double fromS, double toS, FacilityMeter facility) {
        double all = 0;
        double own = 0;
        double gpuW = 0;
        double joules = 0;
        double lastS = fromS;
        double itW = facility.itW();
        for (int i = 0; i < size; i++) {
            double timeS = Math.max(fromS, Math.min(toS, changes[i][0]));
            if (timeS > lastS) {
                double watts = (own > 0 && all > 0 ? own / all * host.curve.dynamicW(all / host.spec.cores()) : 0) + gpuW;
                joules += watts * facility.facilityS(lastS, timeS, itW + (itW > 0 ? 0 : watts));
                lastS = timeS;
            }
            all += changes[i][1];
            own += changes[i][2];
            gpuW += changes[i][3];
        }
        return joules;
    }
}
