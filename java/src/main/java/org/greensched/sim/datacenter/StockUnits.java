package org.greensched.sim.datacenter;

import org.cloudsimplus.cloudlets.Cloudlet;
import org.cloudsimplus.cloudlets.CloudletSimple;
import org.cloudsimplus.utilizationmodels.UtilizationModel;
import org.cloudsimplus.utilizationmodels.UtilizationModelDynamic;
import org.greensched.sim.kernel.GreenKernel;

/**
 * Amounts of work in a unit of a site's own, small enough for CloudSim Plus's habit of cutting every amount down to a whole
 * number; and cloudlets in that unit.
 */
final class StockUnits {
    /** What the fastest core of the site does in a second, unless a long would not hold the work of the whole run then. */
    private static final double FASTEST_RATE = 1e11;
    private static final double LONGEST_WORK = 4e18;
    /** A cloudlet is shorter by the work of so many seconds, so that it is done when it ought to be in spite of rounding. */
    private static final double SLACK_S = 2e-8;
    private static final int SLACK_UNITS = 4;

    private final GreenKernel kernel;
    private final double perMi;
    private long cloudlets;

    /** @param endS of the run: what takes longer may be cut, it will not be done */
    StockUnits(GreenKernel kernel, HostPool pool, double endS) {
        this.kernel = kernel;
        double fastest = 0;
        for (HostGroup group : pool.cpuGroups()) {
            fastest = Math.max(fastest, group.spec.mips());
        }
        this.perMi = Math.min(FASTEST_RATE, LONGEST_WORK / Math.max(1, endS)) / fastest;
    }

    /** Units per million instructions. */
    double perMi() {
        return perMi;
    }

    /** The rate of a core of so many MIPS; CloudSim Plus takes whole ones. */
    double rate(double mips) {
        return Math.floor(mips * perMi);
    }

    /** Length of a cloudlet that does so many units at a rate, a touch less; may be 0 or less. */
    long length(double units, double rate) {
        return (long) Math.floor(units - SLACK_S * rate - SLACK_UNITS - 4 * Math.ulp(units));
    }

    /** A cloudlet that can use a part of the MIPS of so many cores. */
    Cloudlet cloudlet(long length, int cores, double utilFrac) {
        Cloudlet cloudlet = new CloudletSimple(length, cores);
        cloudlet.setId(cloudlets++);
        if (utilFrac < 1) {
            UtilizationModel part = new UtilizationModelDynamic(utilFrac);
            part.setSimulation(kernel);
            cloudlet.setUtilizationModelCpu(part);
        }
        return cloudlet;
    }
}
