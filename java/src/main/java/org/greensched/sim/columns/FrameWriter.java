package org.greensched.sim.columns;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;

/**
 * Builds one frame after another, reusing its storage. Order of calls: {@link #begin}, any {@code meta}, then for each table
 * {@link #table} and its columns one by one: a bulk method, or {@code open…} followed by exactly {@code rows} puts.
 */
public final class FrameWriter {
    /** Larger frames are not copied to be written at once: head and data go one after the other. */
    private static final int ONE_WRITE_BYTES = 1 << 20;

    private final JsonText meta = new JsonText();
    private final JsonText tables = new JsonText();
    private String kind = "";
    /** The whole frame on its way to a file: one write of one buffer is what the operating system takes quickest. */
    private ByteBuffer whole = ByteBuffer.allocateDirect(0);
    private ByteBuffer data = FrameLayout.littleEndian(ByteBuffer.allocate(1 << 14));
    private byte[] header;
    private String table;
    private String column;
    private ColumnType type;
    private int rows;
    private int columns;
    private int columnAt;
    private int row;

    /** Starts a frame of {@code kind}, dropping whatever was built before. */
    public FrameWriter begin(String kind) {
        this.kind = kind;
        meta.clear();
        tables.clear();
        data.clear();
        header = null;
        table = null;
        column = null;
        return this;
    }

    /** Adds a number to the metadata. */
    public FrameWriter meta(String key, long value) {
        key(key).raw().append(value);
        return this;
    }

    /** Adds a finite number to the metadata. */
    public FrameWriter meta(String key, double value) {
        key(key).number(value);
        return this;
    }

    /** Adds a boolean to the metadata. */
    public FrameWriter meta(String key, boolean value) {
        key(key).raw().append(value);
        return this;
    }

    /** Adds a text to the metadata. */
    public FrameWriter meta(String key, String value) {
        key(key).quote(value);
        return this;
    }

    /** Adds a list of texts to the metadata. */
    public FrameWriter meta(String key, String[] values) {
        key(key).raw().append('[');
        for (int i = 0; i < values.length; i++) {
            meta.raw().append(i == 0 ? "" : ",");
            meta.quote(values[i]);
        }
        meta.raw().append(']');
        return this;
    }

    /** Adds a value that is JSON already. */
    public FrameWriter metaJson(String key, String json) {
        key(key).raw().append(json);
        return this;
    }

    private JsonText key(String key) {
        meta.raw().append(meta.raw().length() == 0 ? "" : ",");
        meta.quote(key).raw().append(':');
        return meta;
    }

    /** Starts a table whose columns all have {@code rows} rows. */
    public FrameWriter table(String name, int rows) {
        endTable();
        tables.raw().append(tables.raw().length() == 0 ? "" : ",").append("{\"name\":");
        tables.quote(name).raw().append(",\"rows\":").append(rows).append(",\"columns\":\"");
        this.table = name;
        this.rows = rows;
        this.columns = 0;
        return this;
    }

    /** A whole column of 64-bit integers: the first {@code rows} of {@code values}. */
    public FrameWriter i64(String name, long[] values) {
        open(name, ColumnType.I64);
        data.asLongBuffer().put(values, 0, rows);
        return skip(8);
    }

    /** A whole column of 32-bit integers: the first {@code rows} of {@code values}. */
    public FrameWriter i32(String name, int[] values) {
        open(name, ColumnType.I32);
        data.asIntBuffer().put(values, 0, rows);
        return skip(4);
    }

    /** A whole column of doubles: the first {@code rows} of {@code values}. */
    public FrameWriter f64(String name, double[] values) {
        open(name, ColumnType.F64);
        data.asDoubleBuffer().put(values, 0, rows);
        return skip(8);
    }

    /** A whole column of bytes: the first {@code rows} of {@code values}. */
    public FrameWriter u8(String name, byte[] values) {
        open(name, ColumnType.U8);
        data.put(values, 0, rows);
        row = rows;
        return this;
    }

    /** A whole column of strings: the first {@code rows} of {@code values}. */
    public FrameWriter str(String name, String[] values) {
        open(name, ColumnType.STR);
        for (int i = 0; i < rows; i++) {
            putStr(values[i]);
        }
        return this;
    }

    /** Starts a column of {@code type}, to be followed by {@code rows} puts. */
    public FrameWriter open(String name, ColumnType type) {
        if (table == null) {
            throw new IllegalStateException("column " + name + " outside a table");
        }
        endColumn();
        this.column = name;
        this.type = type;
        this.columnAt = data.position();
        this.row = 0;
        long bytes = type == ColumnType.STR ? 4L * (rows + 1) : (long) rows * type.width();
        reserve(bytes);
        if (type == ColumnType.STR) {
            data.putInt(columnAt, 0);
            data.position(columnAt + (int) bytes);
        }
        return this;
    }

    /** Next value of an open i64 column. */
    public void putI64(long value) {
        data.putLong(value);
        row++;
    }

    /** Next value of an open i32 column. */
    public void putI32(int value) {
        data.putInt(value);
        row++;
    }

    /** Next value of an open f64 column. */
    public void putF64(double value) {
        data.putDouble(value);
        row++;
    }

    /** Next value of an open u8 column. */
    public void putU8(int value) {
        data.put((byte) value);
        row++;
    }

    /** Next value of an open string column. */
    public void putStr(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        reserve(bytes.length);
        data.put(bytes);
        endString();
    }

    /** Next value of an open string column, copied from another column without decoding. */
    public void putStr(Str source, long sourceRow) {
        reserve(source.length(sourceRow));
        source.copyTo(sourceRow, data);
        endString();
    }

    /**
     * A whole column copied from another table: the first {@code rows} of {@code sourceRows} tell from which of its rows.
     * Neighbours (tasks arrive in the order of their ids) are copied as one block.
     */
    public FrameWriter gather(String name, Table source, long[] sourceRows) {
        ColumnType wanted = source.type(name);
        if (wanted == ColumnType.STR) {
            return gatherStr(name, source.str(name), sourceRows);
        }
        open(name, wanted);
        ByteBuffer bytes = source.bytes(name);
        int width = wanted.width();
        if (rows > 0 && areNeighbours(sourceRows)) {
            data.put(data.position(), bytes, Math.toIntExact(sourceRows[0] * width), rows * width);
            return skip(width);
        }
        int at = data.position();
        for (int i = 0; i < rows; i++) {
            int from = Math.toIntExact(sourceRows[i] * width);
            switch (width) {
                case 8 -> data.putLong(at + 8 * i, bytes.getLong(from));
                case 4 -> data.putInt(at + 4 * i, bytes.getInt(from));
                default -> data.put(at + i, bytes.get(from));
            }
        }
        return skip(width);
    }

    private FrameWriter gatherStr(String name, Str source, long[] sourceRows) {
        open(name, ColumnType.STR);
        for (int i = 0; i < rows; i++) {
            putStr(source, sourceRows[i]);
        }
        return this;
    }

    private boolean areNeighbours(long[] sourceRows) {
        for (int i = 1; i < rows; i++) {
            if (sourceRows[i] != sourceRows[i - 1] + 1) {
                return false;
            }
        }
        return true;
    }

    /** Bytes of the finished frame. */
    public long length() {
        return FrameLayout.PREFIX_BYTES + FrameLayout.pad8(header().length) + data.position();
    }

    /** Writes the frame at the buffer's position and advances it; the buffer must have {@link #length()} bytes left. */
    public void writeTo(ByteBuffer target) {
        target.put(head());
        target.put(data.duplicate().flip());
    }

    /** Appends the frame to a file. */
    public void writeTo(FileChannel channel) throws IOException {
        long bytes = length();
        if (bytes > ONE_WRITE_BYTES) {
            writeFully(channel, head());
            writeFully(channel, data.duplicate().flip());
            return;
        }
        if (bytes > whole.capacity()) {
            whole = ByteBuffer.allocateDirect((int) bytes * 2);
        }
        whole.clear();
        writeTo(whole);
        writeFully(channel, whole.flip());
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private ByteBuffer head() {
        return FrameLayout.head(header(), length());
    }

    private byte[] header() {
        if (header == null) {
            endTable();
            JsonText text = new JsonText();
            text.raw().append("{\"kind\":");
            text.quote(kind).raw().append(",\"meta\":{").append(meta.raw()).append("},\"tables\":[")
                    .append(tables.raw()).append("]}");
            header = text.raw().toString().getBytes(StandardCharsets.UTF_8);
        }
        return header;
    }

    private FrameWriter skip(int width) {
        data.position(data.position() + rows * width);
        row = rows;
        return this;
    }

    private void endString() {
        row++;
        data.putInt(columnAt + 4 * row, data.position() - columnAt - 4 * (rows + 1));
    }

    private void endColumn() {
        if (column == null) {
            return;
        }
        if (row != rows) {
            throw new IllegalStateException(table + "." + column + ": " + row + " values where " + rows + " were announced");
        }
        Schema.append(tables.raw(), columns++ == 0, column, type);
        reserve(8);
        while ((data.position() & 7) != 0) {
            data.put((byte) 0);
        }
        column = null;
    }

    private void endTable() {
        endColumn();
        if (table != null) {
            tables.raw().append("\"}");
            table = null;
        }
    }

    private void reserve(long bytes) {
        long needed = data.position() + bytes;
        if (needed <= data.capacity()) {
            return;
        }
        if (needed > Integer.MAX_VALUE - 16) {
            throw new IllegalStateException(table + ": a frame built in memory may have 2 GiB");
        }
        int capacity = (int) Math.min(Integer.MAX_VALUE - 16L, Math.max(needed, 2L * data.capacity()));
        data = FrameLayout.littleEndian(ByteBuffer.allocate(capacity)).put(data.flip());
    }
}
