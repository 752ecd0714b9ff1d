package org.greensched.sim.datacenter;

import java.util.stream.IntStream;
import org.cloudsimplus.cloudlets.Cloudlet;
import org.cloudsimplus.schedulers.cloudlet.CloudletScheduler;
import org.cloudsimplus.schedulers.cloudlet.CloudletSchedulerSpaceShared;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.kernel.Tags;
import org.greensched.sim.runfolder.DatacenterSpec.VmMigration;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.runfolder.Tolerance;
import org.greensched.sim.workload.TaskPhysics;

/**
 * Execution on CloudSim Plus's own hosts, virtual machines, cloudlets and schedulers. A task that is no virtual machine gets
 * one of its size, with one cloudlet that takes exactly as long as the task would in {@link ExactEngine}: the same luck, the
 * same interference; its utilisation is what meters see and does not slow it. Tasks that are machines are {@link StockVms}'
 * business.
 */
final class StockEngine implements Engine {
    /** Of a core: slower machines would feel CloudSim Plus's rounding to whole instructions. Only meters know the difference. */
    private static final double LEAST_SHARE = 1e-3;

    private final Execution.Timeline timeline;
    private final TaskPhysics physics;
    private final HostPool pool;
    private final LoadBook loads;
    private final Phases phases;
    private final StockUnits units;
    private final StockBroker broker;
    private final StockSite site;
    private final StockVms vms;
    private long machines;
    /** The task that is just being set up on a host: its load is set, not changed. */
    private RunningTask settingUp;

    StockEngine(
            GreenKernel kernel, Execution.Timeline timeline, TaskStore tasks, TaskPhysics physics, HostPool pool,
            LoadBook loads, VmMigration rules, double endS) {
        this.timeline = timeline;
        this.physics = physics;
        this.pool = pool;
        this.loads = loads;
        this.phases = new Phases(timeline, physics, pool);
        this.units = new StockUnits(kernel, pool, endS);
        this.broker = new StockBroker(kernel);
        boolean wholeCores = IntStream.range(0, tasks.size()).allMatch(t -> tasks.cores(t) == Math.rint(tasks.cores(t)));
        this.site = new StockSite(kernel, StockSite.hosts(pool, units.perMi(), wholeCores), this::updated,
                atS -> timeline.at(Math.max(atS, timeline.nowS()), Tags.ENGINE, null));
        this.vms = new StockVms(this, timeline, tasks, physics, loads, rules, pool);
    }

    StockUnits units() {
        return units;
    }

    StockSite site() {
        return site;
    }

    /** Puts a machine for the task on the task's host. */
    StockMachine create(RunningTask run, double rate, int cores, CloudletScheduler scheduler, double endS, int cloudlets) {
        StockMachine machine = new StockMachine(run, machines++, rate, cores, scheduler, endS, cloudlets, broker);
        run.work = machine;
        site.create(machine, site.host(run.host));
        return machine;
    }

    /** Does something to a task that is on no meter at the moment: its load is set, not changed. */
    void setUp(RunningTask run, Runnable what) {
        settingUp = run;
        what.run();
        settingUp = null;
    }

    @Override
    public void begin(RunningTask run) {
        setUp(run, () -> {
            if (physics.vms().isVm(run.task)) {
                vms.begin(run);
            } else {
                beginTask(run);
            }
        });
    }

    private void beginTask(RunningTask run) {
        phases.begin(run);
        HostSpec host = pool.group(run.host).spec;
        int cores = (int) Math.max(1, Math.ceil(run.cores - Tolerance.CAPACITY));
        double rate = units.rate(Math.max(LEAST_SHARE, Math.min(1, run.cores / cores)) * host.mips());
        double endS = run.startS + run.runtimeS;
        long length = units.length(run.runtimeS * rate, rate);
        if (length < 1) { // CloudSim Plus has no cloudlet without length
            timeline.at(endS, Tags.FINISH, run);
            return;
        }
        StockMachine machine = create(run, rate, cores, new CloudletSchedulerSpaceShared(), endS, 1);
        Cloudlet cloudlet = units.cloudlet(length, cores, 1);
        cloudlet.addOnFinishListener(info -> machine.cloudletDone());
        machine.submit(cloudlet);
        site.look(machine);
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
        double cores = isVm ? machine.utilisedCores(pool.group(run.host).spec.mips() * units.perMi())
                : phases.utilisedCores(run) * machine.shareFrac();
        double gpuW = isVm ? 0 : phases.gpuW(run);
        if (run == settingUp) {
            run.utilisedCores = cores;
        } else if (cores != run.utilisedCores || gpuW != run.gpuW) {
            loads.changed(run, cores, gpuW);
            vms.loadChanged(run.host);
        }
    }

    @Override
    public void due(Object data) {
        if (data == null) {
            site.updateDue();
        } else {
            vms.due(data);
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
            vms.ended(run);
        } else {
            vms.freed();
        }
    }

    @Override
    public void hostLost(int host) {
        vms.hostLost(host);
    }

    @Override
    public double stop(RunningTask run) {
        StockMachine machine = run.work instanceof StockMachine m && m.isAlive() ? m : null;
        if (machine != null) {
            site.look(machine);
        }
        double kept = physics.vms().isVm(run.task) ? vms.kept(run)
                : run.keptFrac(doneFrac(run, timeline.nowS()), physics.recovery().checkpointS());
        if (machine != null && machine.isAlive()) {
            site.destroy(machine);
        }
        done(run);
        return kept;
    }

    @Override
    public double doneFrac(RunningTask run, double nowS) {
        if (!run.executing) {
            return run.savedFrac;
        }
        return physics.vms().isVm(run.task) ? vms.doneFrac(run, nowS) : run.reachedFrac(nowS);
    }
}
