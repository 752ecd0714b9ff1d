package org.greensched.sim.columns;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;

/** A column of 64-bit integers, read (and in a {@link MappedTable} written) in place. */
public final class I64 {
    private final LongBuffer values;

    I64(ByteBuffer littleEndian) {
        this.values = littleEndian.asLongBuffer();
    }

    /** Number of rows. */
    public int size() {
        return values.limit();
    }

    /** Value of {@code row}. */
    public long get(long row) {
        return values.get(Math.toIntExact(row));
    }

    /** Replaces the value of {@code row}; only columns of a {@link MappedTable} can be written. */
    public void set(long row, long value) {
        values.put(Math.toIntExact(row), value);
    }

    /** A copy of all values. */
    public long[] toArray() {
        long[] copy = new long[values.limit()];
        values.get(0, copy);
        return copy;
    }
}
