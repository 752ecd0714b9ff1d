package org.greensched.sim.util;

import java.util.Arrays;

/** A growable list of primitive long values. */
public final class LongList {
    private long[] values = new long[16];
    private int size;

    /** Appends a value. */
    public void add(long value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size * 2);
        }
        values[size++] = value;
    }

    /** Value at {@code index}. */
    public long get(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException(index + " of " + size);
        }
        return values[index];
    }

    /** Replaces the value at {@code index}. */
    public void set(int index, long value) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException(index + " of " + size);
        }
        values[index] = value;
    }

    /** Number of values. */
    public int size() {
        return size;
    }

    /** True if there is no value. */
    public boolean isEmpty() {
        return size == 0;
    }

    /** Removes all values, keeping the storage. */
    public void clear() {
        size = 0;
    }

    /** A copy of the values. */
    public long[] toArray() {
        return Arrays.copyOf(values, size);
    }

    /** The storage itself, valid up to {@link #size()} and until the next {@link #add}. */
    public long[] raw() {
        return values;
    }
}
