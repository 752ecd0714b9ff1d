package org.greensched.sim.datacenter;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.greensched.sim.carbon.GridSignals;
import org.greensched.sim.carbon.StepSignal;
import org.greensched.sim.columns.FrameLog;
import org.greensched.sim.columns.FrameWriter;

/** What every datacenter did in each slot (world/datacenters.gsf, PROTOCOL.md §2.7). */
public final class SlotLog implements Closeable {
    private static final String[] I32_COLUMNS = {"running", "queued", "hosts_on", "hosts_asleep", "hosts_down"};
    private static final String[] F64_COLUMNS = {
        "used_cores", "used_gpus", "it_kwh", "facility_kwh", "attributed_kwh", "idle_kwh", "wake_kwh", "carbon_g",
        "attributed_g", "idle_g", "marginal_g", "cost", "transfer_kwh", "transfer_g", "carbon_gpkwh", "wind_frac",
        "solar_frac", "renewable_frac", "price_per_kwh", "temperature_c", "pue"
    };

    private final FrameLog log;
    private final FrameWriter writer = new FrameWriter();
    private final long[] tUs;
    private final int[] dc;
    private final int[][] i32;
    private final double[][] f64;
    private final double[] transferKwh;
    private final double[] transferG;

    private SlotLog(FrameLog log, int datacenters) {
        this.log = log;
        tUs = new long[datacenters];
        dc = new int[datacenters];
        i32 = new int[I32_COLUMNS.length][datacenters];
        f64 = new double[F64_COLUMNS.length][datacenters];
        transferKwh = new double[datacenters];
        transferG = new double[datacenters];
    }

    /** Creates the file. */
    public static SlotLog create(Path file, int datacenters) throws IOException {
        return new SlotLog(FrameLog.create(file), datacenters);
    }

    /** Closes the slot [startUs, endUs) of all datacenters and appends its frame; a slot without length is left out. */
    public void add(List<GreenDatacenter> datacenters, long startUs, long endUs) throws IOException {
        if (endUs <= startUs) {
            return;
        }
        for (int d = 0; d < datacenters.size(); d++) {
            tUs[d] = endUs;
            dc[d] = d;
            row(datacenters.get(d), d, startUs / 1e6, endUs / 1e6);
        }
        writer.begin("datacenters").meta("start_us", startUs).table("datacenters", datacenters.size());
        writer.i64("t_us", tUs).i32("dc", dc);
        for (int c = 0; c < I32_COLUMNS.length; c++) {
            writer.i32(I32_COLUMNS[c], i32[c]);
        }
        for (int c = 0; c < F64_COLUMNS.length; c++) {
            writer.f64(F64_COLUMNS[c], f64[c]);
        }
        log.append(writer);
    }

    private void row(GreenDatacenter datacenter, int d, double startS, double endS) {
        int hosts = datacenter.pool().hosts();
        int asleep = datacenter.power().asleep();
        int down = datacenter.pool().downHosts();
        int[] counts = {datacenter.running().size(), datacenter.waiting().size(), hosts - asleep - down, asleep, down};
        for (int c = 0; c < counts.length; c++) {
            i32[c][d] = counts[c];
        }
        MeterTotals slot = datacenter.closeSlot(startS);
        double kwh = datacenter.transfers().takeSlotKwh();
        double g = datacenter.transfers().takeSlotG();
        transferKwh[d] += kwh;
        transferG[d] += g;
        GridSignals grid = datacenter.facility().grid();
        double[] values = {
            datacenter.pool().usedCores(), datacenter.pool().usedGpus(), slot.itKwh(), slot.facilityKwh(),
            slot.attributedKwh(), slot.idleKwh(), slot.wakeKwh(), slot.carbonG(), slot.attributedG(), slot.idleG(),
            slot.marginalG(), slot.cost(), kwh, g, mean(grid.carbon(), startS, endS), mean(grid.wind(), startS, endS),
            mean(grid.solar(), startS, endS), mean(grid.renewable(), startS, endS), mean(grid.price(), startS, endS),
            mean(grid.temperature(), startS, endS), slot.itKwh() > 0 ? slot.facilityKwh() / slot.itKwh() : Double.NaN
        };
        for (int c = 0; c < values.length; c++) {
            f64[c][d] = values[c];
        }
    }

    private static double mean(StepSignal signal, double startS, double endS) {
        return signal.mean(startS, endS);
    }

    /** Energy of all transfers that ended at a datacenter so far. */
    public double transferKwh(int datacenter) {
        return transferKwh[datacenter];
    }

    /** Carbon of all transfers that ended at a datacenter so far. */
    public double transferG(int datacenter) {
        return transferG[datacenter];
    }

    @Override
    public void close() throws IOException {
        log.close();
    }
}
