package org.greensched.sim.columns;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A file that holds one frame with one table, preallocated and mapped read-write: cells are set in place as things happen and
 * survive the death of this process.
 */
public final class MappedTable implements Closeable {
    private static final int CHUNK_BYTES = 1 << 16;

    /**
     * A column and the value that its cells start with.
     *
     * @param fill initial value; integers are cast
     */
    public record Spec(String name, ColumnType type, double fill) {
        /** Doubles, missing (NaN) at first. */
        public static Spec f64(String name) {
            return new Spec(name, ColumnType.F64, Double.NaN);
        }

        /** Doubles that start at {@code fill}. */
        public static Spec f64(String name, double fill) {
            return new Spec(name, ColumnType.F64, fill);
        }

        /** 64-bit integers, -1 at first. */
        public static Spec i64(String name) {
            return new Spec(name, ColumnType.I64, -1);
        }

        /** 32-bit integers, -1 at first. */
        public static Spec i32(String name) {
            return new Spec(name, ColumnType.I32, -1);
        }

        /** 32-bit integers that start at {@code fill}. */
        public static Spec i32(String name, int fill) {
            return new Spec(name, ColumnType.I32, fill);
        }

        /** Bytes, 0 at first. */
        public static Spec u8(String name) {
            return new Spec(name, ColumnType.U8, 0);
        }
    }

    private final Table table;
    private final List<MappedByteBuffer> mappings = new ArrayList<>();

    private MappedTable(Table table) {
        this.table = table;
    }

    /**
     * Creates (or replaces) {@code file}.
     *
     * @param kind kind of the frame
     * @param metaJson metadata of the frame, a JSON object
     * @param name name of the table
     * @param rows its rows
     * @throws IOException the disk is full or the file cannot be written; every byte is written here, so that setting a cell
     *     later cannot fail for want of space
     */
    public static MappedTable create(Path file, String kind, String metaJson, String name, long rows, List<Spec> columns)
            throws IOException {
        byte[] header = header(kind, metaJson, name, rows, columns);
        long dataAt = FrameLayout.PREFIX_BYTES + FrameLayout.pad8(header.length);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ,
                StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            writeFully(channel, FrameLayout.head(header, dataAt + dataBytes(rows, columns)));
            for (Spec spec : columns) {
                fill(channel, spec, rows);
            }
            MappedTable mapped = new MappedTable(new Table(file + ": table " + name, rows));
            long all = dataBytes(rows, columns);
            MappedByteBuffer whole = all > Integer.MAX_VALUE ? null : channel.map(MapMode.READ_WRITE, dataAt, all);
            long at = 0;
            for (Spec spec : columns) {
                long bytes = rows * spec.type.width();
                MappedByteBuffer buffer = whole == null ? channel.map(MapMode.READ_WRITE, dataAt + at, bytes)
                        : whole.slice((int) at, (int) bytes);
                mapped.mappings.add(buffer);
                mapped.table.add(spec.name, spec.type, FrameLayout.littleEndian(buffer));
                at += FrameLayout.pad8(bytes);
            }
            return mapped;
        }
    }

    /** The table; the {@code set} methods of its columns write to the file. */
    public Table table() {
        return table;
    }

    /** Forces all cells to the disk. */
    public void flush() {
        mappings.forEach(MappedByteBuffer::force);
    }

    /** Nothing to release: the operating system keeps what was set, the mappings go with the columns. */
    @Override
    public void close() {
        mappings.clear();
    }

    private static long dataBytes(long rows, List<Spec> columns) {
        long bytes = 0;
        for (Spec spec : columns) {
            bytes += FrameLayout.pad8(rows * spec.type.width());
        }
        return bytes;
    }

    private static byte[] header(String kind, String metaJson, String name, long rows, List<Spec> columns) {
        JsonText text = new JsonText();
        text.raw().append("{\"kind\":");
        text.quote(kind).raw().append(",\"meta\":").append(metaJson).append(",\"tables\":[{\"name\":");
        text.quote(name).raw().append(",\"rows\":").append(rows).append(",\"columns\":\"");
        boolean first = true;
        for (Spec spec : columns) {
            if (spec.type == ColumnType.STR) {
                throw new IllegalArgumentException(name + "." + spec.name + ": strings cannot be set in place");
            }
            Schema.append(text.raw(), first, spec.name, spec.type);
            first = false;
        }
        text.raw().append("\"}]}");
        return text.raw().toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void fill(FileChannel channel, Spec spec, long rows) throws IOException {
        long left = FrameLayout.pad8(rows * spec.type.width());
        if (left == 0) {
            return;
        }
        ByteBuffer chunk = filled(spec, (int) Math.min(left, CHUNK_BYTES));
        while (left > 0) {
            int now = (int) Math.min(left, chunk.capacity());
            writeFully(channel, chunk.clear().limit(now));
            left -= now;
        }
    }

    /** The fill value over and over; {@code bytes} is a multiple of 8. Doubling it is quick, value by value is not. */
    private static ByteBuffer filled(Spec spec, int bytes) {
        ByteBuffer chunk = FrameLayout.littleEndian(ByteBuffer.allocateDirect(bytes));
        while (chunk.position() < 8) {
            switch (spec.type) {
                case I64 -> chunk.putLong((long) spec.fill);
                case I32 -> chunk.putInt((int) spec.fill);
                case F64 -> chunk.putDouble(spec.fill);
                default -> chunk.put((byte) spec.fill);
            }
        }
        while (chunk.hasRemaining()) {
            int now = Math.min(chunk.position(), chunk.remaining());
            chunk.put(chunk.position(), chunk, 0, now).position(chunk.position() + now);
        }
        return chunk;
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
