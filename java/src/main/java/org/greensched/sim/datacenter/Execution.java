package org.greensched.sim.datacenter;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.greensched.sim.kernel.Tags;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.TaskState;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.util.IntList;
import org.greensched.sim.workload.TaskBook;
import org.greensched.sim.workload.TaskPhysics;

/**
 * The life of tasks on the hosts of one datacenter, from the first core held to the last, and the hosts' sleep in between.
 * What a task does between its first and its last instant is the business of an {@link Engine}.
 */
final class Execution {
    /** The kernel as seen from here. */
    interface Timeline {
        /** Now, seconds since the start of the scenario. */
        double nowS();

        /** An event for this datacenter. */
        void at(double timeS, int tag, Object data);
    }

    private record SleepTimer(int host, int generation) {}

    private record WakeUp(int host, int generation) {}

    private final int dc;
    private final Timeline timeline;
    private final TaskBook book;
    private final TaskPhysics physics;
    private final FacilityMeter facility;
    private final HostPool pool;
    private final TaskRoom room;
    private final HostPower power;
    private final Engine engine;
    private final List<RunningTask> running = new ArrayList<>();
    private final HostGuests guests;
    private final List<RunningTask> spare = new ArrayList<>();
    /** Tasks that hold cores on a host that is still waking up. */
    private final Map<Integer, List<RunningTask>> upcoming = new HashMap<>();

    Execution(int dc, Timeline timeline, TaskBook book, TaskPhysics physics, FacilityMeter facility, HostPool pool,
            ExecutionModel model, Runnable freed) {
        this.dc = dc;
        this.timeline = timeline;
        this.book = book;
        this.physics = physics;
        this.facility = facility;
        this.pool = pool;
        this.room = new TaskRoom(pool, book.tasks(), physics.vms());
        this.power = new HostPower(pool, facility);
        this.guests = new HostGuests(pool.hosts());
        this.engine = model.engine(
                dc, timeline, pool, new LoadBook(timeline, pool, power, facility, book.ledger(), guests, this::idle, freed));
    }

    /** The run begins: all hosts are awake and idle. */
    void begin() {
        for (int host = 0; host < pool.hosts(); host++) {
            idle(host);
        }
    }

    private void idle(int host) {
        if (pool.isWithdrawn(host)) {
            takeDown(host, 0); // drained: it is switched off
            return;
        }
        HostSpec.Sleep sleep = pool.group(host).spec.sleep();
        int generation = power.idle(host, timeline.nowS());
        if (sleep != null) {
            timeline.at(timeline.nowS() + sleep.afterS(), Tags.HOST_POWER, new SleepTimer(host, generation));
        }
    }

    /** Starts the task on the first host that has room; false if none has. */
    boolean tryStart(int task) {
        int host = room.find(task);
        if (host < 0) {
            return false;
        }
        double nowS = timeline.nowS();
        RunningTask run = hold(task, host);
        run.startS = wakeUp(host, run, nowS);
        run.sinceS = run.startS;
        book.ledger().host.set(task, host);
        if (power.isWaking(host)) {
            run.beforeS = book.ledger().startS.get(task);
        }
        book.ledger().startS.set(task, run.startS);
        if (book.ledger().attempts.get(task) == 0) {
            book.ledger().firstStartS.set(task, run.startS);
        }
        book.change(task, TaskState.RUNNING, nowS, dc);
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
        run.cores = room.coresOn(host, task);
        run.memGb = tasks.memGb(task);
        run.gpus = tasks.gpus(task);
        run.gpuMask = pool.take(host, run.cores, run.memGb, run.gpus);
        run.slot = running.size();
        running.add(run);
        guests.add(run);
        power.nextGeneration(host);
        return run;
    }

    /** Wakes the host if it sleeps; returns when the task can execute on it. */
    private double wakeUp(int host, RunningTask run, double nowS) {
        if (power.isAsleep(host)) {
            power.beginWake(host, nowS);
            double awakeS = nowS + pool.group(host).spec.sleep().wakeS();
            timeline.at(awakeS, Tags.HOST_POWER, new WakeUp(host, power.wakes(host)));
        }
        if (!power.isWaking(host)) {
            return nowS;
        }
        upcoming.computeIfAbsent(host, h -> new ArrayList<>()).add(run);
        return power.modeSinceS(host) + pool.group(host).spec.sleep().wakeS();
    }

    private void execute(RunningTask run) {
        HostSpec host = pool.group(run.host).spec;
        run.executing = true;
        int attempts = book.ledger().attempts.get(run.task);
        if (attempts > 0) {
            run.restartS = physics.recovery().restartS();
            run.resume(book.ledger());
        }
        run.powerFactor = physics.powerFactor(run.task);
        run.idleW = run.cores / host.cores() * host.idleW();
        power.touch(run.host, timeline.nowS());
        power.begin(run);
        engine.begin(run);
        book.ledger().attempts.set(run.task, attempts + 1);
        power.addLoad(run);
        run.open(power.meters(), facility);
        power.settle(run.host);
    }

    /** Something is due in the engine. */
    void due(Object data) {
        engine.due(data);
    }

    /** A task enters its next phase. */
    void nextPhase(RunningTask run) {
        engine.nextPhase(run);
    }

    /** A task is done; the caller gives the capacity to others. */
    void finish(RunningTask run) {
        double nowS = timeline.nowS();
        int host = run.host;
        power.touch(host, nowS);
        run.close(power.meters(), facility);
        run.record(book.ledger(), facility, nowS);
        power.addBusy(host, run.cores * (nowS - run.sinceS));
        power.removeLoad(run);
        power.end(run);
        power.settle(host);
        pool.release(host, run.cores, run.memGb, run.gpus, run.gpuMask);
        run.executing = false;
        engine.done(run);
        removeRunning(run);
        if (pool.tasksOn(host) == 0) {
            idle(host);
        }
        book.ledger().finishS.set(run.task, nowS);
        book.ledger().doneFrac.set(run.task, 1);
        if (run.work == null && physics.phases(run.task) == 1) {
            spare.add(run); // one with phases may have an event left at this very instant
        }
    }

    private void removeRunning(RunningTask run) {
        guests.remove(run);
        RunningTask last = running.remove(running.size() - 1);
        if (last != run) {
            running.set(run.slot, last);
            last.slot = run.slot;
        }
    }

    /** A sleep timer ran out or a host is awake. */
    void hostPower(Object data) {
        if (data instanceof SleepTimer timer) {
            if (timer.generation == power.generation(timer.host)) {
                power.sleep(timer.host, timeline.nowS());
            }
            return;
        }
        int host = ((WakeUp) data).host;
        if (((WakeUp) data).generation != power.wakes(host) || !power.isWaking(host)) {
            return; // it broke while it woke
        }
        power.endWake(host, timeline.nowS());
        for (RunningTask run : upcoming.remove(host)) {
            execute(run);
        }
    }

    /** Interrupts every task on a host; adds them to {@code lost}. The caller takes the host down and looks after the tasks. */
    void interruptAll(int host, IntList lost) {
        upcoming.remove(host);
        guests.follow(running);
        for (RunningTask run = guests.first(host); run != null; run = guests.first(host)) {
            interrupt(run);
            lost.add(run.task);
        }
        engine.hostLost(host);
    }

    private void interrupt(RunningTask run) {
        double nowS = timeline.nowS();
        if (run.executing) {
            double savedFrac = engine.stop(run);
            power.touch(run.host, nowS);
            run.close(power.meters(), facility);
            run.record(book.ledger(), facility, nowS);
            book.ledger().doneFrac.set(run.task, savedFrac);
            power.addBusy(run.host, run.cores * (nowS - run.sinceS));
            power.removeLoad(run);
            power.end(run);
            power.settle(run.host);
        } else {
            book.ledger().startS.set(run.task, run.beforeS); // its host was to be awake then
        }
        pool.release(run.host, run.cores, run.memGb, run.gpus, run.gpuMask);
        run.executing = false;
        run.interrupted = true; // and never used again: events may still carry it
        removeRunning(run);
    }

    /** A host without tasks breaks. */
    void takeDown(int host, double watts) {
        power.nextGeneration(host);
        pool.takeDown(host);
        power.takeDown(host, timeline.nowS(), watts);
    }

    /** No task starts on a host any more; what runs on it goes on, and once it is empty it is switched off. */
    void withdraw(int host) {
        pool.setWithdrawn(host, true);
        if (pool.isDown(host)) {
            power.setDownPower(host, timeline.nowS(), 0);
            return;
        }
        engine.hostLost(host); // what was on its way there stays where it is
        if (pool.tasksOn(host) == 0 && !pool.isDown(host)) {
            takeDown(host, 0);
        }
    }

    /** A host is up again. */
    void bringUp(int host) {
        pool.bringUp(host);
        power.bringUp(host, timeline.nowS());
        idle(host);
    }

    /** Brings the meters of all hosts up to now and writes what running tasks used so far. */
    void closeRun() {
        double nowS = timeline.nowS();
        for (int host = 0; host < pool.hosts(); host++) {
            power.touch(host, nowS);
        }
        for (RunningTask run : running) {
            if (run.executing) {
                run.close(power.meters(), facility);
                run.open(power.meters(), facility);
                run.record(book.ledger(), facility, nowS);
                power.addBusy(run.host, run.cores * (nowS - run.sinceS));
            }
            book.ledger().doneFrac.set(run.task, engine.doneFrac(run, nowS));
        }
    }

    /** Share of a running task's work that is done now. */
    double doneFrac(RunningTask run) {
        return engine.doneFrac(run, timeline.nowS());
    }

    /** Tasks that hold cores, in no particular order. */
    List<RunningTask> running() {
        return running;
    }

    HostPool pool() {
        return pool;
    }

    HostPower power() {
        return power;
    }
}
