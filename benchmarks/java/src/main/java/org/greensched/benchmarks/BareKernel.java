package org.greensched.benchmarks;

import ch.qos.logback.classic.Level;
import org.cloudsimplus.core.CloudSimEntity;
import org.cloudsimplus.core.CloudSimPlus;
import org.cloudsimplus.core.events.SimEvent;
import org.cloudsimplus.util.Log;

/** The upper bound: CloudSim Plus's kernel alone, two events a job (arrival, completion), no datacenter at all. */
public final class BareKernel {
    private static final int ARRIVAL = 2000;
    private static final int FINISH = 1999;

    private BareKernel() {}

    /** Runs {@code jobs} jobs and returns the wall time in seconds. */
    static double run(int jobs, double horizonS) {
        Log.setLevel(Level.OFF);
        CloudSimPlus kernel = new CloudSimPlus(1e-9);
        var chain = new Chain(kernel, jobs, horizonS);
        long begin = System.nanoTime();
        kernel.start();
        double wallS = (System.nanoTime() - begin) / 1e9;
        if (chain.finished != jobs) {
            throw new IllegalStateException(chain.finished + " of " + jobs + " jobs finished");
        }
        return wallS;
    }

    /** Chains arrivals and schedules each completion as an event. */
    private static final class Chain extends CloudSimEntity {
        private final int jobs;
        private final double gapS;
        private int arrived;
        private int finished;

        Chain(CloudSimPlus kernel, int jobs, double horizonS) {
            super(kernel);
            this.jobs = jobs;
            this.gapS = horizonS / jobs;
        }

        @Override
        protected void startInternal() {
            schedule(gapS, ARRIVAL);
        }

        @Override
        public void processEvent(SimEvent event) {
            if (event.getTag() == FINISH) {
                finished++;
            }
            if (event.getTag() != ARRIVAL) {
                return; // the kernel also announces its end
            }
            schedule(60 + arrived * 7919L % 1200, FINISH);
            if (++arrived < jobs) {
                schedule(gapS, ARRIVAL);
            }
        }
    }
}
