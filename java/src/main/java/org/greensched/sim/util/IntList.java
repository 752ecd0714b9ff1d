package org.greensched.sim.util;

import java.util.Arrays;

/** A growable list of primitive int values. */
public final class IntList {
    private int[] values = new int[16];
    private int size;

    /** Appends a value. */
    public void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size * 2);
        }
        values[size++] = value;
    }

    /** Value at {@code index}. */
    public int get(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException(index + " of " + size);
        }
        return values[index];
    }

    /** Replaces the value at {@code index}. */
    public void set(int index, int value) {
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

    /** Keeps the first {@code newSize} values. */
    public void truncate(int newSize) {
        if (newSize < 0 || newSize > size) {
            throw new IndexOutOfBoundsException(newSize + " of " + size);
        }
        size = newSize;
    }

    /** Removes all values, keeping the storage. */
    public void clear() {
        size = 0;
    }

    /** A copy of the values. */
    public int[] toArray() {
        return Arrays.copyOf(values, size);
    }

    /** The storage itself, valid up to {@link #size()} and until the next {@link #add}. */
    public int[] raw() {
        return values;
    }
}
