package org.greensched.sim.datacenter;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.greensched.sim.columns.FrameLog;
import org.greensched.sim.columns.FrameWriter;

/** What every host did in the whole run (world/hosts.gsf, PROTOCOL.md §2.9). */
public final class HostLog {
    private static final String[] I32_COLUMNS = {"dc", "host", "wakes", "tasks"};
    private static final String[] F64_COLUMNS = {
        "it_kwh", "facility_kwh", "carbon_g", "idle_kwh", "idle_g", "busy_core_s", "on_s", "asleep_s", "down_s"
    };

    private final List<GreenDatacenter> datacenters;
    private final FrameWriter writer = new FrameWriter();

    private HostLog(List<GreenDatacenter> datacenters) {
        this.datacenters = datacenters;
    }

    /** Writes the file; the meters are closed at {@code endS}. */
    public static void write(Path file, List<GreenDatacenter> datacenters, double endS) throws IOException {
        HostLog log = new HostLog(datacenters);
        log.build(endS);
        try (FrameLog out = FrameLog.create(file)) {
            out.append(log.writer);
        }
    }

    private void build(double endS) {
        int rows = 0;
        for (GreenDatacenter datacenter : datacenters) {
            rows += datacenter.pool().hosts();
        }
        String[] type = new String[rows];
        int[][] i32 = new int[I32_COLUMNS.length][rows];
        double[][] f64 = new double[F64_COLUMNS.length][rows];
        int row = 0;
        for (int d = 0; d < datacenters.size(); d++) {
            GreenDatacenter datacenter = datacenters.get(d);
            for (int host = 0; host < datacenter.pool().hosts(); host++) {
                type[row] = datacenter.pool().group(host).spec.type();
                row(datacenter, d, host, endS, row++, i32, f64);
            }
        }
        writer.begin("hosts").table("hosts", rows).i32(I32_COLUMNS[0], i32[0])
                .i32(I32_COLUMNS[1], i32[1]).str("type", type);
        for (int c = 0; c < F64_COLUMNS.length; c++) {
            writer.f64(F64_COLUMNS[c], f64[c]);
        }
        writer.i32(I32_COLUMNS[2], i32[2]).i32(I32_COLUMNS[3], i32[3]);
    }

    private static void row(
            GreenDatacenter datacenter, int d, int host, double endS, int row, int[][] i32, double[][] f64) {
        HostPower power = datacenter.power();
        HostMeters meters = power.meters();
        int[] integers = {d, host, power.wakes(host), power.started(host)};
        double asleepS = power.asleepS(host, endS);
        double downS = power.downS(host, endS);
        double[] doubles = {
            meters.itKwh(host), meters.facilityKwh(host), meters.carbonG(host), meters.freeKwh(host), meters.freeG(host),
            power.busyCoreS(host), endS - asleepS - downS, asleepS, downS
        };
        for (int c = 0; c < integers.length; c++) {
            i32[c][row] = integers[c];
        }
        for (int c = 0; c < doubles.length; c++) {
            f64[c][row] = doubles[c];
        }
    }
}
