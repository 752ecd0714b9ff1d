package org.greensched.sim.runfolder;

/**
 * A group of identical hosts (run.json: {@code datacenters[].hosts[]}).
 *
 * @param powerW wall power without GPUs at evenly spaced CPU utilisations from 0 to 1
 * @param gpuType index into the run's GPU types, -1 none
 * @param speed relative to the reference host, one value per work class
 * @param mips millions of instructions per second of one core, for virtual machines
 * @param vmSharing how a host shares its cores out to virtual machines
 * @param sleep {@code null}: hosts never sleep
 */
public record HostSpec(
        String type, int count, double cores, double memGb, int gpus, int gpuType, double gpuIdleW, double gpuMaxW,
        double[] powerW, double[] speed, double embodiedGPerCoreH, double mips, VmSharing vmSharing, Sleep sleep) {

    /** Most GPUs of one host: they are tracked as the bits of a long. */
    public static final int MAX_GPUS = 64;

    /** What folders without {@code mips} mean. */
    private static final double DEFAULT_MIPS = 1000;

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

    /** Whether an empty host of this group could hold a virtual machine of whole cores that each make {@code vmMips}. */
    public boolean couldHoldVm(double needCores, double vmMips, double needMemGb) {
        return vmMips <= mips * (1 + Tolerance.CAPACITY) && couldHold(needCores, needMemGb, 0, -1);
    }

    /** Cores that a virtual machine takes of a host that has room for all of it. */
    public double vmCores(double vmCores, double vmMips) {
        return vmSharing == VmSharing.SPACE ? vmCores : vmCores * Math.min(1, vmMips / mips);
    }

    /** Power of an awake host without work: CPU side at utilisation 0 and idling GPUs. */
    public double idleW() {
        return powerW[0] + gpus * gpuIdleW;
    }

    private static VmSharing sharing(JsonReader json) {
        String value = json.isNull("vm_scheduler") ? "space" : json.text("vm_scheduler");
        return switch (value) {
            case "space" -> VmSharing.SPACE;
            case "time" -> VmSharing.TIME;
            case "oversubscribe" -> VmSharing.OVERSUBSCRIBE;
            default -> throw json.wrong("vm_scheduler", "must be space, time or oversubscribe (got " + value + ")");
        };
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
                json.isNull("embodied_g_per_core_h") ? 0 : json.number("embodied_g_per_core_h", 0, 1e9),
                json.isNull("mips") ? DEFAULT_MIPS : json.number("mips", 1e-3, 1e9), sharing(json), sleep);
    }
}
