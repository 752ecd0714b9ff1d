package org.greensched.sim.workload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

class TaskLuckTest {
    private static final long GAMMA = 0x9E3779B97F4A7C15L;

    /** The published first outputs of SplitMix64 for seed 0. */
    @Test
    void mixIsSplitMix64() {
        assertEquals(0xE220A8397B1DCDAFL, TaskLuck.mix(GAMMA));
        assertEquals(0x6E789E6AA1B965F4L, TaskLuck.mix(2 * GAMMA));
        assertEquals(0x06C45D188009454FL, TaskLuck.mix(3 * GAMMA));
    }

    /** Pinned: a change of these numbers changes the luck of every published run. */
    @Test
    void goldenValues() {
        TaskLuck luck = new TaskLuck(42);
        assertEquals(GOLDEN_0, luck.gaussian(0, TaskLuck.TIME), 0);
        assertEquals(GOLDEN_1, luck.gaussian(123456, TaskLuck.POWER), 0);
    }

    private static final double GOLDEN_0 = 1.2129747974753915;
    private static final double GOLDEN_1 = -0.6055897658829728;

    @Test
    void streamsTasksAndSeedsAreIndependent() {
        TaskLuck luck = new TaskLuck(7);
        assertNotEquals(luck.gaussian(1, TaskLuck.TIME), luck.gaussian(1, TaskLuck.POWER));
        assertNotEquals(luck.gaussian(1, TaskLuck.TIME), luck.gaussian(2, TaskLuck.TIME));
        assertNotEquals(luck.gaussian(1, TaskLuck.TIME), new TaskLuck(8).gaussian(1, TaskLuck.TIME));
        assertEquals(luck.gaussian(1, TaskLuck.TIME), new TaskLuck(7).gaussian(1, TaskLuck.TIME), 0);
    }

    @Test
    void factorHasMeanOneAndNoNoiseIsExactlyOne() {
        TaskLuck luck = new TaskLuck(3);
        assertEquals(1, luck.factor(5, TaskLuck.TIME, 0), 0);
        int n = 200_000;
        double sum = 0;
        double logs = 0;
        double squares = 0;
        double cross = 0;
        for (int t = 0; t < n; t++) {
            sum += luck.factor(t, TaskLuck.TIME, 0.2);
            double z = luck.gaussian(t, TaskLuck.TIME);
            logs += z;
            squares += z * z;
            cross += z * luck.gaussian(t, TaskLuck.POWER);
        }
        assertEquals(1, sum / n, 5 * 0.2 / Math.sqrt(n));
        assertEquals(0, logs / n, 5 / Math.sqrt(n));
        assertEquals(1, squares / n, 5 * Math.sqrt(2.0 / n));
        assertEquals(0, cross / n, 5 / Math.sqrt(n));
    }
}
