package org.greensched.sim.runfolder;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Status and totals of the run (world/world.json, PROTOCOL.md §2.11), replaced atomically. The first final status stands:
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
        try {
            writeFinal(content);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
        closed = true; // not before it is written: who fails to write leaves the word to whoever comes next
        return true;
    }

    /** On a full disk there is no room for a second file, but for the new text in place of the old one. */
    private void writeFinal(JsonObject content) throws IOException {
        try {
            write(content);
        } catch (IOException e) {
            Files.writeString(file, content + "\n");
        }
    }

    private void write(JsonObject content) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            Files.writeString(temporary, content + "\n");
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            Files.deleteIfExists(temporary);
            throw e;
        }
    }
}
