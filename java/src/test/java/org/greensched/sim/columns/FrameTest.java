package org.greensched.sim.columns;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.greensched.sim.columns.MappedTable.Spec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FrameTest {
    @TempDir
    Path folder;

    private static FrameWriter sample() {
        FrameWriter w = new FrameWriter();
        w.begin("sample").meta("seq", 7L).meta("share_frac", 0.125).meta("name", "a\"b\\c\nü 😀").meta("ok", true)
                .meta("codes", new String[] {"x", "y"});
        w.table("t", 3).i64("a", new long[] {1, Long.MAX_VALUE, Long.MIN_VALUE}).i32("b", new int[] {1, -1, 9})
                .f64("c", new double[] {0.1, Double.NaN, -0.0}).u8("d", new byte[] {0, 1, (byte) 255})
                .str("s", new String[] {"", "hé", "😀x"});
        w.table("none", 0).i64("a", new long[0]).str("s", new String[0]);
        return w;
    }

    private static ByteBuffer bytes(FrameWriter w) {
        ByteBuffer buffer = ByteBuffer.allocate((int) w.length());
        w.writeTo(buffer);
        return buffer.flip();
    }

    private static void assertSample(Frame frame) {
        assertEquals("sample", frame.kind());
        assertEquals("a\"b\\c\nü 😀", frame.meta().get("name").getAsString());
        assertEquals(0.125, frame.meta().get("share_frac").getAsDouble());
        Table t = frame.table("t");
        assertEquals(3, t.rows());
        assertArrayEquals(new long[] {1, Long.MAX_VALUE, Long.MIN_VALUE}, t.i64("a").toArray());
        assertEquals(-1, t.i32("b").get(1));
        assertTrue(Double.isNaN(t.f64("c").get(1)));
        assertEquals(255, t.u8("d").get(2));
        assertEquals("😀x", t.str("s").get(2));
        assertEquals(2 + 1, t.str("s").length(1));
        assertEquals(0, frame.table("none").str("s").size());
    }

    @Test
    void readsWhatItWroteInMemoryAndMapped() throws IOException {
        assertSample(Frame.wrap(bytes(sample()), "memory"));
        Path file = folder.resolve("a.gsf");
        Files.write(file, bytes(sample()).array());
        assertSample(Frame.map(file));
    }

    @Test
    void aWriterIsReusableAndForgetsTheFrameBefore() {
        FrameWriter w = sample();
        ByteBuffer first = bytes(w);
        w.begin("other").meta("seq", 8L);
        Frame other = Frame.wrap(bytes(w), "memory");
        assertEquals("other", other.kind());
        assertEquals(0, other.table("t").rows());
        assertEquals(1, other.meta().size());
        w.begin("big").table("t", 100_000).open("x", ColumnType.I64);
        for (int i = 0; i < 100_000; i++) {
            w.putI64(i * 3L);
        }
        assertEquals(299_997, Frame.wrap(bytes(w), "memory").table("t").i64("x").get(99_999));
        assertSample(Frame.wrap(first, "memory"));
    }

    @Test
    void anAbsentTableIsAnEmptyOne() {
        Table absent = Frame.wrap(bytes(sample()), "memory").table("absent");
        assertEquals(0, absent.rows());
        assertFalse(absent.has("a"));
        assertEquals(0, absent.i64("a").size());
        assertEquals(0, absent.str("s").size());
    }

    @Test
    void refusesWrongColumnsWithTheirNames() {
        Table t = Frame.wrap(bytes(sample()), "run/input/x.gsf").table("t");
        assertTrue(message(() -> t.f64("nope")).contains("run/input/x.gsf: table t: no column 'nope'; there are [a, b, c"));
        assertTrue(message(() -> t.f64("a")).contains("column 'a' is i64, expected f64"));
        assertThrows(IndexOutOfBoundsException.class, () -> t.i64("a").get(3));
        assertThrows(IndexOutOfBoundsException.class, () -> t.i64("a").get(-1));
        assertThrows(IndexOutOfBoundsException.class, () -> t.str("s").get(3));
    }

    @Test
    void everyTruncationIsRefusedAndNamesTheFile() throws IOException {
        byte[] whole = bytes(sample()).array();
        for (int length = 0; length < whole.length; length++) {
            Path file = folder.resolve("cut.gsf");
            Files.write(file, java.util.Arrays.copyOf(whole, length));
            String said = message(() -> Frame.map(file));
            assertTrue(said.startsWith(file + ": truncated"), said);
        }
    }

    @Test
    void everyFlippedBitOfTheHeaderIsRefused() {
        byte[] whole = bytes(sample()).array();
        int header = ByteBuffer.wrap(whole).order(java.nio.ByteOrder.LITTLE_ENDIAN).getInt(8);
        for (int at = 0; at < FrameLayout.PREFIX_BYTES + header; at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 4;
            assertThrows(FrameException.class, () -> Frame.wrap(ByteBuffer.wrap(damaged), "m"), "byte " + at);
        }
    }

    @Test
    void refusesTextThatIsNotUtf8() {
        byte[] whole = bytes(sample()).array();
        int at = new String(whole, java.nio.charset.StandardCharsets.ISO_8859_1).lastIndexOf("hÃ©");
        whole[at + 1] = (byte) 0xff;
        Str s = Frame.wrap(ByteBuffer.wrap(whole), "m").table("t").str("s");
        assertEquals("", s.get(0));
        assertTrue(message(() -> s.get(1)).contains("row 1 is not UTF-8"));
    }

    @Test
    void refusesAGiantHeaderBeforeItIsRead() throws IOException {
        Path file = folder.resolve("giant.gsf");
        long header = 1L << 30;
        try (java.io.RandomAccessFile sparse = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            sparse.write(FrameLayout.littleEndian(ByteBuffer.allocate(FrameLayout.PREFIX_BYTES))
                    .putLong(FrameLayout.MAGIC).putInt((int) header).putInt(0).putLong(FrameLayout.PREFIX_BYTES + header).array());
            sparse.setLength(FrameLayout.PREFIX_BYTES + header);
        }
        assertTrue(message(() -> Frame.map(file)).contains("a header of 1073741824 bytes"));
    }

    @Test
    void misuseOfTheWriterIsAnError() {
        FrameWriter w = new FrameWriter();
        assertThrows(IllegalStateException.class, () -> w.begin("k").i64("a", new long[1]));
        w.begin("k").table("t", 2).open("a", ColumnType.F64);
        w.putF64(1);
        assertTrue(assertThrows(IllegalStateException.class, w::length).getMessage().contains("t.a: 1 values where 2"));
        assertThrows(IllegalArgumentException.class, () -> w.begin("k").meta("x", Double.NaN));
    }

    @Test
    void aLogKeepsWholeFramesAndDropsATornLastOne() throws IOException {
        Path file = folder.resolve("log.gsf");
        try (FrameLog log = FrameLog.create(file)) {
            log.append(sample());
            log.append(sample());
            log.flush();
        }
        assertEquals(2, FrameLog.read(file).size());
        byte[] whole = Files.readAllBytes(file);
        for (int cut : new int[] {1, 24, whole.length / 2 - 8}) {
            Files.write(file, java.util.Arrays.copyOf(whole, whole.length - cut));
            List<Frame> left = FrameLog.read(file);
            assertEquals(1, left.size(), "cut " + cut);
            assertSample(left.get(0));
        }
        whole[whole.length / 2] ^= 1;
        Files.write(file, whole);
        assertThrows(FrameException.class, () -> FrameLog.read(file));
    }

    @Test
    void aMappedTableIsSetInPlace() throws IOException {
        Path file = folder.resolve("jobs.gsf");
        List<Spec> columns = List.of(Spec.i32("state"), Spec.f64("x_s"), Spec.u8("source"), Spec.i64("decision"),
                Spec.f64("kwh", 0), Spec.i32("reason", 2));
        try (MappedTable table = MappedTable.create(file, "jobs", "{\"reasons\":[\"\"]}", "jobs", 5, columns)) {
            table.table().i32("state").set(3, 7);
            table.table().f64("x_s").set(4, 2.5);
            table.table().u8("source").set(0, 200);
            table.flush();
        }
        Table read = Frame.map(file).table("jobs");
        assertArrayEquals(new int[] {-1, -1, -1, 7, -1}, read.i32("state").toArray());
        assertArrayEquals(new double[] {Double.NaN, Double.NaN, Double.NaN, Double.NaN, 2.5}, read.f64("x_s").toArray());
        assertEquals(200, read.u8("source").get(0));
        assertArrayEquals(new long[] {-1, -1, -1, -1, -1}, read.i64("decision").toArray());
        assertEquals(0, read.f64("kwh").get(4));
        assertEquals(2, read.i32("reason").get(4));
        assertThrows(java.nio.ReadOnlyBufferException.class, () -> read.i32("state").set(0, 1));
        assertEquals(Files.size(file), Frame.map(file).length());
    }

    @Test
    void aMappedTableMayHaveNoRows() throws IOException {
        Path file = folder.resolve("none.gsf");
        MappedTable.create(file, "jobs", "{}", "jobs", 0, List.of(Spec.i32("state"), Spec.f64("x_s"))).close();
        assertEquals(0, Frame.map(file).table("jobs").f64("x_s").size());
    }

    private static String message(org.junit.jupiter.api.function.Executable action) {
        return assertThrows(FrameException.class, action).getMessage();
    }
}
