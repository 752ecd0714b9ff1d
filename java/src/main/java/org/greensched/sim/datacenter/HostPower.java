package org.greensched.sim.datacenter;

import org.greensched.sim.runfolder.HostSpec;

/**
 * Power states of the hosts of a datacenter and their power at every instant: awake (curve at the utilised cores, GPUs),
 * waking, asleep, down. Keeps the meters of hosts and facility in step: {@link #touch} before a change, {@link #settle} after it.
 */
final class HostPower {
    private static final byte AWAKE = 0;
    private static final byte WAKING = 1;
    private static final byte ASLEEP = 2;
    private static final byte DOWN = 3;

    private final HostPool pool;
    private final FacilityMeter facility;
    private final HostMeters meters;
    private final byte[] mode;
    /** Raised whenever a host stops being idle, so that sleep timers set before are recognised as stale. */
    private final int[] generation;
    private final double[] utilisedCores;
    private final double[] gpuW;
    private final double[] chargedIdleW;
    private final int[] executing;
    private final double[] modeSinceS;
    private final double[] idleSinceS;
    private final double[] asleepS;
    private final double[] downS;
    private final double[] downW;
    private final double[] busyCoreS;
    private final int[] wakes;
    private final int[] started;
    private int asleep;

    HostPower(HostPool pool, FacilityMeter facility) {
        this.pool = pool;
        this.facility = facility;
        int n = pool.hosts();
        meters = new HostMeters(facility, n);
        mode = new byte[n];
        generation = new int[n];
        utilisedCores = new double[n];
        gpuW = new double[n];
        chargedIdleW = new double[n];
        executing = new int[n];
        modeSinceS = new double[n];
        idleSinceS = new double[n];
        asleepS = new double[n];
        downS = new double[n];
        downW = new double[n];
        busyCoreS = new double[n];
        wakes = new int[n];
        started = new int[n];
        for (int h = 0; h < n; h++) {
            settle(h);
        }
    }

    /** Integrates facility and host up to {@code nowS}; to be called before anything changes on the host. */
    void touch(int host, double nowS) {
        facility.advance(nowS);
        meters.touch(host);
    }

    /** Recomputes the power of a touched host and tells the facility. */
    void settle(int host) {
        HostGroup group = pool.group(host);
        HostSpec spec = group.spec;
        double watts;
        double charged = 0;
        double perCore = 0;
        if (mode[host] == AWAKE) {
            double dynamicW = group.curve.dynamicW(utilisedCores[host] / spec.cores());
            perCore = utilisedCores[host] > 0 ? dynamicW / utilisedCores[host] : 0;
            watts = spec.idleW() + dynamicW + gpuW[host];
            charged = dynamicW + gpuW[host] + chargedIdleW[host];
        } else {
            watts = switch (mode[host]) {
                case ASLEEP -> spec.sleep().powerW();
                case WAKING -> spec.sleep().wakePowerW();
                default -> downW[host];
            };
        }
        double free = watts - charged;
        double before = meters.powerW(host);
        double freeBefore = meters.freeW(host);
        meters.set(host, watts, free, perCore);
        facility.shift(watts - before, (watts - free) - (before - freeBefore), free - freeBefore, 0);
    }

    /** A task begins to execute or changes phase: adds its load to a touched host. */
    void addLoad(RunningTask task) {
        utilisedCores[task.host] += task.utilisedCores;
        gpuW[task.host] += task.gpuW;
    }

    /** Takes the load of a task from a touched host. */
    void removeLoad(RunningTask task) {
        utilisedCores[task.host] = Math.max(0, utilisedCores[task.host] - task.utilisedCores);
        gpuW[task.host] = Math.max(0, gpuW[task.host] - task.gpuW);
    }

    /** A task begins to execute. */
    void begin(RunningTask task) {
        executing[task.host]++;
        started[task.host]++;
        chargedIdleW[task.host] += task.idleW;
    }

    /** A task ended; the sums of an empty host are exactly 0, whatever rounding left. */
    void end(RunningTask task) {
        int host = task.host;
        chargedIdleW[host] = Math.max(0, chargedIdleW[host] - task.idleW);
        if (--executing[host] == 0) {
            chargedIdleW[host] = 0;
            utilisedCores[host] = 0;
            gpuW[host] = 0;
            meters.rebase(host);
        }
    }

    /** Adds core-seconds that tasks really held while executing. */
    void addBusy(int host, double coreS) {
        busyCoreS[host] += coreS;
    }

    /** An idle host falls asleep. */
    void sleep(int host, double nowS) {
        touch(host, nowS);
        mode[host] = ASLEEP;
        asleep++;
        modeSinceS[host] = nowS;
        settle(host);
    }

    /** A sleeping host begins to wake up. */
    void beginWake(int host, double nowS) {
        touch(host, nowS);
        asleepS[host] += nowS - modeSinceS[host];
        asleep--;
        mode[host] = WAKING;
        wakes[host]++;
        modeSinceS[host] = nowS;
        settle(host);
        facility.shift(0, 0, 0, meters.powerW(host));
    }

    /** A waking host is awake. */
    void endWake(int host, double nowS) {
        touch(host, nowS);
        facility.shift(0, 0, 0, -meters.powerW(host));
        mode[host] = AWAKE;
        modeSinceS[host] = nowS;
        settle(host);
    }

    /** A host without tasks breaks, whatever it did, and draws {@code watts} until it is up again. */
    void takeDown(int host, double nowS, double watts) {
        touch(host, nowS);
        if (mode[host] == ASLEEP) {
            asleepS[host] += nowS - modeSinceS[host];
            asleep--;
        } else if (mode[host] == WAKING) {
            facility.shift(0, 0, 0, -meters.powerW(host));
        }
        mode[host] = DOWN;
        modeSinceS[host] = nowS;
        downW[host] = watts;
        settle(host);
    }

    /** A host that is down draws another power from now on. */
    void setDownPower(int host, double nowS, double watts) {
        touch(host, nowS);
        downW[host] = watts;
        settle(host);
    }

    /** A host is up again: awake and idle. */
    void bringUp(int host, double nowS) {
        touch(host, nowS);
        downS[host] += nowS - modeSinceS[host];
        mode[host] = AWAKE;
        modeSinceS[host] = nowS;
        settle(host);
    }

    boolean isAsleep(int host) {
        return mode[host] == ASLEEP;
    }

    boolean isWaking(int host) {
        return mode[host] == WAKING;
    }

    /** Makes running sleep timers of a host stale; returns the number for a new one. */
    int nextGeneration(int host) {
        return ++generation[host];
    }

    int generation(int host) {
        return generation[host];
    }

    /** A host has nothing to do from {@code nowS} on; returns the number for its sleep timer. */
    int idle(int host, double nowS) {
        idleSinceS[host] = nowS;
        return nextGeneration(host);
    }

    /** Since when an empty host has been idle, seconds. */
    double idleSinceS(int host) {
        return idleSinceS[host];
    }

    /** When the host's present power state began, seconds. */
    double modeSinceS(int host) {
        return modeSinceS[host];
    }

    int asleep() {
        return asleep;
    }

    double utilisedCores(int host) {
        return utilisedCores[host];
    }

    double asleepS(int host, double nowS) {
        return asleepS[host] + (mode[host] == ASLEEP ? nowS - modeSinceS[host] : 0);
    }

    double downS(int host, double nowS) {
        return downS[host] + (mode[host] == DOWN ? nowS - modeSinceS[host] : 0);
    }

    double busyCoreS(int host) {
        return busyCoreS[host];
    }

    int wakes(int host) {
        return wakes[host];
    }

    int started(int host) {
        return started[host];
    }

    HostMeters meters() {
        return meters;
    }
}
