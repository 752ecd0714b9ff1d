package org.greensched.sim.datacenter;

import org.greensched.sim.kernel.Tags;
import org.greensched.sim.workload.CloudletBook;
import org.greensched.sim.workload.TaskPhysics;
import org.greensched.sim.workload.VmPlan;

/**
 * Execution as an event per change: the run time is fixed when a task starts (decision 0005), every phase of it begins at its
 * exact time, and nothing is looked at in between. What a virtual machine will do is worked out when it starts.
 */
final class ExactEngine implements Engine {
    /** A virtual machine and how far it has come in its plan. */
    private static final class Course {
        private final VmPlan plan;
        private int next;

        Course(VmPlan plan) {
            this.plan = plan;
        }
    }

    private final Execution.Timeline timeline;
    private final TaskPhysics physics;
    private final HostPool pool;
    private final LoadListener loads;
    private final Phases phases;

    ExactEngine(Execution.Timeline timeline, TaskPhysics physics, HostPool pool, LoadListener loads) {
        this.timeline = timeline;
        this.physics = physics;
        this.pool = pool;
        this.loads = loads;
        this.phases = new Phases(timeline, physics, pool);
    }

    @Override
    public void begin(RunningTask run) {
        if (physics.vms().isVm(run.task)) {
            Course course = new Course(physics.beginVm(run.task, run.startS));
            run.work = course;
            run.runtimeS = course.plan.endS();
            run.utilisedCores = follow(run, course);
        } else {
            phases.begin(run);
        }
        timeline.at(timeline.nowS() + run.runtimeS, Tags.FINISH, run);
    }

    @Override
    public void due(Object data) {
        throw new IllegalStateException("nothing is ever due here");
    }

    @Override
    public void nextPhase(RunningTask run) {
        if (!run.executing) {
            return; // it was interrupted, or what was left of its phases had no duration: it finished at this instant
        }
        if (run.work instanceof Course course) {
            loads.changed(run, follow(run, course), 0);
        } else {
            phases.next(run);
            loads.changed(run, phases.utilisedCores(run), phases.gpuW(run));
        }
    }

    /** Takes the steps of a machine's plan up to now and schedules the next; returns the cores in use. */
    private double follow(RunningTask run, Course course) {
        double usedMips = run.utilisedCores * pool.group(run.host).spec.mips();
        while (course.next < course.plan.steps().size()) {
            VmPlan.Step step = course.plan.steps().get(course.next);
            double atS = run.startS + step.timeS();
            if (atS > timeline.nowS()) {
                timeline.at(atS, Tags.PHASE, run);
                break;
            }
            usedMips = step.mips();
            enter(step, atS);
            course.next++;
        }
        return usedMips / pool.group(run.host).spec.mips();
    }

    private void enter(VmPlan.Step step, double nowS) {
        CloudletBook cloudlets = physics.cloudlets();
        for (int cloudlet : step.finished()) {
            cloudlets.finished(cloudlet, nowS);
        }
        for (int cloudlet : step.started()) {
            cloudlets.started(cloudlet, nowS);
        }
    }

    @Override
    public void done(RunningTask run) {
        if (run.work instanceof Course course) {
            while (course.next < course.plan.steps().size()) {
                enter(course.plan.steps().get(course.next++), timeline.nowS());
            }
            physics.endVm(run.task);
        }
    }

    @Override
    public void hostLost(int host) {
        // nothing is ever on its way to a host
    }

    @Override
    public double stop(RunningTask run) {
        return run.work instanceof Course course ? stopVm(run, course.plan)
                : run.keptFrac(doneFrac(run, timeline.nowS()), checkpointS());
    }

    private double checkpointS() {
        return physics.recovery().checkpointS();
    }

    /** Cloudlets that are done stay so; of the others the last checkpoint keeps what they had done by then. */
    private double stopVm(RunningTask run, VmPlan plan) {
        double everyS = checkpointS();
        double sinceS = timeline.nowS() - run.startS;
        double checkpointS = everyS > 0 ? run.restartS + Math.floor((sinceS - run.restartS) / everyS) * everyS : 0;
        VmPlan until = plan.until(Math.max(0, checkpointS));
        physics.endVm(run.task);
        return physics.cloudlets().interrupted(run.task, until::doneMi);
    }

    @Override
    public double doneFrac(RunningTask run, double nowS) {
        if (!run.executing) {
            return run.savedFrac;
        }
        return run.work instanceof Course course
                ? run.savedFrac + (1 - run.savedFrac) * course.plan.doneFrac(nowS - run.startS) : run.reachedFrac(nowS);
    }
}
