package org.greensched.sim.runfolder;

import java.util.Arrays;
import java.util.List;
import org.greensched.sim.columns.F64;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.I32;
import org.greensched.sim.columns.Table;

/**
 * What is true about hosts and only the world knows: which kind a group of them is, what tasks with a profile do on each
 * kind, and the outdoor temperature above which a datacenter's hosts are throttled (hidden.gsf: {@code host_kinds},
 * {@code profiles}, {@code cooling}, PROTOCOL.md §2.3). All three are optional.
 */
public final class HiddenHosts {
    /** Rows checked by one call: the virtual machine compiles a method that is called often long before a long loop. */
    private static final int BLOCK = 64;

    private static final double LEAST_SPEED = 1e-9;
    private static final double MOST_SPEED = 1e9;
    private static final double COLDEST_C = -273.15;
    private static final double HOTTEST_C = 1000;

    private final String where;
    private final List<DatacenterSpec> datacenters;
    /** [datacenter][group]; {@code null}: hosts have no kinds. */
    private final int[][] kind;
    private final int kinds;
    private final int profiles;
    private final F64 speed;
    private final F64 cpuScale;
    private final F64 gpuScale;
    /** Of each datacenter, NaN: never throttled. */
    private final double[] throttleC;

    HiddenHosts(String where, Frame frame, List<DatacenterSpec> datacenters) {
        this.where = where;
        this.datacenters = datacenters;
        Table hosts = frame.table("host_kinds");
        kind = hosts.rows() == 0 ? null : kinds(hosts);
        kinds = kind == null ? 0 : count(kind);
        Table table = frame.table("profiles");
        speed = table.f64("speed");
        cpuScale = table.f64("cpu_scale");
        gpuScale = table.f64("gpu_scale");
        profiles = table.rows() == 0 ? 0 : profiles(table.rows());
        for (int r = 0; r < table.rows(); r += BLOCK) {
            check(r, (int) Math.min(table.rows(), r + BLOCK));
        }
        throttleC = throttle(frame.table("cooling"));
    }

    private int[][] kinds(Table table) {
        I32 dc = table.i32("dc");
        I32 group = table.i32("group");
        I32 number = table.i32("kind");
        int[][] found = new int[datacenters.size()][];
        for (int d = 0; d < found.length; d++) {
            found[d] = new int[datacenters.get(d).hosts().size()];
            Arrays.fill(found[d], -1);
        }
        for (int r = 0; r < table.rows(); r++) {
            int d = datacenter(dc.get(r), "host_kinds", r);
            int g = group.get(r);
            if (g < 0 || g >= found[d].length) {
                throw row("host_kinds", r, "group " + g + " is none of the " + found[d].length
                        + " host groups of datacenter " + d);
            }
            if (number.get(r) < 0 || found[d][g] >= 0) {
                throw row("host_kinds", r, number.get(r) < 0 ? "kind " + number.get(r) + ", expected 0 or more"
                        : "group " + g + " of datacenter " + d + " comes twice");
            }
            found[d][g] = number.get(r);
        }
        for (int d = 0; d < found.length; d++) {
            for (int g = 0; g < found[d].length; g++) {
                if (found[d][g] < 0) {
                    throw new BadInputException(where, "host_kinds: group " + g + " of datacenter " + d
                            + " is missing, expected every group of run.json once");
                }
            }
        }
        return found;
    }

    /** Number of kinds; a gap would mean that the writer counted others than these. */
    private int count(int[][] found) {
        int[] sorted = Arrays.stream(found).flatMapToInt(Arrays::stream).sorted().distinct().toArray();
        for (int k = 0; k < sorted.length; k++) {
            if (sorted[k] != k) {
                throw new BadInputException(where, "host_kinds: kind " + sorted[k] + " is there but not " + k
                        + ", expected the kinds 0, 1, 2 and so on");
            }
        }
        return sorted.length;
    }

    private int datacenter(int dc, String table, int row) {
        if (dc < 0 || dc >= datacenters.size()) {
            throw row(table, row, "dc " + dc + " is none of the " + datacenters.size() + " datacenters of run.json");
        }
        return dc;
    }

    private int profiles(long rows) {
        if (kind == null) {
            throw new BadInputException(where, "has profiles but no table host_kinds that says which kind each host is");
        }
        if (rows % kinds != 0) {
            throw new BadInputException(where, "profiles has " + rows + " rows, expected a multiple of the " + kinds
                    + " kinds in host_kinds");
        }
        return (int) (rows / kinds);
    }

    private void check(int from, int to) {
        for (int r = from; r < to; r++) {
            double factor = speed.get(r);
            if (!(factor >= LEAST_SPEED && factor <= MOST_SPEED)) {
                throw row("profiles", r, "speed " + factor + ", expected a number above 0");
            }
            if (!isScale(cpuScale.get(r)) || !isScale(gpuScale.get(r))) {
                throw row("profiles", r, "cpu_scale " + cpuScale.get(r) + ", gpu_scale " + gpuScale.get(r)
                        + ", expected numbers of 0 or more");
            }
        }
    }

    private static boolean isScale(double value) {
        return value >= 0 && Double.isFinite(value);
    }

    private double[] throttle(Table table) {
        I32 dc = table.i32("dc");
        F64 limitC = table.f64("throttle_c");
        double[] found = new double[datacenters.size()];
        Arrays.fill(found, Double.NaN);
        for (int r = 0; r < table.rows(); r++) {
            int d = datacenter(dc.get(r), "cooling", r);
            if (!Double.isNaN(found[d])) {
                throw row("cooling", r, "datacenter " + d + " comes twice");
            }
            if (!(limitC.get(r) >= COLDEST_C && limitC.get(r) <= HOTTEST_C)) {
                throw row("cooling", r, "throttle_c " + limitC.get(r) + ", expected degrees Celsius");
            }
            found[d] = limitC.get(r);
        }
        return found;
    }

    private BadInputException row(String table, int row, String problem) {
        return new BadInputException(where, table + " row " + row + ": " + problem);
    }

    /** Number of profiles. */
    int profiles() {
        return profiles;
    }

    /** Kind of a group of hosts; 0 where hosts have no kinds. */
    public int kind(int datacenter, int group) {
        return kind == null ? 0 : kind[datacenter][group];
    }

    /** Speed of a task with this profile on hosts of this kind, in place of that of its work class. */
    public double speed(int profile, int hostKind) {
        return speed.get((long) profile * kinds + hostKind);
    }

    /** Factor on the utilisation of its cores there. */
    public double cpuScale(int profile, int hostKind) {
        return cpuScale.get((long) profile * kinds + hostKind);
    }

    /** Factor on the utilisation of its GPUs there. */
    public double gpuScale(int profile, int hostKind) {
        return gpuScale.get((long) profile * kinds + hostKind);
    }

    /** Outdoor temperature, degrees Celsius, above which hosts of a datacenter are throttled; NaN never. */
    public double throttleC(int datacenter) {
        return throttleC[datacenter];
    }

    /** Whether hosts of a datacenter are ever throttled, so that its temperature must be known. */
    public boolean throttles(int datacenter) {
        return !Double.isNaN(throttleC[datacenter]);
    }
}
