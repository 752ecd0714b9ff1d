package org.greensched.sim.datacenter;

import org.greensched.sim.kernel.Tags;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.workload.TaskPhysics;

/**
 * Execution as an event per change: the run time is fixed when a task starts (decision 0005), every phase of it begins at its
 * exact time, and nothing is looked at in between.
 */
final class ExactEngine implements Engine {
    private final Execution.Timeline timeline;
    private final TaskPhysics physics;
    private final HostPool pool;
    private final LoadListener loads;

    ExactEngine(Execution.Timeline timeline, TaskPhysics physics, HostPool pool, LoadListener loads) {
        this.timeline = timeline;
        this.physics = physics;
        this.pool = pool;
        this.loads = loads;
    }

    @Override
    public void begin(RunningTask run) {
        HostSpec host = pool.group(run.host).spec;
        double othersFrac = Math.max(0, pool.usedCoresOn(run.host) - run.cores) / host.cores();
        run.runtimeS = physics.runtimeS(run.task, host, othersFrac);
        enterPhase(run, 0);
        run.utilisedCores = utilisedCores(run);
        run.gpuW = gpuW(run);
        timeline.at(timeline.nowS() + run.runtimeS, Tags.FINISH, run);
    }

    @Override
    public void nextPhase(RunningTask run) {
        if (!run.executing) {
            return; // what was left of its phases had no duration: it finished at this instant
        }
        enterPhase(run, run.phase + 1);
        loads.changed(run, utilisedCores(run), gpuW(run));
    }

    /** Moves a task on to a phase and schedules the end of it; phases that are over or without duration are passed over. */
    private void enterPhase(RunningTask run, int phase) {
        int p = phase;
        int last = physics.phases(run.task) - 1;
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

    private double utilisedCores(RunningTask run) {
        return run.cores * physics.cpuUtilFrac(run.task, run.phase, run.powerFactor);
    }

    private double gpuW(RunningTask run) {
        HostSpec host = pool.group(run.host).spec;
        return run.gpus * physics.gpuUtilFrac(run.task, run.phase, run.powerFactor) * (host.gpuMaxW() - host.gpuIdleW());
    }

    @Override
    public void stop(RunningTask run) {
        // nothing but the events knows of it here
    }

    @Override
    public double doneFrac(RunningTask run, double nowS) {
        return run.executing ? run.reachedFrac(nowS) : run.savedFrac;
    }
}
