package org.greensched.bridge;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.util.UUID;
import org.greensched.sim.World;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.placement.DeciderException;

/**
 * The world's session with the mind: connects on demand, gives up a connection after any failure and, after three in a row,
 * for good (circuit breaker). A new connection has new files, so that a late answer to an old call harms nothing.
 */
final class MindConnection implements MindLine {
    static final int PROTOCOL = 1;
    private static final int HELLO_MS = 10_000;

    private final Endpoint endpoint;
    private final String runId;
    /** The same over all reconnects: tells the mind that it is still this world. */
    private final String session = UUID.randomUUID().toString();
    private final TruthDesk truth;
    private final Breaker breaker = new Breaker();
    private MindChannel channel;
    private SharedFiles files;

    MindConnection(Endpoint endpoint, String runId, TruthDesk truth) {
        this.endpoint = endpoint;
        this.runId = runId;
        this.truth = truth;
    }

    @Override
    public <T> T call(String kind, long sequence, FrameWriter writer, long timeoutMs, Reader<T> reader) throws DeciderException {
        checkBreaker();
        try {
            if (channel == null) {
                connect();
            }
            Object length = channel.call("call", timeoutMs, kind, sequence, files.write(writer));
            if (!(length instanceof Number bytes)) {
                throw new DeciderException("garbled", "the mind returned " + length + " where a length was expected", null);
            }
            T answer = reader.read(files.reply(bytes.longValue()));
            breaker.succeeded();
            return answer;
        } catch (IOException e) {
            throw failed(new DeciderException("garbled", "cannot exchange messages with the mind: " + e.getMessage(), e));
        } catch (DeciderException e) {
            throw failed(e);
        }
    }

    @Override
    public void checkBreaker() throws DeciderException {
        breaker.check();
    }

    private long tellTruth(long sequence, long length) throws IOException {
        return files.write(truth.answer(sequence, files.reply(length)));
    }

    private void connect() throws DeciderException, IOException {
        files = SharedFiles.create();
        channel = MindChannel.connect(endpoint, this::tellTruth);
        JsonObject hello = new JsonObject();
        hello.addProperty("protocol", PROTOCOL);
        hello.addProperty("run_id", runId);
        hello.addProperty("world", World.VERSION);
        hello.addProperty("session", session);
        hello.addProperty("request", files.requestPath().toString());
        hello.addProperty("reply", files.replyPath().toString());
        checkHello(String.valueOf(channel.call("hello", HELLO_MS, hello.toString())));
        files.unlink();
    }

    private static void checkHello(String text) throws DeciderException {
        try {
            JsonObject answer = JsonParser.parseString(text).getAsJsonObject();
            if (answer.has("error")) {
                JsonObject error = answer.getAsJsonObject("error");
                boolean protocol = error.get("code").getAsString().equals("protocol");
                throw new DeciderException(protocol ? "protocol" : "auth",
                        "the mind refused this world: " + error.get("message").getAsString(), null);
            }
            int version = answer.get("protocol").getAsInt();
            if (version != PROTOCOL) {
                throw new DeciderException("protocol", "the mind speaks protocol " + version + ", this world " + PROTOCOL
                        + "; install world and mind of the same release", null);
            }
        } catch (JsonParseException | IllegalStateException | NullPointerException | ClassCastException
                | NumberFormatException e) {
            throw new DeciderException("garbled", "unreadable answer to hello: " + text, e);
        }
    }

    private DeciderException failed(DeciderException error) {
        breaker.failed();
        close();
        return error;
    }

    @Override
    public void close() {
        if (channel != null) {
            channel.shutdown(true);
            channel = null;
        }
        if (files != null) {
            try {
                files.close();
            } catch (IOException e) {
                System.err.println("greensched: cannot close the shared files: " + e.getMessage());
            }
            files = null;
        }
    }
}
