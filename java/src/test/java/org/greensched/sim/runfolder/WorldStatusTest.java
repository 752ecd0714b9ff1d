package org.greensched.sim.runfolder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The final word on a run, also where writing it fails. */
class WorldStatusTest {
    @TempDir
    private Path folder;

    private static JsonObject said(String status) {
        JsonObject json = new JsonObject();
        json.addProperty("status", status);
        return json;
    }

    @Test
    void firstFinalStatusStands() throws IOException {
        WorldStatus status = new WorldStatus(folder.resolve("world.json"));
        assertTrue(status.close(said("completed")));
        assertFalse(status.close(said("interrupted")));
        status.running(said("running"));
        assertEquals("{\"status\":\"completed\"}\n", Files.readString(folder.resolve("world.json")));
    }

    @Test
    void statusThatCouldNotBeWrittenLeavesTheWordToTheNext() throws IOException {
        Path absent = folder.resolve("absent");
        WorldStatus status = new WorldStatus(absent.resolve("world.json"));
        assertThrows(UncheckedIOException.class, () -> status.close(said("completed")));
        Files.createDirectory(absent);
        assertTrue(status.close(said("failed")));
        assertEquals("{\"status\":\"failed\"}\n", Files.readString(absent.resolve("world.json")));
    }

    @Test
    void finalStatusNeedsNoRoomForASecondFile() throws IOException {
        Files.createDirectories(folder.resolve("world.json.tmp/in the way"));
        WorldStatus status = new WorldStatus(folder.resolve("world.json"));
        assertTrue(status.close(said("failed")));
        assertEquals("{\"status\":\"failed\"}\n", Files.readString(folder.resolve("world.json")));
    }
}
