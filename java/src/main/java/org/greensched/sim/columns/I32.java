package org.greensched.sim.columns;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;

/** A column of 32-bit integers, read (and in a {@link MappedTable} written) in place. */
public final class I32 {
    private final IntBuffer values;

    I32(ByteBuffer littleEndian) {
        this.values = littleEndian.asIntBuffer();
    }

    /** Number of rows. */
    public int size() {
        return values.limit();
    }

    /** Value of {@code row}. */
    public int get(long row) {
        return values.get(Math.toIntExact(row));
    }

    /** Replaces the value of {@code row}; only columns of a {@link MappedTable} can be written. */
    public void set(long row, int value) {
        values.put(Math.toIntExact(row), value);
    }

    /** A copy of all values. */
    public int[] toArray() {
        int[] copy = new int[values.limit()];
        values.get(0, copy);
        return copy;
    }
}
