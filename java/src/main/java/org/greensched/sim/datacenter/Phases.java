package org.greensched.sim.datacenter;

import org.greensched.sim.kernel.Tags;
import org.greensched.sim.workload.HostTruth;
import org.greensched.sim.workload.TaskPhysics;

/** Run time and load of tasks that are no virtual machines: the same in every execution model. */
final class Phases {
    private final Execution.Timeline timeline;
    private final TaskPhysics physics;
    private final HostPool pool;

    Phases(Execution.Timeline timeline, TaskPhysics physics, HostPool pool) {
        this.timeline = timeline;
        this.physics = physics;
        this.pool = pool;
    }

    /** Fixes the run time (decision 0005) and enters the first phase. */
    void begin(RunningTask run) {
        HostTruth host = pool.group(run.host).truth;
        double othersFrac = Math.max(0, pool.usedCoresOn(run.host) - run.cores) / host.spec().cores();
        run.runtimeS = physics.runtimeS(run.task, host, othersFrac, run.startS, run.restartS, run.savedFrac);
        enter(run, 0);
        run.utilisedCores = utilisedCores(run);
        run.gpuW = gpuW(run);
    }

    /** Moves a task on to its next phase. */
    void next(RunningTask run) {
        enter(run, run.phase + 1);
    }

    /** Moves a task on to a phase and schedules the end of it; phases that are over or without duration are passed over. */
    private void enter(RunningTask run, int phase) {
        int p = phase;
        int last = physics.phases(run.task) - 1;
        if (last == 0) {
            return;
        }
        double endFrac = run.donePhasesFrac + physics.phaseFrac(run.task, p);
        while (p < last && (physics.phaseFrac(run.task, p) == 0 || endFrac <= run.savedFrac)) {
            endFrac += physics.phaseFrac(run.task, ++p);
        }
        run.phase = p;
        if (p < last) {
            run.donePhasesFrac = Math.min(1, endFrac);
            timeline.at(Math.max(run.reachesS(run.donePhasesFrac), timeline.nowS()), Tags.PHASE, run);
        }
    }

    /** Cores that the task keeps busy in its phase. */
    double utilisedCores(RunningTask run) {
        return run.cores * physics.cpuUtilFrac(run.task, pool.group(run.host).truth, run.phase, run.powerFactor);
    }

    /** Dynamic power of its GPUs in its phase. */
    double gpuW(RunningTask run) {
        if (run.gpus == 0) {
            return 0;
        }
        HostTruth host = pool.group(run.host).truth;
        double utilFrac = physics.gpuUtilFrac(run.task, host, run.phase, run.powerFactor);
        return run.gpus * utilFrac * (host.spec().gpuMaxW() - host.spec().gpuIdleW());
    }
}
