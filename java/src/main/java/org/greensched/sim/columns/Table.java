package org.greensched.sim.columns;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Equally long columns of one frame. An absent table is an empty one: no rows, no columns. */
public final class Table {
    private record Column(ColumnType type, ByteBuffer buffer) {}

    private final String where;
    private final long rows;
    private final Map<String, Column> columns = new LinkedHashMap<>();

    Table(String where, long rows) {
        this.where = where;
        this.rows = rows;
    }

    /** A table without rows or columns; any column may be asked for. */
    public static Table empty(String where) {
        return new Table(where, 0);
    }

    void add(String name, ColumnType type, ByteBuffer littleEndian) {
        columns.put(name, new Column(type, littleEndian));
    }

    /** Number of rows. */
    public long rows() {
        return rows;
    }

    /** Whether there is a column {@code name}. */
    public boolean has(String name) {
        return columns.containsKey(name);
    }

    /** Names of the columns in file order. */
    public Set<String> names() {
        return columns.keySet();
    }

    /** Type of column {@code name}; {@code null} if there is none. */
    public ColumnType type(String name) {
        Column column = columns.get(name);
        return column == null ? null : column.type;
    }

    /** Column of 64-bit integers. */
    public I64 i64(String name) {
        return new I64(buffer(name, ColumnType.I64));
    }

    /** Column of 32-bit integers. */
    public I32 i32(String name) {
        return new I32(buffer(name, ColumnType.I32));
    }

    /** Column of unsigned bytes. */
    public U8 u8(String name) {
        return new U8(buffer(name, ColumnType.U8));
    }

    /** Column of doubles. */
    public F64 f64(String name) {
        return new F64(buffer(name, ColumnType.F64));
    }

    /** Column of strings. */
    public Str str(String name) {
        return new Str(buffer(name, ColumnType.STR), (int) rows, where + "." + name);
    }

    /** The bytes of column {@code name}, whatever its type. */
    ByteBuffer bytes(String name) {
        return buffer(name, type(name));
    }

    private ByteBuffer buffer(String name, ColumnType expected) {
        Column column = columns.get(name);
        if (column == null) {
            if (columns.isEmpty() && rows == 0) {
                // an absent table may be asked for any column: it has no rows; strings still need their one offset
                return FrameLayout.littleEndian(ByteBuffer.allocate(expected == ColumnType.STR ? 4 : 0));
            }
            throw new FrameException(where, "no column '" + name + "'; there are " + columns.keySet());
        }
        if (column.type != expected) {
            throw new FrameException(where, "column '" + name + "' is " + column.type.wireName() + ", expected "
                    + expected.wireName());
        }
        return column.buffer;
    }
}
