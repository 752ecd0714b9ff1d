package org.greensched.sim.support;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.greensched.sim.columns.FrameWriter;

/** What a {@link TestWorld} hides beyond work and utilisation: kinds of hosts, profiles of tasks, limits of cooling. */
public final class TestTruth {
    /** Rows of (dc, group, kind). */
    private final List<int[]> kinds = new ArrayList<>();
    /** Rows of (speed, cpu_scale, gpu_scale). */
    private final List<double[]> profiles = new ArrayList<>();
    /** Rows of (dc, throttle_c). */
    private final List<double[]> cooling = new ArrayList<>();

    public TestTruth kind(int dc, int group, int kind) {
        kinds.add(new int[] {dc, group, kind});
        return this;
    }

    /** The next profile: (speed, cpu_scale, gpu_scale) on each kind of host. */
    public TestTruth profile(double[]... perKind) {
        profiles.addAll(List.of(perKind));
        return this;
    }

    public TestTruth cooling(int dc, double throttleC) {
        cooling.add(new double[] {dc, throttleC});
        return this;
    }

    /**
     * Kinds, profiles and limits of cooling at random for these sites, which need a temperature, and tasks that go by them.
     *
     * @param most kinds of hosts
     */
    public static TestTruth random(Random random, List<TestSite> sites, List<TestTask> tasks, int most) {
        TestTruth truth = new TestTruth();
        List<int[]> groups = new ArrayList<>();
        for (int d = 0; d < sites.size(); d++) {
            for (int g = 0; g < sites.get(d).hosts.size(); g++) {
                groups.add(new int[] {d, g});
            }
            if (sites.get(d).signals.containsKey("temperature_c") && random.nextInt(3) > 0) {
                truth.cooling(d, random.nextInt(30));
            }
        }
        int kinds = Math.min(groups.size(), 1 + random.nextInt(most));
        for (int i = 0; i < groups.size(); i++) {
            truth.kind(groups.get(i)[0], groups.get(i)[1], i < kinds ? i : random.nextInt(kinds));
        }
        int profiles = 1 + random.nextInt(4);
        for (int p = 0; p < profiles * kinds; p++) {
            truth.profile(new double[] {0.3 + random.nextDouble() * 4, random.nextDouble() * 2, random.nextDouble() * 2});
        }
        for (TestTask task : tasks) {
            task.profile(random.nextInt(profiles + 1) - 1).heat(random.nextBoolean() ? 0 : random.nextDouble() * 0.05);
            task.interferencePower(random.nextBoolean() ? 1 : 0.5 + random.nextDouble() * 3);
        }
        return truth;
    }

    /** Optional columns of the table of tasks that is being written. */
    static void columns(FrameWriter w, List<TestTask> tasks) {
        if (tasks.stream().anyMatch(t -> t.profile != -1)) {
            w.i32("profile", tasks.stream().mapToInt(t -> t.profile).toArray());
        }
        if (tasks.stream().anyMatch(t -> t.interferencePower != 1)) {
            w.f64("interference_power", tasks.stream().mapToDouble(t -> t.interferencePower).toArray());
        }
        if (tasks.stream().anyMatch(t -> t.heat != 0)) {
            w.f64("heat", tasks.stream().mapToDouble(t -> t.heat).toArray());
        }
    }

    void write(FrameWriter w) {
        if (!kinds.isEmpty()) {
            w.table("host_kinds", kinds.size()).i32("dc", kinds.stream().mapToInt(r -> r[0]).toArray());
            w.i32("group", kinds.stream().mapToInt(r -> r[1]).toArray());
            w.i32("kind", kinds.stream().mapToInt(r -> r[2]).toArray());
        }
        if (!profiles.isEmpty()) {
            w.table("profiles", profiles.size());
            f64(w, "speed", r -> r[0]);
            f64(w, "cpu_scale", r -> r[1]);
            f64(w, "gpu_scale", r -> r[2]);
        }
        if (!cooling.isEmpty()) {
            w.table("cooling", cooling.size()).i32("dc", cooling.stream().mapToInt(r -> (int) r[0]).toArray());
            w.f64("throttle_c", cooling.stream().mapToDouble(r -> r[1]).toArray());
        }
    }

    private void f64(FrameWriter w, String name, ToDoubleFunction<double[]> value) {
        w.f64(name, profiles.stream().mapToDouble(value).toArray());
    }
}
