package org.greensched.sim.columns;

import java.nio.ByteBuffer;

/** A column of unsigned bytes (0..255, or booleans), read (and in a {@link MappedTable} written) in place. */
public final class U8 {
    private final ByteBuffer values;

    U8(ByteBuffer values) {
        this.values = values;
    }

    /** Number of rows. */
    public int size() {
        return values.limit();
    }

    /** Value of {@code row}, 0..255. */
    public int get(long row) {
        return values.get(Math.toIntExact(row)) & 0xff;
    }

    /** Replaces the value of {@code row}; only columns of a {@link MappedTable} can be written. */
    public void set(long row, int value) {
        values.put(Math.toIntExact(row), (byte) value);
    }
}
