package org.greensched.sim.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.cloudsimplus.core.events.SimEvent;
import org.junit.jupiter.api.Test;

class GreenKernelTest {
    /** Writes down what it gets. */
    private static class Scribe extends GreenEntity {
        private final String name;
        private final List<String> book;
        private final Runnable onStart;
        private Scribe other;

        Scribe(GreenKernel kernel, String name, List<String> book, Runnable onStart) {
            super(kernel);
            this.name = name;
            this.book = book;
            this.onStart = onStart;
        }

        @Override
        protected void startInternal() {
            onStart.run();
        }

        @Override
        public void processEvent(SimEvent event) {
            if (event.getTag() >= Tags.FINISH && event.getTag() <= Tags.SLOT) {
                book.add(name + (event.getTag() - Tags.FINISH) + "@" + event.getTime());
                if ("spawn".equals(event.getData())) {
                    other.now(Tags.PHASE, null);
                }
            }
        }
    }

    @Test
    void oneInstantIsOrderedByTagAcrossEntities() {
        GreenKernel kernel = new GreenKernel();
        List<String> book = new ArrayList<>();
        Scribe[] pair = new Scribe[2];
        pair[0] = new Scribe(kernel, "a", book, () -> {
            pair[0].at(5, Tags.SLOT, null);
            pair[0].at(5, Tags.FINISH, "spawn");
            pair[0].at(4, Tags.SLOT, null);
        });
        pair[1] = new Scribe(kernel, "b", book, () -> {
            pair[1].at(5, Tags.ARRIVAL, null);
            pair[1].at(5, Tags.FINISH, null);
        });
        pair[0].other = pair[1];
        kernel.drive(() -> false);
        assertEquals(List.of("a8@4.0", "a0@5.0", "b0@5.0", "b1@5.0", "b6@5.0", "a8@5.0"), book);
        assertEquals(6, kernel.delivered());
    }

    /** Whatever the clock, an event takes place at exactly the double it was scheduled for. */
    @Property(tries = 2000)
    void eventTimesAreExact(
            @ForAll @DoubleRange(min = 0, max = 4e7) double a, @ForAll @DoubleRange(min = 0, max = 4e7) double b) {
        double first = Math.min(a, b);
        double second = Math.max(a, b);
        GreenKernel kernel = new GreenKernel();
        List<String> book = new ArrayList<>();
        Scribe[] one = new Scribe[1];
        one[0] = new Scribe(kernel, "a", book, () -> one[0].at(first, Tags.FINISH, null)) {
            @Override
            public void processEvent(SimEvent event) {
                super.processEvent(event);
                if (event.getTag() == Tags.FINISH) {
                    at(second, Tags.SLOT, null);
                }
            }
        };
        kernel.drive(() -> false);
        assertEquals(List.of("a0@" + first, "a8@" + second), book);
    }

    @Test
    void thePastIsRefused() {
        GreenKernel kernel = new GreenKernel();
        Scribe scribe = new Scribe(kernel, "a", new ArrayList<>(), () -> { });
        assertThrows(IllegalArgumentException.class, () -> scribe.at(-1, Tags.SLOT, null));
        assertThrows(IllegalArgumentException.class, () -> scribe.at(Double.NaN, Tags.SLOT, null));
        assertThrows(IllegalArgumentException.class, () -> scribe.at(Double.POSITIVE_INFINITY, Tags.SLOT, null));
    }
}
