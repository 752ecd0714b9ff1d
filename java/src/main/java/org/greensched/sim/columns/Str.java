package org.greensched.sim.columns;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** A column of strings, decoded when asked for. */
public final class Str {
    private final ByteBuffer buffer;
    private final int rows;
    private final int base;
    private final String where;

    Str(ByteBuffer littleEndian, int rows, String where) {
        this.buffer = littleEndian;
        this.rows = rows;
        this.base = 4 * (rows + 1);
        this.where = where;
        if (buffer.getInt(0) != 0 || buffer.getInt(4 * rows) != buffer.limit() - base) {
            throw new FrameException(where, "string offsets do not span the column's bytes");
        }
    }

    /** Number of rows. */
    public int size() {
        return rows;
    }

    /**
     * Text of {@code row}.
     *
     * @throws FrameException the bytes are not UTF-8 or the offsets run backwards
     */
    public String get(long row) {
        int start = offset(row);
        int length = length(row);
        if (length == 0) {
            return "";
        }
        byte[] bytes = new byte[length];
        buffer.get(base + start, bytes);
        return isAscii(bytes) ? new String(bytes, StandardCharsets.ISO_8859_1) : decode(bytes, row);
    }

    /** Most texts are; a decoder for each text would take longer than all the rest. */
    private static boolean isAscii(byte[] bytes) {
        for (byte b : bytes) {
            if (b < 0) {
                return false;
            }
        }
        return true;
    }

    private String decode(byte[] bytes, long row) {
        try {
            return StandardCharsets.UTF_8.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new FrameException(where, "row " + row + " is not UTF-8", e);
        }
    }

    /** Number of UTF-8 bytes of {@code row}. */
    public int length(long row) {
        int start = offset(row);
        int end = offset(row + 1);
        if (start < 0 || end < start || base + (long) end > buffer.limit()) {
            throw new FrameException(where, "string offsets of row " + row + " run outside the column");
        }
        return end - start;
    }

    /** Appends the UTF-8 bytes of {@code row} to {@code target} without decoding them. */
    void copyTo(long row, ByteBuffer target) {
        int length = length(row);
        target.put(target.position(), buffer, base + offset(row), length);
        target.position(target.position() + length);
    }

    private int offset(long row) {
        if (row < 0 || row > rows) {
            throw new IndexOutOfBoundsException(row + " of " + rows);
        }
        return buffer.getInt(4 * (int) row);
    }
}
