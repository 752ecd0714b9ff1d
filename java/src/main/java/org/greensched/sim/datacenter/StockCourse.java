package org.greensched.sim.datacenter;

import org.cloudsimplus.cloudlets.Cloudlet;

/** The cloudlets of one attempt at a virtual machine: when each is submitted, and what each has done. */
final class StockCourse {
    private final StockMachine machine;
    private final int[] rows;
    private final double[] atS;
    private final Cloudlet[] cloudlets;
    private final double[] keptUnits;
    private int next;

    /**
     * @param rows the cloudlets in the order of submission
     * @param atS when each is submitted, in this order
     */
    StockCourse(StockMachine machine, int[] rows, double[] atS) {
        this.machine = machine;
        this.rows = rows;
        this.atS = atS;
        this.cloudlets = new Cloudlet[rows.length];
        this.keptUnits = new double[rows.length];
    }

    StockMachine machine() {
        return machine;
    }

    /** When the next cloudlet is to be submitted; infinity: all are. */
    double nextS() {
        return next < rows.length ? atS[next] : Double.POSITIVE_INFINITY;
    }

    boolean isDue(double nowS) {
        return nextS() <= nowS;
    }

    /** The next cloudlet to be submitted. */
    int next() {
        return rows[next];
    }

    /** It is submitted. */
    void submitted(Cloudlet cloudlet) {
        cloudlets[next++] = cloudlet;
    }

    /** A checkpoint keeps what every cloudlet has done when the machine was last looked at. */
    void checkpoint() {
        for (int i = 0; i < next; i++) {
            keptUnits[i] = cloudlets[i].getFinishedLengthSoFar();
        }
    }

    /** What the last checkpoint kept of a cloudlet, on each of its cores. */
    double keptUnits(int row) {
        int i = indexOf(row);
        return i < 0 ? 0 : keptUnits[i];
    }

    /** What a cloudlet has done, on each of its cores. */
    double doneUnits(int row, double nowS) {
        int i = indexOf(row);
        return i < 0 || i >= next ? 0 : machine.doneUnits(cloudlets[i], nowS);
    }

    private int indexOf(int row) {
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] == row) {
                return i;
            }
        }
        return -1;
    }
}
