package org.greensched.sim.builder;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.List;
import org.greensched.sim.runfolder.HostSpec;

/** A group of identical hosts of a {@link Site}: without GPUs, never asleep, 100 to 200 W, unless said otherwise. */
public final class Hosts {
    final String type;
    final int count;
    private final double cores;
    private double memGb = 1e6;
    private double[] powerW = {100, 200};
    private double[] speed;
    private int gpus;
    String gpuType;
    private double gpuIdleW;
    private double gpuMaxW;
    private JsonObject sleep;

    /**
     * A group with so much memory (10^6 GB each) that it does not matter.
     *
     * @param type name for logs
     * @param count how many
     * @param cores of each
     */
    public Hosts(String type, int count, double cores) {
        this.type = Check.name("type of hosts", type);
        this.count = Check.count(of("count"), count, 1, 10_000_000);
        this.cores = Check.number(of("cores"), cores, 1e-6, 1e6);
    }

    private String of(String what) {
        return "hosts " + type + ": " + what;
    }

    /** Memory of each, 10^9 bytes. */
    public Hosts memGb(double value) {
        memGb = Check.number(of("memory in GB"), value, 0, 1e9);
        return this;
    }

    /** Wall power without GPUs at evenly spaced CPU utilisations from 0 to 1, at least two points, W. */
    public Hosts powerW(double... points) {
        Check.count(of("points of power"), points.length, 2, 10_000);
        for (double point : points) {
            Check.number(of("power in W"), point, 0, 1e9);
        }
        powerW = points.clone();
        return this;
    }

    /** Speed relative to the reference host: one value, or one per work class of the run. */
    public Hosts speed(double... perWorkClass) {
        Check.count(of("values of speed"), perWorkClass.length, 1, 10_000);
        for (double value : perWorkClass) {
            Check.number(of("speed"), value, 1e-9, 1e9);
        }
        speed = perWorkClass.clone();
        return this;
    }

    /**
     * GPUs in each.
     *
     * @param perHost how many
     * @param gpu name of their type
     * @param idleW power of one without work
     * @param maxW power of one at full load
     */
    public Hosts gpus(int perHost, String gpu, double idleW, double maxW) {
        gpus = Check.count(of("GPUs"), perHost, 1, HostSpec.MAX_GPUS);
        gpuType = Check.name(of("type of GPUs"), gpu);
        gpuIdleW = Check.number(of("idle power of a GPU in W"), idleW, 0, 1e6);
        gpuMaxW = Check.number(of("full power of a GPU in W"), maxW, idleW, 1e6);
        return this;
    }

    /**
     * Lets idle hosts sleep.
     *
     * @param afterS idle time after which a host sleeps, seconds
     * @param asleepW power asleep
     * @param wakeS time to wake up, seconds
     * @param wakeW power while waking
     */
    public Hosts sleep(double afterS, double asleepW, double wakeS, double wakeW) {
        sleep = new JsonObject();
        sleep.addProperty("after_s", Check.number(of("idle time before sleep in s"), afterS, 0, Check.MOST_S));
        sleep.addProperty("power_w", Check.number(of("power asleep in W"), asleepW, 0, 1e9));
        sleep.addProperty("wake_s", Check.number(of("time to wake in s"), wakeS, 0, 1e9));
        sleep.addProperty("wake_power_w", Check.number(of("power while waking in W"), wakeW, 0, 1e9));
        return this;
    }

    JsonObject json(List<String> workClasses, List<String> gpuTypes) {
        JsonObject json = new JsonObject();
        json.addProperty("type", type);
        json.addProperty("count", count);
        json.addProperty("cores", cores);
        json.addProperty("mem_gb", memGb);
        json.addProperty("gpus", gpus);
        json.addProperty("gpu_type", gpuType == null ? -1 : gpuTypes.indexOf(gpuType));
        json.addProperty("gpu_idle_w", gpuIdleW);
        json.addProperty("gpu_max_w", gpuMaxW);
        json.add("power_w", array(powerW));
        json.add("speed", array(speeds(workClasses)));
        json.addProperty("embodied_g_per_core_h", 0.0);
        json.add("sleep", sleep == null ? JsonNull.INSTANCE : sleep);
        return json;
    }

    private double[] speeds(List<String> workClasses) {
        double[] all = new double[workClasses.size()];
        if (speed != null && speed.length != 1 && speed.length != all.length) {
            throw new IllegalArgumentException(of("speed") + " has " + speed.length
                    + " values, expected 1 or one for each of " + workClasses);
        }
        for (int c = 0; c < all.length; c++) {
            all[c] = speed == null ? 1 : speed[Math.min(c, speed.length - 1)];
        }
        return all;
    }

    static JsonArray array(double[] values) {
        JsonArray array = new JsonArray();
        for (double value : values) {
            array.add(value);
        }
        return array;
    }
}
