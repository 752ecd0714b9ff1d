package org.greensched.sim.columns;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One frame (PROTOCOL.md §1): kind, metadata and tables of columns that are views of the bytes. Columns of a mapped file are
 * mapped one by one, so only a single column is bound by Java's 2 GiB per buffer.
 */
public final class Frame {
    /** Gives the bytes [at, at + size) of the data section as a little-endian buffer that starts at 0. */
    @FunctionalInterface
    private interface Section {
        ByteBuffer bytes(long at, long size) throws IOException;
    }

    private final String where;
    private final String kind;
    private final JsonObject meta;
    private final long length;
    private final Map<String, Table> tables = new LinkedHashMap<>();
    /** Where in the data section the next column starts. */
    private long nextAt;

    private Frame(String where, FrameLayout.Prefix prefix, JsonObject header, Section data) throws IOException {
        this.where = where;
        this.length = prefix.frameBytes();
        this.kind = FrameLayout.string(header, "kind", where);
        JsonElement metaElement = header.get("meta");
        if (metaElement == null || !metaElement.isJsonObject()) {
            throw new FrameException(where, "header key 'meta' must be an object");
        }
        this.meta = metaElement.getAsJsonObject();
        long dataBytes = length - prefix.dataAt();
        for (JsonElement element : FrameLayout.array(header, "tables", where)) {
            addTable(element, dataBytes, data);
        }
        if (nextAt != dataBytes) {
            throw new FrameException(where, "the columns take " + nextAt + " bytes of " + dataBytes);
        }
    }

    /**
     * Maps the first frame of {@code file} read-only.
     *
     * @throws FrameException not a frame, truncated or damaged
     * @throws IOException the file cannot be read
     */
    public static Frame map(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return read(channel, 0, MapMode.READ_ONLY, file.toString());
        }
    }

    /**
     * Reads the frame at index 0 of {@code buffer}; its columns are views of the buffer.
     *
     * @param where name of the message, for errors
     * @throws FrameException not a frame, truncated or damaged
     */
    public static Frame wrap(ByteBuffer buffer, String where) {
        ByteBuffer bytes = FrameLayout.littleEndian(buffer.duplicate().clear().limit(buffer.limit()));
        FrameLayout.Prefix prefix = FrameLayout.prefix(bytes, bytes.limit(), where);
        JsonObject header = FrameLayout.header(
                bytes.slice(FrameLayout.PREFIX_BYTES, prefix.headerBytes()), prefix, where);
        int dataAt = (int) prefix.dataAt();
        try {
            return new Frame(where, prefix, header,
                    (at, size) -> FrameLayout.littleEndian(bytes.slice(dataAt + (int) at, (int) size)));
        } catch (IOException e) {
            throw new FrameException(where, "cannot be read", e);
        }
    }

    /** Maps the frame at byte {@code start} of an open file. */
    static Frame read(FileChannel channel, long start, MapMode mode, String where) throws IOException {
        ByteBuffer head = FrameLayout.littleEndian(ByteBuffer.allocate(FrameLayout.PREFIX_BYTES));
        readFully(channel, head, start);
        FrameLayout.Prefix prefix = FrameLayout.prefix(head, channel.size() - start, where);
        ByteBuffer headerBytes = ByteBuffer.allocate(prefix.headerBytes());
        readFully(channel, headerBytes, start + FrameLayout.PREFIX_BYTES);
        JsonObject header = FrameLayout.header(headerBytes.flip(), prefix, where);
        long dataAt = start + prefix.dataAt();
        long dataBytes = prefix.frameBytes() - prefix.dataAt();
        if (dataBytes > Integer.MAX_VALUE) {
            return new Frame(where, prefix, header,
                    (at, size) -> FrameLayout.littleEndian(channel.map(mode, dataAt + at, size)));
        }
        // one mapping: a process may have 65,530, and those of many runs wait for the garbage collector
        ByteBuffer whole = channel.map(mode, dataAt, dataBytes);
        return new Frame(where, prefix, header,
                (at, size) -> FrameLayout.littleEndian(whole.slice((int) at, (int) size)));
    }

    private static void readFully(FileChannel channel, ByteBuffer target, long at) throws IOException {
        while (target.hasRemaining()) {
            if (channel.read(target, at + target.position()) < 0) {
                return;
            }
        }
    }

    private void addTable(JsonElement element, long dataBytes, Section data) throws IOException {
        if (!element.isJsonObject()) {
            throw new FrameException(where, "each table of the header must be an object");
        }
        JsonObject spec = element.getAsJsonObject();
        String name = FrameLayout.string(spec, "name", where);
        String place = where + ": table " + name;
        long rows = FrameLayout.count(spec, "rows", place);
        if (rows > Integer.MAX_VALUE - 1) {
            throw new FrameException(place, rows + " rows are too many");
        }
        Table table = new Table(place, rows);
        for (Schema.Column column : Schema.parse(FrameLayout.string(spec, "columns", place), place)) {
            long size = size(column, rows, dataBytes, data, place);
            table.add(column.name(), column.type(), data.bytes(nextAt, size));
            nextAt += FrameLayout.pad8(size);
        }
        tables.put(name, table);
    }

    /** Bytes of the column that starts at {@link #nextAt}. */
    private long size(Schema.Column column, long rows, long dataBytes, Section data, String place) throws IOException {
        boolean text = column.type() == ColumnType.STR;
        long size = text ? 4 * (rows + 1) : rows * column.type().width();
        if (text && size <= dataBytes - nextAt) {
            int last = data.bytes(nextAt + 4 * rows, 4).getInt(0);
            if (last < 0) {
                throw new FrameException(place, "string offsets of column '" + column.name() + "' are negative");
            }
            size += last;
        }
        if (size > dataBytes - nextAt) {
            throw new FrameException(place, "column '" + column.name() + "' lies outside the frame");
        }
        if (size > Integer.MAX_VALUE) {
            throw new FrameException(place, "column '" + column.name() + "' has " + size + " bytes; one column may have 2 GiB");
        }
        return size;
    }

    /** What the frame is: the name of a message or of a file of the run folder. */
    public String kind() {
        return kind;
    }

    /** Free metadata. */
    public JsonObject meta() {
        return meta;
    }

    /** Bytes of the whole frame, a multiple of 8. */
    public long length() {
        return length;
    }

    /** The table {@code name}; an absent one is empty. */
    public Table table(String name) {
        Table table = tables.get(name);
        return table == null ? new Table(where + ": table " + name, 0) : table;
    }
}
