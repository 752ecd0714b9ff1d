package org.greensched.sim.datacenter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PowerAndIndexTest {
    @Test
    void powerIsLinearBetweenPoints() {
        PowerCurve curve = new PowerCurve(100, 125, 150, 175, 200);
        assertEquals(100, curve.at(0));
        assertEquals(200, curve.at(1));
        assertEquals(131.25, curve.at(0.3125), 1e-12);
        assertEquals(31.25, curve.dynamicW(0.3125), 1e-12);
        PowerCurve bent = new PowerCurve(50, 110, 120);
        assertEquals(80, bent.at(0.25), 1e-12);
        assertEquals(115, bent.at(0.75), 1e-12);
        assertEquals(120, bent.at(1.0000000001), 1e-12);
        assertThrows(IllegalArgumentException.class, () -> new PowerCurve(1));
    }

    /** The index gives what a scan over all hosts gives, after any sequence of changes. */
    @Property(tries = 200)
    void indexAgreesWithAScan(@ForAll @IntRange(min = 1, max = 70) int hosts, @ForAll long seed) {
        Random random = new Random(seed);
        double[] cores = new double[hosts];
        double[] mem = new double[hosts];
        double[] gpus = new double[hosts];
        java.util.Arrays.fill(cores, 8);
        java.util.Arrays.fill(mem, 16);
        java.util.Arrays.fill(gpus, 2);
        FirstFitIndex index = new FirstFitIndex(hosts, 8, 16, 2);
        for (int step = 0; step < 200; step++) {
            int h = random.nextInt(hosts);
            cores[h] = random.nextInt(9);
            mem[h] = random.nextInt(17);
            gpus[h] = random.nextInt(3);
            index.set(h, cores[h], mem[h], gpus[h]);
            double c = random.nextInt(9);
            double m = random.nextInt(17);
            double g = random.nextInt(3);
            int expected = -1;
            for (int i = 0; i < hosts && expected < 0; i++) {
                expected = cores[i] >= c && mem[i] >= m && gpus[i] >= g ? i : -1;
            }
            assertEquals(expected, index.find(c, m, g));
        }
        assertEquals(java.util.Arrays.stream(cores).max().orElse(0), index.maxCores());
    }

    @Test
    void sharesOfGpusArePackedOnTheFirstThatHasRoom() {
        GpuShares gpus = new GpuShares(1, 2);
        assertEquals(0b01, gpus.take(0, 0.5));
        assertEquals(0b01, gpus.take(0, 0.5));
        assertEquals(0b10, gpus.take(0, 0.3));
        assertEquals(0.7, gpus.key(0), 1e-12);
        assertThrows(IllegalStateException.class, () -> gpus.take(0, 1));
        gpus.release(0, 0b10, 0.3);
        assertEquals(1, gpus.key(0));
        assertEquals(0b10, gpus.take(0, 1));
        assertEquals(0, gpus.key(0));
    }

    @Test
    void wholeGpusAreRoundedUp() {
        GpuShares gpus = new GpuShares(1, 4);
        assertEquals(0b0011, gpus.take(0, 1.5));
        assertEquals(2, gpus.key(0));
    }

    @Test
    void tenthsOfAGpuAddUpToAWholeOne() {
        GpuShares gpus = new GpuShares(1, 1);
        for (int i = 0; i < 10; i++) {
            assertEquals(1, gpus.take(0, 0.1));
        }
        for (int i = 0; i < 10; i++) {
            gpus.release(0, 1, 0.1);
        }
        assertEquals(1, gpus.key(0), 0);
    }
}
