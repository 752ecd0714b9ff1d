package org.greensched.sim.support;

import java.util.ArrayList;
import java.util.List;
import org.greensched.sim.columns.ColumnType;
import org.greensched.sim.columns.FrameWriter;

/** The tables of virtual machines and cloudlets of a {@link TestWorld}. */
final class TestVms {
    private TestVms() {}

    /** Adds the two tables, if any task is a virtual machine. */
    static void write(FrameWriter w, List<TestTask> tasks) {
        List<double[]> vms = new ArrayList<>();
        List<double[]> cloudlets = new ArrayList<>();
        for (int t = 0; t < tasks.size(); t++) {
            TestTask task = tasks.get(t);
            if (task.vm != null) {
                vms.add(new double[] {t, task.vm[0], task.vm[1], task.vm[2]});
                for (double[] c : task.cloudlets) {
                    cloudlets.add(new double[] {t, c[0], c[1], c[2], c[3]});
                }
            }
        }
        if (vms.isEmpty()) {
            return;
        }
        w.table("vms", vms.size());
        w.i64("task", longs(vms)).f64("mips", doubles(vms, 1)).i32("scheduler", ints(vms, 2));
        w.f64("bw_mbps", constant(vms.size(), 1000)).f64("size_mb", constant(vms.size(), 10000)).f64("boot_s", doubles(vms, 3));
        w.table("cloudlets", cloudlets.size());
        w.i64("task", longs(cloudlets));
        text(w, "name", cloudlets.size());
        w.f64("length_mi", doubles(cloudlets, 1)).i32("pes", ints(cloudlets, 2)).f64("delay_s", doubles(cloudlets, 3));
        w.f64("cpu_util_frac", doubles(cloudlets, 4));
        text(w, "reason", cloudlets.size());
    }

    private static void text(FrameWriter w, String name, int rows) {
        w.open(name, ColumnType.STR);
        for (int i = 0; i < rows; i++) {
            w.putStr("");
        }
    }

    private static long[] longs(List<double[]> rows) {
        return rows.stream().mapToLong(r -> (long) r[0]).toArray();
    }

    private static int[] ints(List<double[]> rows, int column) {
        return rows.stream().mapToInt(r -> (int) r[column]).toArray();
    }

    private static double[] doubles(List<double[]> rows, int column) {
        return rows.stream().mapToDouble(r -> r[column]).toArray();
    }

    private static double[] constant(int rows, double value) {
        double[] all = new double[rows];
        java.util.Arrays.fill(all, value);
        return all;
    }
}
