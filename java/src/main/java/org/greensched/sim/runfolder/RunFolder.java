package org.greensched.sim.runfolder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where everything lies in a run folder (PROTOCOL.md §2). */
public record RunFolder(Path root) {

    /** A file that {@code prepare} wrote. */
    public Path input(String name) {
        return root.resolve("input").resolve(name);
    }

    /** A file that the world writes. */
    public Path world(String name) {
        return root.resolve("world").resolve(name);
    }

    /**
     * Makes the folder for the world's records.
     *
     * @throws IOException when it cannot be made
     */
    public void createWorldFolder() throws IOException {
        Files.createDirectories(root.resolve("world"));
    }
}
