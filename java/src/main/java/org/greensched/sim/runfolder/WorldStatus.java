package org.greensched.sim.runfolder;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Status and totals of the run (world/world.json, PROTOCOL.md §2.10), replaced atomically. The first final status stands:
 * an interruption that arrives while the run is being closed changes nothing, and the other way round.
 */
public final class WorldStatus {
    private final Path file;
    private boolean closed;

    /** A status file that is not written yet. */
    public WorldStatus(Path file) {
        this.file = file;
    }

    /** Writes an intermediate status, {@code running}. */
    public synchronized void running(JsonObject content) throws IOException {
        if (!closed) {
            write(content);
        }
    }

    /** Writes a final status; later writes are ignored. Returns whether this was the first. */
    public synchronized boolean close(JsonObject content) {
        if (closed) {
            return false;
        }
        closed = true;
        try {
            write(content);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
        return true;
    }

    private void write(JsonObject content) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        Files.writeString(temporary, content + "\n");
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
