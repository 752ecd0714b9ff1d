package org.greensched.sim.support;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One datacenter of a {@link TestWorld}: PUE 1, no utilisation cap, hosts and hourly signals by chaining. */
public final class TestSite {
    final double[] carbonGpkwh;
    String pue = "{\"model\":\"static\",\"value\":1.0}";
    double cap = 1;
    private String vmKeys = "";
    private String migration = "";
    private int hostCount;
    final List<String> hosts = new ArrayList<>();
    final Map<String, double[]> signals = new LinkedHashMap<>();

    private TestSite(double[] carbonGpkwh) {
        this.carbonGpkwh = carbonGpkwh;
    }

    /** A site with this intensity in each hour; the last value is kept. */
    public static TestSite site(double... carbonGpkwh) {
        return new TestSite(carbonGpkwh);
    }

    /** For the hosts that follow: MIPS of a core, and "space", "time" or "oversubscribe". */
    public TestSite mips(double mips, String vmScheduler) {
        vmKeys = "\"mips\":" + mips + ",\"vm_scheduler\":\"" + vmScheduler + "\",";
        return this;
    }

    /** Virtual machines move when a host is used more or less than this; a host has so many Mbit/s. */
    public TestSite migration(double upperFrac, double lowerFrac, double bwMbps) {
        migration = ",\"vm_migration\":{\"upper_frac\":" + upperFrac + ",\"lower_frac\":" + lowerFrac + ",\"bw_mbps\":"
                + bwMbps + "}";
        return this;
    }

    public TestSite hosts(int count, double cores, double... powerW) {
        return add(count, cores, 1000, 0, -1, 0, 0, "null", powerW);
    }

    /** Hosts that sleep after {@code afterS} at {@code sleepW} and wake in {@code wakeS} at {@code wakeW}. */
    public TestSite sleepers(int count, double cores, double[] powerW, double afterS, double sleepW, double wakeS, double wakeW) {
        String sleep = "{\"after_s\":" + afterS + ",\"power_w\":" + sleepW + ",\"wake_s\":" + wakeS + ",\"wake_power_w\":"
                + wakeW + "}";
        return add(count, cores, 1000, 0, -1, 0, 0, sleep, powerW);
    }

    public TestSite gpuHosts(int count, double cores, int gpus, int type, double idleW, double maxW, double... powerW) {
        return add(count, cores, 1000, gpus, type, idleW, maxW, "null", powerW);
    }

    public TestSite memoryHosts(int count, double cores, double memGb, double... powerW) {
        return add(count, cores, memGb, 0, -1, 0, 0, "null", powerW);
    }

    /** Any host block. */
    public TestSite add(
            int count, double cores, double memGb, int gpus, int type, double gpuIdleW, double gpuMaxW, String sleep,
            double... powerW) {
        hostCount += count;
        hosts.add("{\"type\":\"h" + hosts.size() + "\",\"count\":" + count + ",\"cores\":" + cores + ",\"mem_gb\":" + memGb
                + ",\"gpus\":" + gpus + ",\"gpu_type\":" + type + ",\"gpu_idle_w\":" + gpuIdleW + ",\"gpu_max_w\":" + gpuMaxW
                + ",\"power_w\":" + java.util.Arrays.toString(powerW) + ",\"speed\":[1.0,2.0],\"embodied_g_per_core_h\":0,"
                + vmKeys + "\"sleep\":" + sleep + "}");
        return this;
    }

    /** Hosts of all blocks so far. */
    public int hostCount() {
        return hostCount;
    }

    public TestSite pue(double value) {
        pue = "{\"model\":\"static\",\"value\":" + value + "}";
        return this;
    }

    public TestSite temperaturePue(double base, double t0C, double slopePerC, double... temperatureC) {
        pue = "{\"model\":\"temperature\",\"base\":" + base + ",\"t0_c\":" + t0C + ",\"slope_per_c\":" + slopePerC + "}";
        return signal("temperature_c", temperatureC);
    }

    public TestSite loadPue(double fixedW, double slope) {
        pue = "{\"model\":\"load\",\"fixed_w\":" + fixedW + ",\"slope\":" + slope + "}";
        return this;
    }

    public TestSite cap(double frac) {
        cap = frac;
        return this;
    }

    public double cap() {
        return cap;
    }

    /** An hourly signal; the last value is kept; NaN missing. */
    public TestSite signal(String kind, double... hourly) {
        signals.put(kind, hourly);
        return this;
    }

    String json(int index) {
        return "{\"name\":\"dc" + index + "\",\"region\":\"r" + index + "\",\"zone\":\"Z" + index
                + "\",\"lat\":0,\"lon\":0,\"utilisation_cap_frac\":" + cap + ",\"price_per_kwh\":null,\"pue\":" + pue + migration
                + ",\"hosts\":[" + String.join(",", hosts) + "]}";
    }
}
