package org.greensched.sim.columns;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** The fixed parts of a frame (PROTOCOL.md §1) and the checks that every reader makes. */
final class FrameLayout {
    /** Bytes before the header. */
    static final int PREFIX_BYTES = 24;
    /** {@code GSFRAME1} as a little-endian long. */
    static final long MAGIC = 0x31454D4152465347L;

    private static final int MOST_HEADER_BYTES = 1 << 26;

    private FrameLayout() {}

    /** What the prefix says: bytes of header, their checksum, bytes of the whole frame. */
    record Prefix(int headerBytes, int crc, long frameBytes) {
        long dataAt() {
            return PREFIX_BYTES + pad8(headerBytes);
        }
    }

    static long pad8(long bytes) {
        return (bytes + 7) & ~7L;
    }

    static ByteBuffer littleEndian(ByteBuffer buffer) {
        return buffer.order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Reads the prefix at index 0 of {@code head}, of which {@code available} bytes of frame exist. */
    static Prefix prefix(ByteBuffer head, long available, String where) {
        if (available < PREFIX_BYTES) {
            throw new FrameException(where, "truncated (" + available + " bytes, a frame needs at least " + PREFIX_BYTES + ")");
        }
        if (head.getLong(0) != MAGIC) {
            throw new FrameException(where, "not a GreenSched frame of this version (it does not start with GSFRAME1)");
        }
        long headerBytes = Integer.toUnsignedLong(head.getInt(8));
        long frameBytes = head.getLong(16);
        if (frameBytes < 0 || frameBytes > available || PREFIX_BYTES + pad8(headerBytes) > frameBytes) {
            throw new FrameException(where, "truncated (" + available + " of " + Long.toUnsignedString(frameBytes) + " bytes)");
        }
        if (headerBytes > MOST_HEADER_BYTES) {
            throw new FrameException(where, "a header of " + headerBytes + " bytes; it may have " + MOST_HEADER_BYTES);
        }
        return new Prefix((int) headerBytes, head.getInt(12), frameBytes);
    }

    /** Checks and parses the header bytes. */
    static JsonObject header(ByteBuffer bytes, Prefix prefix, String where) {
        CRC32 crc = new CRC32();
        crc.update(bytes.duplicate());
        if ((int) crc.getValue() != prefix.crc) {
            throw new FrameException(where, "header checksum mismatch; the bytes are damaged");
        }
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(bytes.duplicate()).toString();
            return parse(text);
        } catch (CharacterCodingException e) {
            throw new FrameException(where, "header is not UTF-8", e);
        } catch (IOException | JsonParseException | IllegalStateException e) {
            throw new FrameException(where, "header is not a JSON object: " + e.getMessage(), e);
        }
    }

    /** Strictly: what Gson accepts by itself (single quotes, NaN, comments, line ends in texts) Python's reader refuses. */
    private static JsonObject parse(String text) throws IOException {
        JsonReader json = new JsonReader(new StringReader(text));
        json.setStrictness(Strictness.STRICT);
        JsonObject header = JsonParser.parseReader(json).getAsJsonObject();
        if (json.peek() != JsonToken.END_DOCUMENT || text.charAt(0) == '\uFEFF') { // Gson skips a byte order mark
            throw new JsonParseException("something precedes or follows the object");
        }
        return header;
    }

    /** Prefix and padded header of a frame of {@code frameBytes} bytes, ready to be written. */
    static ByteBuffer head(byte[] header, long frameBytes) {
        CRC32 crc = new CRC32();
        crc.update(header);
        ByteBuffer head = littleEndian(ByteBuffer.allocate(PREFIX_BYTES + (int) pad8(header.length)));
        head.putLong(MAGIC).putInt(header.length).putInt((int) crc.getValue()).putLong(frameBytes).put(header);
        while (head.hasRemaining()) {
            head.put((byte) ' ');
        }
        return head.flip();
    }

    static String string(JsonObject object, String key, String where) {
        JsonElement value = required(object, key, where);
        if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
            throw new FrameException(where, "header key '" + key + "' must be a string");
        }
        return value.getAsString();
    }

    static long count(JsonObject object, String key, String where) {
        JsonElement element = required(object, key, where);
        try {
            // not getAsLong: it takes "2", 2.5 and [2], too
            long value = element.isJsonPrimitive() && element.getAsJsonPrimitive().isNumber()
                    ? Long.parseLong(element.getAsString()) : -1;
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new FrameException(where, "header key '" + key + "' must be a whole number, 0 or more", e);
        }
        throw new FrameException(where, "header key '" + key + "' must be a whole number, 0 or more");
    }

    static JsonArray array(JsonObject object, String key, String where) {
        JsonElement value = required(object, key, where);
        if (!value.isJsonArray()) {
            throw new FrameException(where, "header key '" + key + "' must be a list");
        }
        return value.getAsJsonArray();
    }

    private static JsonElement required(JsonObject object, String key, String where) {
        JsonElement value = object.get(key);
        if (value == null) {
            throw new FrameException(where, "header lacks '" + key + "'");
        }
        return value;
    }
}
