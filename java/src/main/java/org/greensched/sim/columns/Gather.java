package org.greensched.sim.columns;

import java.nio.ByteBuffer;

/** Copies rows of a table into a frame. Neighbours (tasks arrive in the order of their ids) go as one block. */
final class Gather {
    private Gather() {}

    /** Writes column {@code name} of {@code source}: the first {@code rows} of {@code sourceRows} tell which rows. */
    static void column(FrameWriter writer, String name, Table source, long[] sourceRows, int rows) {
        ColumnType type = source.type(name);
        if (type == ColumnType.STR) {
            texts(writer.open(name, type), source.str(name), sourceRows, rows);
            return;
        }
        writer.open(name, type);
        ByteBuffer bytes = source.bytes(name);
        int width = type.width();
        if (rows > 0 && areNeighbours(sourceRows, rows)) {
            writer.putBlock(bytes, Math.toIntExact(sourceRows[0] * width), rows * width);
            return;
        }
        for (int i = 0; i < rows; i++) {
            int from = Math.toIntExact(sourceRows[i] * width);
            switch (width) {
                case 8 -> writer.putI64(bytes.getLong(from)); // doubles too: their bits
                case 4 -> writer.putI32(bytes.getInt(from));
                default -> writer.putU8(bytes.get(from));
            }
        }
    }

    private static void texts(FrameWriter writer, Str source, long[] sourceRows, int rows) {
        for (int i = 0; i < rows; i++) {
            writer.putStr(source, sourceRows[i]);
        }
    }

    private static boolean areNeighbours(long[] sourceRows, int rows) {
        for (int i = 1; i < rows; i++) {
            if (sourceRows[i] != sourceRows[i - 1] + 1) {
                return false;
            }
        }
        return true;
    }
}
