package org.greensched.sim.datacenter;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.cloudsimplus.core.events.SimEvent;
import org.greensched.sim.carbon.GridSignals;
import org.greensched.sim.carbon.StepSignal;
import org.greensched.sim.kernel.GreenEntity;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.kernel.Tags;
import org.greensched.sim.placement.DatacenterView;
import org.greensched.sim.runfolder.DatacenterSpec;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.workload.TaskBook;
import org.greensched.sim.workload.TaskPhysics;

/**
 * One datacenter of the world: an entity of CloudSim Plus's kernel in which every completion, phase change, wake-up and
 * arrival of data is an event at its exact time; nothing is polled.
 */
public final class GreenDatacenter extends GreenEntity {
    private record SleepTimer(int host, int generation) {}

    private record WakeUp(int host) {}

    private final int index;
    private final DatacenterSpec spec;
    private final TaskBook book;
    private final TaskPhysics physics;
    private final FacilityMeter facility;
    private final HostPool pool;
    private final HostPower power;
    private final WaitingLanes waiting;
    private final TransferDesk transfers;
    private final List<RunningTask> running = new ArrayList<>();
    private final List<RunningTask> spare = new ArrayList<>();
    /** Tasks that hold cores on a host that is still waking up. */
    private final Map<Integer, List<RunningTask>> upcoming = new HashMap<>();
    private boolean serveScheduled;

    /**
     * @param index position among the datacenters of the run
     * @param grid signals of this datacenter
     */
    public GreenDatacenter(
            GreenKernel kernel, int index, DatacenterSpec spec, int gpuTypes, GridSignals grid, TaskBook book,
            TaskPhysics physics) {
        super(kernel);
        this.index = index;
        this.spec = spec;
        this.book = book;
        this.physics = physics;
        this.facility = new FacilityMeter(grid, spec.pue());
        this.pool = new HostPool(spec);
        this.power = new HostPower(pool, facility);
        this.waiting = new WaitingLanes(book, gpuTypes);
        this.transfers = new TransferDesk(index, grid.carbon(), book);
    }

    @Override
    protected void startInternal() {
        for (int host = 0; host < pool.hosts(); host++) {
            armSleep(host);
        }
    }

    @Override
    public void processEvent(SimEvent event) {
        switch (event.getTag()) {
            case Tags.FINISH -> finish((RunningTask) event.getData());
            case Tags.PHASE -> nextPhase((RunningTask) event.getData());
            case Tags.HOST_POWER -> hostPower(event.getData());
            case Tags.SERVE -> serve();
            case Tags.TRANSFER -> admit(transfers.complete((TransferDesk.Transfer) event.getData(), nowS()));
            default -> { } // the kernel also announces its own start and end
        }
    }

    /**
     * Takes a task that was placed here: its data travels first, then it queues, then it runs.
     *
     * @param transferS duration of the transfer; 0: the data is here
     * @param transferKwh its energy
     * @param homeCarbon intensity at the place where the data comes from
     */
    public void accept(int task, double transferS, double transferKwh, StepSignal homeCarbon) {
        double nowS = nowS();
        if (transferS > 0) {
            TransferDesk.Transfer transfer = transfers.begin(task, nowS, nowS + transferS, transferKwh, homeCarbon);
            book.change(task, TaskState.TRANSFERRING, nowS, index);
            at(transfer.endS(), Tags.TRANSFER, transfer);
        } else {
            admit(task);
        }
    }

    private void admit(int task) {
        double nowS = nowS();
        book.ledger().queuedS.set(task, nowS);
        if (waiting.mustWaitBehind(task) || !tryStart(task)) {
            waiting.add(task);
            book.change(task, TaskState.QUEUED, nowS, index);
        }
    }

    /** Takes a queued task out of the queue; the caller decides where it goes. */
    public void withdraw(int task) {
        book.revise(task);
        waiting.forget(task);
        if (waiting.size() > 0) {
            scheduleServe(); // the task may have been the head that held up its lane
        }
    }

    private void scheduleServe() {
        if (!serveScheduled) {
            serveScheduled = true;
            now(Tags.SERVE, null);
        }
    }

    private void serve() {
        serveScheduled = false;
        waiting.serve(this::tryStart);
    }

    private boolean tryStart(int task) {
        TaskStore tasks = book.tasks();
        int host = pool.find(tasks.cores(task), tasks.memGb(task), tasks.gpus(task), tasks.gpuType(task));
        if (host < 0) {
            return false;
        }
        RunningTask run = hold(task, host);
        double nowS = nowS();
        double startS = wakeUp(host, run, nowS);
        run.startS = startS;
        book.ledger().host.set(task, host);
        book.ledger().startS.set(task, startS);
        book.change(task, TaskState.RUNNING, nowS, index);
        if (!power.isWaking(host)) {
            execute(run);
        }
        return true;
    }

    private RunningTask hold(int task, int host) {
        TaskStore tasks = book.tasks();
        RunningTask run = spare.isEmpty() ? new RunningTask() : spare.remove(spare.size() - 1);
        run.reset();
        run.task = task;
        run.host = host;
        run.cores = tasks.cores(task);
        run.memGb = tasks.memGb(task);
        run.gpus = tasks.gpus(task);
        run.gpuMask = pool.take(host, run.cores, run.memGb, run.gpus);
        run.slot = running.size();
        running.add(run);
        power.nextGeneration(host);
        return run;
    }

    /** Wakes the host if it sleeps; returns when the task can execute on it. */
    private double wakeUp(int host, RunningTask run, double nowS) {
        if (power.isAsleep(host)) {
            power.beginWake(host, nowS);
            double awakeS = nowS + pool.group(host).spec.sleep().wakeS();
            at(awakeS, Tags.HOST_POWER, new WakeUp(host));
        }
        if (!power.isWaking(host)) {
            return nowS;
        }
        upcoming.computeIfAbsent(host, h -> new ArrayList<>()).add(run);
        return power.modeSinceS(host) + pool.group(host).spec.sleep().wakeS();
    }

    private void execute(RunningTask run) {
        double nowS = nowS();
        HostSpec host = pool.group(run.host).spec;
        double othersFrac = Math.max(0, pool.usedCoresOn(run.host) - run.cores) / host.cores();
        run.executing = true;
        run.powerFactor = physics.powerFactor(run.task);
        run.runtimeS = physics.runtimeS(run.task, host, othersFrac);
        run.idleW = run.cores / host.cores() * host.idleW();
        power.touch(run.host, nowS);
        power.begin(run);
        enterPhase(run, 0);
        power.settle(run.host);
        at(nowS + run.runtimeS, Tags.FINISH, run);
    }

    /** Loads a touched host with a phase of the task; phases without duration are passed over. */
    private void enterPhase(RunningTask run, int phase) {
        int p = phase;
        int last = physics.phases(run.task) - 1;
        while (p < last && physics.phaseFrac(run.task, p) == 0) {
            p++;
        }
        HostSpec host = pool.group(run.host).spec;
        run.phase = p;
        run.utilisedCores = run.cores * physics.cpuUtilFrac(run.task, p, run.powerFactor);
        run.gpuW = run.gpus * physics.gpuUtilFrac(run.task, p, run.powerFactor) * (host.gpuMaxW() - host.gpuIdleW());
        power.addLoad(run);
        run.open(power.meters(), facility);
        if (p < last) {
            double endFrac = run.doneBeforePhaseFrac + physics.phaseFrac(run.task, p);
            double endS = Math.min(run.startS + run.runtimeS * endFrac, run.startS + run.runtimeS);
            run.doneBeforePhaseFrac = endFrac;
            at(Math.max(endS, nowS()), Tags.PHASE, run);
        }
    }

    private void nextPhase(RunningTask run) {
        if (!run.executing) {
            return; // its last phase had no duration and it finished at this instant
        }
        power.touch(run.host, nowS());
        run.close(power.meters(), facility);
        power.removeLoad(run);
        enterPhase(run, run.phase + 1);
        power.settle(run.host);
    }

    private void finish(RunningTask run) {
        double nowS = nowS();
        int host = run.host;
        power.touch(host, nowS);
        run.close(power.meters(), facility);
        run.record(book.ledger(), facility, nowS);
        power.addBusy(host, run.cores * (nowS - run.startS));
        power.removeLoad(run);
        power.end(run);
        power.settle(host);
        pool.release(host, run.cores, run.memGb, run.gpus, run.gpuMask);
        run.executing = false;
        removeRunning(run);
        book.ledger().finishS.set(run.task, nowS);
        book.ledger().doneFrac.set(run.task, 1);
        if (waiting.size() > 0) {
            scheduleServe();
        }
        if (pool.tasksOn(host) == 0) {
            armSleep(host);
        }
        book.change(run.task, TaskState.FINISHED, nowS, index);
        recycle(run);
    }

    private void removeRunning(RunningTask run) {
        RunningTask last = running.remove(running.size() - 1);
        if (last != run) {
            running.set(run.slot, last);
            last.slot = run.slot;
        }
    }

    /** A task with several phases may have an event left at this very instant; only single-phase ones are safe to reuse. */
    private void recycle(RunningTask run) {
        if (physics.phases(run.task) == 1) {
            spare.add(run);
        }
    }

    private void armSleep(int host) {
        HostSpec.Sleep sleep = pool.group(host).spec.sleep();
        if (sleep != null) {
            at(nowS() + sleep.afterS(), Tags.HOST_POWER, new SleepTimer(host, power.nextGeneration(host)));
        }
    }

    private void hostPower(Object data) {
        if (data instanceof SleepTimer timer) {
            if (timer.generation == power.generation(timer.host)) {
                power.sleep(timer.host, nowS());
            }
            return;
        }
        int host = ((WakeUp) data).host;
        power.endWake(host, nowS());
        for (RunningTask run : upcoming.remove(host)) {
            execute(run);
        }
    }

    /** Whether the task could start at this instant. */
    public boolean fitsNow(int task) {
        TaskStore tasks = book.tasks();
        return !waiting.mustWaitBehind(task)
                && pool.find(tasks.cores(task), tasks.memGb(task), tasks.gpus(task), tasks.gpuType(task)) >= 0;
    }

    /** Whether the task could ever start here. */
    public boolean couldHold(int task) {
        TaskStore tasks = book.tasks();
        return spec.couldHold(tasks.cores(task), tasks.memGb(task), tasks.gpus(task), tasks.gpuType(task));
    }

    /** Cores that the task asks for. */
    public double coresOf(int task) {
        return book.tasks().cores(task);
    }

    /** Fills in the state of now. */
    public void view(DatacenterView view) {
        double nowS = nowS();
        view.freeCores = pool.freeCores();
        view.freeGpus = pool.freeGpus();
        view.freeMemGb = pool.freeMemGb();
        view.maxFreeCores = pool.maxFreeCores();
        view.maxFreeGpus = pool.maxFreeGpus();
        view.running = running.size();
        view.queued = waiting.size();
        view.queuedCores = waiting.cores();
        view.inbound = transfers.inbound();
        view.inboundCores = transfers.inboundCores();
        view.usedCores = pool.usedCores();
        view.utilisationFrac = pool.usableCores() > 0 ? pool.usedCores() / pool.usableCores() : 0;
        view.itW = facility.itW();
        view.pue = facility.pueAt(nowS);
        GridSignals grid = facility.grid();
        if (nowS < grid.carbon().endS()) {
            view.carbonGpkwh = grid.carbon().at(nowS);
            view.marginalGpkwh = grid.marginal().at(nowS);
            view.windFrac = grid.wind().at(nowS);
            view.solarFrac = grid.solar().at(nowS);
            view.renewableFrac = grid.renewable().at(nowS);
            view.pricePerKwh = grid.price().at(nowS);
            view.temperatureC = grid.temperature().at(nowS);
        }
    }

    /** Closes the meters of the slot that ends now. */
    public MeterTotals closeSlot(double startS) {
        return facility.closeSlot(startS, nowS());
    }

    /** Brings all meters up to the end of the run and writes what running tasks used so far. */
    public void closeRun() {
        double nowS = nowS();
        for (int host = 0; host < pool.hosts(); host++) {
            power.touch(host, nowS);
        }
        for (RunningTask run : running) {
            if (run.executing) {
                run.close(power.meters(), facility);
                run.open(power.meters(), facility);
                run.record(book.ledger(), facility, nowS);
                power.addBusy(run.host, run.cores * (nowS - run.startS));
            }
            book.ledger().doneFrac.set(run.task, run.doneFrac(nowS));
        }
    }

    /** Progress of each running task, told one by one. */
    public void progress(ProgressSink sink) {
        double nowS = nowS();
        for (RunningTask run : running) {
            sink.progress(run.task, run.doneFrac(nowS));
        }
    }

    /** Receives the progress of a running task. */
    public interface ProgressSink {
        /** {@code doneFrac} of the task's work is done. */
        void progress(int task, double doneFrac);
    }

    /**
     * Recounts the hosts.
     *
     * @throws IllegalStateException when capacity is held twice or lost
     */
    public void check() {
        for (int host = 0; host < pool.hosts(); host++) {
            pool.check(host);
        }
    }

    public DatacenterSpec spec() {
        return spec;
    }

    public FacilityMeter facility() {
        return facility;
    }

    HostPool pool() {
        return pool;
    }

    HostPower power() {
        return power;
    }

    WaitingLanes waiting() {
        return waiting;
    }

    List<RunningTask> running() {
        return running;
    }

    TransferDesk transfers() {
        return transfers;
    }

    TaskPhysics physics() {
        return physics;
    }
}
