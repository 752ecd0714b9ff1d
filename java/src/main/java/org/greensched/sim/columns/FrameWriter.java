package org.greensched.sim.columns;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Builds one frame after another, reusing its storage. Order of calls: {@link #begin}, any {@code meta}, then for each table
 * {@link #table} and its columns one by one: a bulk method, or {@code open…} followed by exactly {@code rows} puts.
 */
public final class FrameWriter {

    private final JsonText meta = new JsonText();
    private final JsonText tables = new JsonText();
    private String kind = "";
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

    /** A whole column copied from another table: the first {@code rows} of {@code sourceRows} tell from which of its rows. */
    public FrameWriter gather(String name, Table source, long[] sourceRows) {
        Gather.column(this, name, source, sourceRows, rows);
        return this;
    }

    /** All values of an open column of numbers as bytes: {@code length} of {@code source} from {@code from} on. */
    void putBlock(ByteBuffer source, int from, int length) {
        data.put(data.position(), source, from, length);
        data.position(data.position() + length);
        row = rows;
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

    /** The two parts of the frame, ready to be written one after the other. */
    ByteBuffer[] parts() {
        return new ByteBuffer[] {head(), data.duplicate().flip()};
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
