package org.greensched.sim.carbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class StepSignalTest {
    private final StepSignal signal = new StepSignal("s", 10_000_000, new double[] {1, 3, 5});

    @Test
    void aBoundaryBelongsToTheNextStep() {
        assertEquals(1, signal.at(0));
        assertEquals(1, signal.at(Math.nextDown(10)));
        assertEquals(3, signal.at(10));
        assertEquals(5, signal.at(29.999999));
    }

    @Test
    void refusesToGuess() {
        assertThrows(SignalRangeException.class, () -> signal.at(30));
        assertThrows(SignalRangeException.class, () -> signal.at(-1e-9));
        assertThrows(SignalRangeException.class, () -> signal.integral(29, 30.000001));
        assertThrows(SignalRangeException.class, () -> signal.at(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> signal.integral(5, 4));
    }

    @Test
    void integralByHand() {
        assertEquals(0, signal.integral(7, 7));
        assertEquals(3, signal.integral(2, 5));
        assertEquals(10, signal.integral(0, 10));
        assertEquals(5 + 30 + 25, signal.integral(5, 25));
        assertEquals(90, signal.integral(0, 30));
        assertEquals(4, signal.mean(10, 30));
        assertEquals(5, signal.mean(20, 20));
    }

    @Test
    void missingIsNeverZero() {
        StepSignal gap = new StepSignal("g", 10_000_000, new double[] {1, Double.NaN, 5});
        assertTrue(Double.isNaN(gap.at(12)));
        assertTrue(Double.isNaN(gap.mean(5, 11)));
        assertFalse(gap.isMissing(0, 10));
        assertTrue(gap.isMissing(9, 10.5));
        assertFalse(gap.isMissing(20, 30));
        assertTrue(gap.isMissing(15, 15));
        assertEquals(10 + 25, gap.integral(0, 25));
        assertTrue(gap.times(signal).isMissing(10, 20));
    }

    /** Against adding up short pieces, on steps whose length is no binary fraction. */
    @Property(tries = 300)
    void integralIsTheSumOfItsPieces(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int steps) {
        Random random = new Random(seed);
        long stepUs = 1 + random.nextInt(700_000_000);
        double[] value = random.doubles(steps, 0, 600).toArray();
        StepSignal s = new StepSignal("r", stepUs, value);
        double a = random.nextDouble() * s.endS();
        double b = random.nextInt(4) == 0 ? s.endS() : a + random.nextDouble() * (s.endS() - a);
        double sum = 0;
        for (int k = 0; k < steps; k++) {
            double from = Math.max(a, k * stepUs / 1e6);
            double to = Math.min(b, (k + 1) * stepUs / 1e6);
            sum += to > from ? value[k] * (to - from) : 0;
        }
        assertEquals(sum, s.integral(a, b), 1e-9 * Math.max(1, sum));
        double middle = a + (b - a) * random.nextDouble();
        assertEquals(sum, s.integral(a, middle) + s.integral(middle, b), 1e-9 * Math.max(1, sum));
    }

    /** Every boundary, however the division rounds, is the first instant of its own step. */
    @Property(tries = 100)
    void boundariesAreExact(@ForAll @IntRange(min = 1, max = 2_000_000_000) int stepUs) {
        double[] value = new double[1000];
        for (int k = 0; k < value.length; k++) {
            value[k] = k;
        }
        StepSignal s = new StepSignal("b", stepUs, value);
        for (int k = 0; k < value.length; k++) {
            double boundaryS = ((long) k * stepUs) / 1e6;
            assertEquals(k, s.at(boundaryS));
            if (k > 0) {
                assertEquals(k - 1, s.at(Math.nextDown(boundaryS)));
            }
        }
    }
}
