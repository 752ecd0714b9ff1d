package org.greensched.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.FrameException;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.placement.DeciderException;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.PlacementDecider.Needs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The golden messages that pytest reads too (bridge/golden/make.py). */
class GoldenTest {
    private static final Path GOLDEN = Path.of("..", "golden");

    static ByteBuffer golden(String name) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(GOLDEN.resolve(name + ".gsf")));
    }

    @Test
    void readsReady() throws Exception {
        assertEquals(new Needs(true, true, false), MindReplies.needs(MindReplies.open(golden("ready"), "ready", 0)));
    }

    @Test
    void readsDecisions() throws Exception {
        Decisions d = MindReplies.decisions(MindReplies.open(golden("decisions"), "decisions", 7));
        assertEquals(2, d.size());
        assertArrayEquals(new long[] {11, 9}, d.task());
        assertArrayEquals(new int[] {Decisions.PLACE, Decisions.DEFER}, d.action());
        assertArrayEquals(new int[] {1, -1}, d.dc());
        assertArrayEquals(new long[] {0, 4_200_000_000L}, d.untilUs());
        assertArrayEquals(new double[] {1, 1}, d.scale());
        assertArrayEquals(new int[] {Decisions.STATUS_HEURISTIC, Decisions.STATUS_HEURISTIC}, d.status());
        assertArrayEquals(new String[] {"lowest intensity: ca 31.5 g/kWh", "wartet auf 🌞"}, d.reason());
    }

    @Test
    void anErrorOfTheMindCarriesItsTraceback() {
        DeciderException e = assertThrows(DeciderException.class, () -> MindReplies.open(golden("error"), "decisions", 7));
        assertEquals("mind_error", e.code());
        assertTrue(e.getMessage().contains("ValueError: no room"));
        assertTrue(e.getMessage().contains("Traceback\n  line 1"));
    }

    @Test
    void aReplyToAnotherCallOrOfAnotherKindIsGarbled() {
        assertEquals("garbled",
                assertThrows(DeciderException.class, () -> MindReplies.open(golden("decisions"), "decisions", 8)).code());
        assertEquals("garbled",
                assertThrows(DeciderException.class, () -> MindReplies.open(golden("bye"), "decisions", 8)).code());
    }

    static Stream<Path> invalid() throws IOException {
        List<Path> files;
        try (Stream<Path> listed = Files.list(GOLDEN.resolve("invalid"))) {
            files = listed.sorted().toList();
        }
        assertTrue(files.size() >= 9, "the invalid golden files are there");
        return files.stream();
    }

    @ParameterizedTest
    @MethodSource("invalid")
    void refusesWhatIsInvalid(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
        assertThrows(FrameException.class, () -> Frame.wrap(bytes, file.toString()));
        DeciderException e = assertThrows(DeciderException.class, () -> MindReplies.open(bytes, "decisions", 7));
        assertEquals("garbled", e.code());
    }

    @Test
    void writesTheTruthAnswerByteForByte() throws IOException {
        double nan = Double.NaN;
        FrameWriter w = new FrameWriter();
        w.begin("truth").meta("seq", 7L).table("truth", 6)
                .f64("energy_kwh", new double[] {0.01, 0.02, 0.03, nan, 0.05, 0.06})
                .f64("service_time_s", new double[] {10, 20, 30, nan, 50, 60})
                .f64("wait_s", new double[] {0, 2, 2, nan, 5, 5});
        ByteBuffer written = ByteBuffer.allocate((int) w.length());
        w.writeTo(written);
        assertEquals(golden("truth-reply"), written.flip());
    }
}
