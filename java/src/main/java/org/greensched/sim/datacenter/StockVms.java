package org.greensched.sim.datacenter;

import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.cloudsimplus.cloudlets.Cloudlet;
import org.cloudsimplus.schedulers.cloudlet.CloudletScheduler;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerCompletelyFair;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerSpaceShared;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerTimeShared;
import org.greensched.sim.kernel.Tags;
import org.greensched.sim.runfolder.DatacenterSpec.VmMigration;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.runfolder.VirtualMachines;
import org.greensched.sim.workload.CloudletBook;
import org.greensched.sim.workload.TaskPhysics;

/**
 * Tasks that are virtual machines, on CloudSim Plus's own classes: their boot, their cloudlets, their checkpoints and their
 * moves from host to host. Boot is the world's own: a stock machine that boots is looked at again at the very same instant.
 */
final class StockVms implements VmMigrations.Machines {
    /** A virtual machine's state is to be kept. */
    private record Checkpoint(StockCourse course) {}

    private final StockEngine engine;
    private final Execution.Timeline timeline;
    private final TaskStore tasks;
    private final TaskPhysics physics;
    private final VirtualMachines vms;
    private final CloudletBook book;
    private final LoadBook loads;
    /** {@code null}: machines stay where they are. */
    private final VmMigrations migrations;

    StockVms(
            StockEngine engine, Execution.Timeline timeline, TaskStore tasks, TaskPhysics physics, LoadBook loads,
            VmMigration rules, HostPool pool) {
        this.engine = engine;
        this.timeline = timeline;
        this.tasks = tasks;
        this.physics = physics;
        this.vms = physics.vms();
        this.book = physics.cloudlets();
        this.loads = loads;
        this.migrations = rules == null || !vms.any() ? null
                : new VmMigrations(rules, timeline, new TaskRoom(pool, tasks, vms), loads, this);
    }

    /** A machine begins on its host. */
    void begin(RunningTask run) {
        int[] open = book.unfinished(run.task);
        double upS = run.startS + physics.upS(run.task);
        run.runtimeS = physics.beginVm(run.task, run.startS).endS(); // what truth expects; oversubscription prolongs it
        if (open.length == 0) {
            timeline.at(upS, Tags.FINISH, run);
            return;
        }
        StockMachine machine = engine.create(run, engine.units().rate(vms.mips(run.task)), (int) tasks.cores(run.task),
                scheduler(vms.scheduler(run.task)), Double.NaN, open.length);
        double[] atS = IntStream.of(open).mapToDouble(c -> Math.max(upS, vms.delayS(c))).toArray();
        if (migrations != null) {
            migrations.began(run);
        }
        StockCourse course = new StockCourse(machine, open, atS);
        machine.follow(course);
        submitDue(course);
        double everyS = physics.recovery().checkpointS();
        if (everyS > 0) {
            timeline.at(run.startS + run.restartS + everyS, Tags.ENGINE, new Checkpoint(course));
        }
    }

    private static CloudletScheduler scheduler(int kind) {
        return switch (kind) {
            case VirtualMachines.SPACE_SHARED -> new CloudletSchedulerSpaceShared();
            case VirtualMachines.TIME_SHARED -> new CloudletSchedulerTimeShared();
            default -> new CloudletSchedulerCompletelyFair();
        };
    }

    /** Something that was scheduled for a machine is due. */
    void due(Object data) {
        if (data instanceof StockCourse course) {
            submitDue(course);
        } else if (data instanceof Checkpoint checkpoint) {
            checkpoint(checkpoint);
        } else {
            migrations.due(data);
        }
    }

    /** Submits what is due and sees to the rest later. */
    private void submitDue(StockCourse course) {
        StockMachine machine = course.machine();
        if (!machine.isAlive()) {
            return;
        }
        engine.site().look(machine); // those that run already get their share of the time until now
        boolean any = false;
        while (course.isDue(timeline.nowS())) {
            submit(course);
            any = true;
        }
        if (any) {
            engine.site().look(machine);
        }
        if (course.nextS() < Double.POSITIVE_INFINITY) {
            timeline.at(course.nextS(), Tags.ENGINE, course);
        }
    }

    private void submit(StockCourse course) {
        int row = course.next();
        StockMachine machine = course.machine();
        StockUnits units = engine.units();
        long length = Math.max(1, units.length(book.leftMi(row) * units.perMi(), machine.vm().getMips()));
        Cloudlet cloudlet = units.cloudlet(length, vms.pes(row), vms.cpuUtilFrac(row));
        cloudlet.addOnFinishListener(info -> {
            machine.cloudletDone();
            book.finished(row, timeline.nowS());
        });
        cloudlet.addOnStartListener(info -> book.started(row, timeline.nowS()));
        machine.submit(cloudlet);
        course.submitted(cloudlet);
        if (cloudlet.getStatus() == Cloudlet.Status.INEXEC) {
            book.started(row, timeline.nowS()); // the listener stays silent at time 0
        }
    }

    private void checkpoint(Checkpoint checkpoint) {
        StockMachine machine = checkpoint.course.machine();
        if (machine.isAlive()) {
            engine.site().look(machine);
            checkpoint.course.checkpoint();
            timeline.at(timeline.nowS() + physics.recovery().checkpointS(), Tags.ENGINE, checkpoint);
        }
    }

    /** Share of a machine's work that is done. */
    double doneFrac(RunningTask run, double nowS) {
        return run.work instanceof StockMachine machine && machine.course() != null
                ? book.doneFrac(run.task, c -> machine.course().doneUnits(c, nowS) / engine.units().perMi()) : run.savedFrac;
    }

    /** A machine that has been looked at is interrupted; returns the share of its work that is kept. */
    double kept(RunningTask run) {
        return run.work instanceof StockMachine machine && machine.course() != null
                ? book.interrupted(run.task, c -> machine.course().keptUnits(c) / engine.units().perMi()) : run.savedFrac;
    }

    /** A machine has left its host, done or interrupted. */
    void ended(RunningTask run) {
        physics.endVm(run.task);
        if (migrations != null) {
            migrations.ended(run);
        }
    }

    /** Another task has ended. */
    void freed() {
        if (migrations != null) {
            migrations.freed();
        }
    }

    /** The load of a host has changed. */
    void loadChanged(int host) {
        if (migrations != null) {
            migrations.changed(host);
        }
    }

    /** A host breaks. */
    void hostLost(int host) {
        if (migrations != null) {
            migrations.hostLost(host);
        }
    }

    @Override
    public void leave(RunningTask run) {
        lookAnd(run, engine.site()::leave);
    }

    @Override
    public void stay(RunningTask run) {
        lookAnd(run, engine.site()::stay);
    }

    /** Brings a machine up to now, does something that changes what it gets, and looks again. */
    private void lookAnd(RunningTask run, Consumer<StockMachine> what) {
        if (run.work instanceof StockMachine machine && machine.isAlive()) {
            engine.site().look(machine);
            if (machine.isAlive()) {
                what.accept(machine);
                engine.site().look(machine);
            }
        }
    }

    @Override
    public boolean arrive(RunningTask run, int host, double cores) {
        StockMachine machine = (StockMachine) run.work;
        engine.site().look(machine);
        if (!machine.isAlive()) {
            return false;
        }
        loads.move(run, host, cores,
                () -> engine.setUp(run, () -> engine.site().move(machine, engine.site().host(host))));
        return true;
    }
}
