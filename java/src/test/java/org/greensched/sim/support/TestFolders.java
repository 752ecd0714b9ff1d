package org.greensched.sim.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.greensched.sim.columns.FrameLog;
import org.greensched.sim.columns.FrameWriter;

/** Folders of property tests, for which JUnit's own temporary folders would live too long. */
public final class TestFolders {
    private TestFolders() {}

    /** Writes one frame to a file. */
    static void save(FrameWriter writer, Path file) throws IOException {
        try (FrameLog log = FrameLog.create(file)) {
            log.append(writer);
        }
    }

    /** Removes a folder and all that is in it. */
    public static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
