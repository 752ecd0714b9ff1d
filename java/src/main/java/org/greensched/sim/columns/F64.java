package org.greensched.sim.columns;

import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;

/** A column of doubles (NaN means missing), read (and in a {@link MappedTable} written) in place. */
public final class F64 {
    private final DoubleBuffer values;

    F64(ByteBuffer littleEndian) {
        this.values = littleEndian.asDoubleBuffer();
    }

    /** Number of rows. */
    public int size() {
        return values.limit();
    }

    /** Value of {@code row}. */
    public double get(long row) {
        return values.get(Math.toIntExact(row));
    }

    /** Replaces the value of {@code row}; only columns of a {@link MappedTable} can be written. */
    public void set(long row, double value) {
        values.put(Math.toIntExact(row), value);
    }

    /** A copy of all values. */
    public double[] toArray() {
        double[] copy = new double[values.limit()];
        values.get(0, copy);
        return copy;
    }
}
