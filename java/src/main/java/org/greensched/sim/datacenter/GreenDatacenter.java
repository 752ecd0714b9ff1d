package org.greensched.sim.datacenter;

import java.util.List;
import org.cloudsimplus.core.events.SimEvent;
import org.greensched.sim.carbon.GridSignals;
import org.greensched.sim.carbon.StepSignal;
import org.greensched.sim.kernel.GreenEntity;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.kernel.Tags;
import org.greensched.sim.placement.DatacenterView;
import org.greensched.sim.runfolder.DatacenterSpec;
import org.greensched.sim.runfolder.FaultSchedule;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.workload.TaskBook;
import org.greensched.sim.workload.TaskPhysics;

/**
 * One datacenter of the world: an entity of CloudSim Plus's kernel in which every completion, phase change, wake-up and
 * arrival of data is an event at its exact time; nothing is polled.
 */
public final class GreenDatacenter extends GreenEntity {
    private final int index;
    private final DatacenterSpec spec;
    private final TaskBook book;
    private final TaskPhysics physics;
    private final FacilityMeter facility;
    private final HostPool pool;
    private final TaskRoom room;
    private final Execution execution;
    private final WaitingLanes waiting;
    private final TransferDesk transfers;
    private final FaultDesk faults;
    private boolean serveScheduled;

    /** Receives the progress of a running task. */
    public interface ProgressSink {
        /** {@code doneFrac} of the task's work is done. */
        void progress(int task, double doneFrac);
    }

    /**
     * @param index position among the datacenters of the run
     * @param grid signals of this datacenter
     * @param model what executes tasks
     */
    public GreenDatacenter(
            GreenKernel kernel, int index, DatacenterSpec spec, int gpuTypes, GridSignals grid, TaskBook book,
            TaskPhysics physics, ExecutionModel model) {
        super(kernel);
        this.index = index;
        this.spec = spec;
        this.book = book;
        this.physics = physics;
        this.facility = new FacilityMeter(grid, spec.pue());
        this.pool = new HostPool(spec, physics.hosts(index, spec, grid.temperature()));
        this.execution = new Execution(index, new KernelTimeline(), book, physics, facility, pool, model, this::scheduleServe);
        this.room = new TaskRoom(pool, book.tasks(), physics.vms());
        this.waiting = new WaitingLanes(book, gpuTypes);
        this.transfers = new TransferDesk(grid.carbon(), book);
        this.faults = new FaultDesk(index, execution, waiting, book, facility, physics.recovery(), room::couldHold);
    }

    /** Gives {@link Execution} the kernel's clock and queue. */
    private final class KernelTimeline implements Execution.Timeline {
        @Override
        public double nowS() {
            return GreenDatacenter.this.nowS();
        }

        @Override
        public void at(double timeS, int tag, Object data) {
            GreenDatacenter.this.at(timeS, tag, data);
        }
    }

    @Override
    protected void startInternal() {
        execution.begin();
    }

    @Override
    public void processEvent(SimEvent event) {
        switch (event.getTag()) {
            case Tags.ENGINE, Tags.MIGRATION -> execution.due(event.getData());
            case Tags.FINISH -> finish((RunningTask) event.getData());
            case Tags.PHASE -> execution.nextPhase((RunningTask) event.getData());
            case Tags.HOST_POWER -> execution.hostPower(event.getData());
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
        TransferDesk.Transfer transfer = transfers.begin(task, nowS, nowS + transferS, transferKwh, homeCarbon);
        if (transferS > 0) {
            book.change(task, TaskState.TRANSFERRING, nowS, index);
            at(transfer.endS(), Tags.TRANSFER, transfer);
        } else {
            admit(transfers.complete(transfer, nowS));
        }
    }

    private void admit(int task) {
        double nowS = nowS();
        if (faults.isOut() || !couldHold(task)) {
            faults.requeue(task, nowS); // its data came to a place that has lost power, or the hosts for it, meanwhile
            return;
        }
        book.ledger().queuedS.set(task, nowS);
        if (waiting.mustWaitBehind(task) || !execution.tryStart(task)) {
            waiting.add(task);
            book.change(task, TaskState.QUEUED, nowS, index);
        }
    }

    /** Takes a queued task out of the queue; the caller decides where it goes. */
    public void withdraw(int task) {
        book.revise(task);
        waiting.forget(task);
        scheduleServe(); // the task may have been the head that held up its lane
    }

    private void scheduleServe() {
        if (!serveScheduled && waiting.size() > 0) {
            serveScheduled = true;
            now(Tags.SERVE, null);
        }
    }

    private void serve() {
        serveScheduled = false;
        waiting.serve(execution::tryStart);
    }

    /** A fault of this datacenter begins: what runs on a failed host, or waits in a dark datacenter, leaves it. */
    public void beginFault(FaultSchedule.Fault fault) {
        faults.begin(fault, nowS());
        scheduleServe(); // a task that fell may have held back others under the utilisation cap
    }

    /** A fault of this datacenter is over. */
    public void endFault(FaultSchedule.Fault fault) {
        faults.end(fault, nowS());
        scheduleServe();
    }

    /** What is broken here. */
    public FaultDesk faults() {
        return faults;
    }

    private void finish(RunningTask run) {
        if (run.interrupted) {
            return;
        }
        int task = run.task;
        execution.finish(run);
        scheduleServe();
        book.change(task, TaskState.FINISHED, nowS(), index);
    }

    /** Whether the task could start at this instant. */
    public boolean fitsNow(int task) {
        return !waiting.mustWaitBehind(task) && room.find(task) >= 0;
    }

    /** Whether the task could ever start here. */
    public boolean couldHold(int task) {
        return room.couldHold(task);
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
        view.running = running().size();
        view.queued = waiting.size();
        view.queuedCores = waiting.demand().cores();
        view.queuedGpus = waiting.demand().gpus();
        view.queuedMemGb = waiting.demand().memGb();
        view.inbound = transfers.inbound().tasks();
        view.inboundCores = transfers.inbound().cores();
        view.inboundGpus = transfers.inbound().gpus();
        view.inboundMemGb = transfers.inbound().memGb();
        view.usedCores = pool.usedCores();
        view.utilisationFrac = pool.mostCores() > 0 ? pool.usedCores() / pool.mostCores() : 0;
        view.itW = facility.itW();
        view.pue = facility.pueAt(nowS);
        GridSignals grid = facility.grid();
        view.down = faults.isOut() ? 1 : 0;
        view.failedCores = pool.unavailableCores();
        if (faults.isBlind()) {
            view.hideGrid();
        } else if (nowS < grid.carbon().endS()) { // at the very end of the signals the last values stay
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
    MeterTotals closeSlot(double startS) {
        return facility.closeSlot(startS, nowS());
    }

    /** Brings all meters up to the end of the run and writes what running tasks used so far. */
    public void closeRun() {
        facility.advance(nowS());
        execution.closeRun();
    }

    /** Progress of each running task, told one by one. */
    public void progress(ProgressSink sink) {
        for (RunningTask run : running()) {
            sink.progress(run.task, execution.doneFrac(run));
        }
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

    /** Published facts. */
    public DatacenterSpec spec() {
        return spec;
    }

    /** The meter of the whole datacenter. */
    public FacilityMeter facility() {
        return facility;
    }

    HostPool pool() {
        return pool;
    }

    HostPower power() {
        return execution.power();
    }

    WaitingLanes waiting() {
        return waiting;
    }

    List<RunningTask> running() {
        return execution.running();
    }

    TransferDesk transfers() {
        return transfers;
    }

    TaskPhysics physics() {
        return physics;
    }
}
