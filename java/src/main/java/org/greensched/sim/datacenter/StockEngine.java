package org.greensched.sim.datacenter;

import java.util.stream.IntStream;
import org.cloudsimplus.cloudlets.Cloudlet;
import org.cloudsimplus.cloudlets.CloudletSimple;
import org.cloudsimplus.schedulers.cloudlet.CloudletScheduler;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerCompletelyFair;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerSpaceShared;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerTimeShared;
import org.cloudsimplus.utilizationmodels.UtilizationModel;
import org.cloudsimplus.utilizationmodels.UtilizationModelDynamic;
import org.cloudsimplus.utilizationmodels.UtilizationModelFull;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.kernel.Tags;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.runfolder.Tolerance;
import org.greensched.sim.runfolder.VirtualMachines;
import org.greensched.sim.workload.CloudletBook;
import org.greensched.sim.workload.TaskPhysics;

/**
 * Execution on CloudSim Plus's own hosts, virtual machines, cloudlets and schedulers. A task that is no virtual machine gets
 * one of its size, with one cloudlet that takes exactly as long as the task would in {@link ExactEngine}: the same luck, the
 * same interference; its utilisation is what meters see and does not slow it. Amounts are in a unit of the site's own, small
 * enough for CloudSim Plus's habit of cutting every amount down to a whole number.
 */
final class StockEngine implements Engine {
    /** What the fastest core of the site does in a second, in the site's unit: a long holds the work of years. */
    private static final double FASTEST_RATE = 1e11;
    /** A cloudlet is shorter by the work of so many seconds, so that it is done when it ought to be in spite of rounding. */
    private static final double SLACK_S = 2e-8;
    private static final int SLACK_UNITS = 4;

    /** A virtual machine's state is to be kept. */
    private record Checkpoint(StockCourse course) {}

    private final GreenKernel kernel;
    private final Execution.Timeline timeline;
    private final TaskStore tasks;
    private final TaskPhysics physics;
    private final HostPool pool;
    private final LoadListener loads;
    private final Phases phases;
    private final StockBroker broker;
    private final StockSite site;
    /** Units per million instructions. */
    private final double unitsPerMi;
    private long machines;
    private long cloudletNumber;
    /** The task that is just being set up: its load is set, not changed. */
    private RunningTask beginning;

    StockEngine(
            GreenKernel kernel, Execution.Timeline timeline, TaskStore tasks, TaskPhysics physics, HostPool pool,
            LoadListener loads) {
        this.kernel = kernel;
        this.timeline = timeline;
        this.tasks = tasks;
        this.physics = physics;
        this.pool = pool;
        this.loads = loads;
        this.phases = new Phases(timeline, physics, pool);
        double fastest = 0;
        for (int h = 0; h < pool.hosts(); h++) {
            fastest = Math.max(fastest, pool.group(h).spec.mips());
        }
        this.unitsPerMi = FASTEST_RATE / fastest;
        this.broker = new StockBroker(kernel);
        boolean wholeCores = IntStream.range(0, tasks.size()).allMatch(t -> tasks.cores(t) == Math.rint(tasks.cores(t)));
        this.site = new StockSite(kernel, StockSite.hosts(pool, unitsPerMi, wholeCores), this::updated,
                atS -> timeline.at(Math.max(atS, timeline.nowS()), Tags.ENGINE, null));
    }

    @Override
    public void begin(RunningTask run) {
        beginning = run;
        if (physics.vms().isVm(run.task)) {
            beginVm(run);
        } else {
            beginTask(run);
        }
        beginning = null;
    }

    private void beginTask(RunningTask run) {
        phases.begin(run);
        HostSpec host = pool.group(run.host).spec;
        int cores = (int) Math.max(1, Math.ceil(run.cores - Tolerance.CAPACITY));
        double rate = Math.floor(Math.min(1, run.cores / cores) * host.mips() * unitsPerMi);
        double endS = run.startS + run.runtimeS;
        long length = length(run.runtimeS * rate, rate);
        if (length < 1) { // CloudSim Plus has no cloudlet without length
            timeline.at(endS, Tags.FINISH, run);
            return;
        }
        StockMachine machine =
                new StockMachine(run, machines++, rate, cores, new CloudletSchedulerSpaceShared(), endS, 1, broker);
        run.work = machine;
        site.create(machine, site.host(run.host));
        Cloudlet cloudlet = cloudlet(length, cores, 1);
        cloudlet.addOnFinishListener(info -> machine.cloudletDone());
        machine.submit(cloudlet);
        site.look(machine);
    }

    private void beginVm(RunningTask run) {
        VirtualMachines vms = physics.vms();
        int[] open = physics.cloudlets().unfinished(run.task);
        double upS = run.startS + physics.upS(run.task);
        run.runtimeS = physics.beginVm(run.task, run.startS).endS(); // what truth expects; oversubscription prolongs it
        if (open.length == 0) {
            timeline.at(upS, Tags.FINISH, run);
            return;
        }
        double rate = Math.floor(vms.mips(run.task) * unitsPerMi);
        StockMachine machine = new StockMachine(run, machines++, rate, (int) tasks.cores(run.task),
                scheduler(vms.scheduler(run.task)), Double.NaN, open.length, broker);
        run.work = machine;
        site.create(machine, site.host(run.host));
        double arrivalS = tasks.arrivalUs(run.task) / 1e6;
        double[] atS = IntStream.of(open).mapToDouble(c -> Math.max(upS, arrivalS + vms.delayS(c))).toArray();
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

    private long length(double units, double rate) {
        return (long) Math.floor(units - SLACK_S * rate - SLACK_UNITS - 4 * Math.ulp(units));
    }

    private Cloudlet cloudlet(long length, int cores, double utilFrac) {
        Cloudlet cloudlet = new CloudletSimple(length, cores);
        cloudlet.setId(cloudletNumber++);
        if (utilFrac < 1) {
            UtilizationModel part = new UtilizationModelDynamic(utilFrac);
            part.setSimulation(kernel);
            cloudlet.setUtilizationModelCpu(part);
        }
        return cloudlet;
    }

    /** Submits what is due and sees to the rest later. */
    private void submitDue(StockCourse course) {
        StockMachine machine = course.machine();
        if (!machine.isAlive()) {
            return;
        }
        site.look(machine); // those that run already get their share of the time until now
        boolean any = false;
        while (course.isDue(timeline.nowS())) {
            submit(course);
            any = true;
        }
        if (any) {
            site.look(machine);
        }
        if (course.nextS() < Double.POSITIVE_INFINITY) {
            timeline.at(course.nextS(), Tags.ENGINE, course);
        }
    }

    private void submit(StockCourse course) {
        int row = course.next();
        StockMachine machine = course.machine();
        CloudletBook book = physics.cloudlets();
        long length = Math.max(1, length(book.leftMi(row) * unitsPerMi, machine.vm().getMips()));
        Cloudlet cloudlet = cloudlet(length, physics.vms().pes(row), physics.vms().cpuUtilFrac(row));
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
            site.look(machine);
            checkpoint.course.checkpoint();
            timeline.at(timeline.nowS() + physics.recovery().checkpointS(), Tags.ENGINE, checkpoint);
        }
    }

    /** A machine was looked at. */
    private void updated(StockMachine machine) {
        RunningTask run = machine.run();
        if (machine.isDone()) {
            site.destroy(machine);
            timeline.at(timeline.nowS(), Tags.FINISH, run);
            return;
        }
        setLoad(run, machine);
    }

    private void setLoad(RunningTask run, StockMachine machine) {
        boolean isVm = physics.vms().isVm(run.task);
        double cores = isVm ? machine.utilisedCores(pool.group(run.host).spec.mips() * unitsPerMi)
                : phases.utilisedCores(run) * machine.shareFrac();
        double gpuW = isVm ? 0 : phases.gpuW(run);
        if (run == beginning) {
            run.utilisedCores = cores;
        } else if (cores != run.utilisedCores || gpuW != run.gpuW) {
            loads.changed(run, cores, gpuW);
        }
    }

    @Override
    public void due(Object data) {
        if (data instanceof StockCourse course) {
            submitDue(course);
        } else if (data instanceof Checkpoint checkpoint) {
            checkpoint(checkpoint);
        } else {
            site.updateDue();
        }
    }

    @Override
    public void nextPhase(RunningTask run) {
        if (run.executing) {
            phases.next(run);
            if (run.work instanceof StockMachine machine) {
                setLoad(run, machine);
            }
        }
    }

    @Override
    public void done(RunningTask run) {
        if (physics.vms().isVm(run.task)) {
            physics.endVm(run.task);
        }
    }

    @Override
    public double stop(RunningTask run) {
        double nowS = timeline.nowS();
        double kept = physics.vms().isVm(run.task) ? run.savedFrac
                : run.keptFrac(doneFrac(run, nowS), physics.recovery().checkpointS());
        if (run.work instanceof StockMachine machine && machine.isAlive()) {
            site.look(machine);
            if (machine.course() != null) {
                kept = physics.cloudlets().interrupted(run.task, c -> machine.course().keptUnits(c) / unitsPerMi);
            }
            if (machine.isAlive()) {
                site.destroy(machine);
            }
        }
        done(run);
        return kept;
    }

    @Override
    public double doneFrac(RunningTask run, double nowS) {
        if (run.executing && run.work instanceof StockMachine machine && machine.course() != null) {
            return physics.cloudlets().doneFrac(run.task, c -> machine.course().doneUnits(c, nowS) / unitsPerMi);
        }
        return run.executing ? run.reachedFrac(nowS) : run.savedFrac;
    }
}
