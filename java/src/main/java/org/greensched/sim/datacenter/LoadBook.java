package org.greensched.sim.datacenter;

import java.util.function.IntConsumer;
import org.greensched.sim.runfolder.JobLedger;

/** Keeps meters, capacity and records in step when a running task changes its load or its host. */
final class LoadBook implements Engine.LoadListener {
    private final Execution.Timeline timeline;
    private final HostPool pool;
    private final HostPower power;
    private final FacilityMeter facility;
    private final JobLedger ledger;
    private final HostGuests guests;
    private final IntConsumer emptied;
    private final Runnable freed;

    /**
     * @param emptied told of a host that holds nothing any more
     * @param freed told when capacity was freed
     */
    LoadBook(
            Execution.Timeline timeline, HostPool pool, HostPower power, FacilityMeter facility, JobLedger ledger,
            HostGuests guests, IntConsumer emptied, Runnable freed) {
        this.timeline = timeline;
        this.pool = pool;
        this.power = power;
        this.facility = facility;
        this.ledger = ledger;
        this.guests = guests;
        this.emptied = emptied;
        this.freed = freed;
    }

    @Override
    public void changed(RunningTask run, double utilisedCores, double gpuW) {
        power.touch(run.host, timeline.nowS());
        run.close(power.meters(), facility);
        power.removeLoad(run);
        run.utilisedCores = utilisedCores;
        run.gpuW = gpuW;
        power.addLoad(run);
        run.open(power.meters(), facility);
        power.settle(run.host);
    }

    /** Whether a host is up and awake, so that a machine can move there. */
    boolean isUp(int host) {
        return !power.isAsleep(host) && !power.isWaking(host) && !pool.isDown(host);
    }

    /** Cores of a host that are busy. */
    double utilisedCores(int host) {
        return power.utilisedCores(host);
    }

    /** Holds capacity for a machine that is to come. */
    void reserve(int host, double cores, double memGb) {
        pool.take(host, cores, memGb, 0);
        power.nextGeneration(host);
    }

    /** Gives up what {@link #reserve} held. */
    void giveUp(int host, double cores, double memGb) {
        release(host, cores, memGb);
    }

    private void release(int host, double cores, double memGb) {
        pool.release(host, cores, memGb, 0, 0);
        if (pool.tasksOn(host) == 0) {
            emptied.accept(host);
        }
        freed.run();
    }

    /**
     * A task without GPUs goes on on a host where room was reserved for it.
     *
     * @param onItsWay called when it is on neither host; may set its load
     */
    void move(RunningTask run, int host, double cores, Runnable onItsWay) {
        double nowS = timeline.nowS();
        int source = run.host;
        power.touch(source, nowS);
        run.close(power.meters(), facility);
        power.addBusy(source, run.cores * (nowS - run.sinceS));
        power.removeLoad(run);
        power.end(run);
        power.settle(source);
        double coresBefore = run.cores;
        guests.remove(run);
        run.host = host;
        guests.add(run);
        run.cores = cores;
        run.sinceS = nowS;
        run.idleW = cores / pool.group(host).spec.cores() * pool.group(host).spec.idleW();
        onItsWay.run();
        power.touch(host, nowS);
        power.begin(run);
        power.addLoad(run);
        run.open(power.meters(), facility);
        power.settle(host);
        ledger.host.set(run.task, host);
        release(source, coresBefore, run.memGb);
    }
}
