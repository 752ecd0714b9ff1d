package org.greensched.sim.runfolder;

/**
 * A group of identical hosts (run.json: {@code datacenters[].hosts[]}).
 *
 * @param powerW wall power without GPUs at evenly spaced CPU utilisations from 0 to 1
 * @param gpuType index into the run's GPU types, -1 none
 * @param speed relative to the reference host, one value per work class
 * @param sleep {@code null}: hosts never sleep
 */
public record HostSpec(
        String type, int count, double cores, double memGb, int gpus, int gpuType, double gpuIdleW, double gpuMaxW,
        double[] powerW, double[] speed, double embodiedGPerCoreH, Sleep sleep) {

    /** Most GPUs of one host: they are tracked as the bits of a long. */
    public static final int MAX_GPUS = 64;

    /**
     * @param afterS idle time after which a host sleeps, seconds
     * @param powerW power asleep, GPUs included
     * @param wakeS time to wake up, seconds
     * @param wakePowerW power while waking, GPUs included
     */
    public record Sleep(double afterS, double powerW, double wakeS, double wakePowerW) {}

    /** Whether an empty host of this group could hold the demand. */
    public boolean couldHold(double needCores, double needMemGb, double needGpus, int needGpuType) {
        return needCores <= cores + Tolerance.CAPACITY
                && needMemGb <= memGb + Tolerance.CAPACITY
                && (needGpus <= 0 || gpus > 0 && (needGpuType < 0 || needGpuType == gpuType)
                        && Math.ceil(needGpus - Tolerance.CAPACITY) <= gpus);
    }

    /** Power of an awake host without work: CPU side at utilisation 0 and idling GPUs. */
    public double idleW() {
        return powerW[0] + gpus * gpuIdleW;
    }

    static HostSpec read(JsonReader json, int gpuTypes, int workClasses) {
        int gpus = json.index("gpus", 0, MAX_GPUS);
        double[] powerW = json.numbers("power_w", 0, 1e9);
        if (powerW.length < 2) {
            throw json.wrong("power_w", "needs at least the power at 0 and at full load");
        }
        double[] speed = json.numbers("speed", 1e-9, 1e9);
        if (speed.length != workClasses) {
            throw json.wrong("speed", "must have " + workClasses + " values, one per work class");
        }
        Sleep sleep = null;
        if (!json.isNull("sleep")) {
            JsonReader s = json.child("sleep");
            sleep = new Sleep(s.number("after_s", 0, 1e12), s.number("power_w", 0, 1e9), s.number("wake_s", 0, 1e9),
                    s.number("wake_power_w", 0, 1e9));
        }
        double gpuIdleW = gpus > 0 ? json.number("gpu_idle_w", 0, 1e6) : 0;
        return new HostSpec(
                json.text("type"), json.index("count", 1, 10_000_000), json.number("cores", 1e-6, 1e6),
                json.number("mem_gb", 0, 1e9), gpus, gpus > 0 ? json.index("gpu_type", 0, gpuTypes - 1) : -1, gpuIdleW,
                gpus > 0 ? json.number("gpu_max_w", gpuIdleW, 1e6) : 0, powerW, speed,
                json.isNull("embodied_g_per_core_h") ? 0 : json.number("embodied_g_per_core_h", 0, 1e9), sleep);
    }
}
