package org.greensched.bridge;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.FrameException;
import org.greensched.sim.columns.Str;
import org.greensched.sim.columns.Table;
import org.greensched.sim.placement.DeciderException;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.PlacementDecider.Needs;

/** Reads the mind's answers (PROTOCOL.md §4). */
final class MindReplies {
    private MindReplies() {}

    /**
     * Checks that {@code bytes} answer call {@code sequence} with a message of {@code kind}.
     *
     * @throws DeciderException {@code mind_error} with the mind's own traceback, or {@code garbled}
     */
    static Frame open(ByteBuffer bytes, String kind, long sequence) throws DeciderException {
        try {
            Frame frame = Frame.wrap(bytes, "the mind's reply to call " + sequence);
            JsonElement seq = frame.meta().get("seq");
            if (seq == null || seq.getAsLong() != sequence) {
                throw new DeciderException("garbled", "the mind answered call " + seq + " where " + sequence + " was asked", null);
            }
            if (frame.kind().equals("error")) {
                throw failure(frame.meta());
            }
            if (!frame.kind().equals(kind)) {
                throw new DeciderException("garbled", "the mind answered '" + frame.kind() + "', expected '" + kind + "'", null);
            }
            return frame;
        } catch (FrameException | IllegalStateException | UnsupportedOperationException | NumberFormatException e) {
            throw garbled(e);
        }
    }

    static Needs needs(Frame ready) throws DeciderException {
        try {
            JsonObject needs = ready.meta().getAsJsonObject("needs");
            return new Needs(needs.get("forecasts").getAsBoolean(), needs.get("progress").getAsBoolean(),
                    needs.get("truth").getAsBoolean());
        } catch (NullPointerException | ClassCastException | IllegalStateException e) {
            throw garbled(e);
        }
    }

    static Decisions decisions(Frame frame) throws DeciderException {
        try {
            Table table = frame.table("decisions");
            Str texts = table.str("reason");
            String[] reasons = new String[texts.size()];
            String before = "";
            for (int i = 0; i < reasons.length; i++) {
                String text = texts.get(i);
                // most reasons of one answer are alike: keep one copy of a run of equal ones
                before = text.equals(before) ? before : text;
                reasons[i] = before;
            }
            return new Decisions(reasons.length, table.i64("task").toArray(), table.i32("action").toArray(),
                    table.i32("dc").toArray(), table.i64("until_us").toArray(), table.f64("scale").toArray(),
                    table.i32("status").toArray(), reasons);
        } catch (FrameException e) {
            throw garbled(e);
        }
    }

    private static DeciderException garbled(RuntimeException e) {
        return new DeciderException("garbled", "unreadable reply of the mind: " + e.getMessage(), e);
    }

    private static DeciderException failure(JsonObject meta) {
        String code = text(meta, "code");
        if (code.equals("config")) {
            return new DeciderException(code, text(meta, "message"), null);
        }
        return new DeciderException(code.equals("protocol") ? "protocol" : "mind_error",
                "the mind failed: " + text(meta, "message") + "\n" + text(meta, "traceback"), null);
    }

    private static String text(JsonObject object, String key) {
        JsonElement value = object.get(key);
        return value == null || !value.isJsonPrimitive() ? "" : value.getAsString();
    }
}
