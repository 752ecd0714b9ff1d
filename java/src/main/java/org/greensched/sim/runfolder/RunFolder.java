package org.greensched.sim.runfolder;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

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
     * Makes the folder for the world's records and keeps other worlds out of it until the lock is closed. The lock is the
     * operating system's, and so ends with the process however it ends; {@code greensched finish} asks for it, too.
     *
     * @throws BadInputException another world writes here, or one has written
     * @throws IOException when the folder cannot be made
     */
    public FileChannel claimWorld() throws IOException {
        if (!Files.isDirectory(root.resolve("input"))) {
            throw new BadInputException(root.toString(), "holds no input/; is this a prepared run folder?");
        }
        checkUnused(); // before anything is written
        Files.createDirectories(root.resolve("world"));
        FileChannel channel =
                FileChannel.open(world("world.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (!locked(channel)) {
                throw new BadInputException(root.toString(), "in use by another world; a run folder holds one run");
            }
            checkUnused();
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * Says early what {@link #claimWorld} would say.
     *
     * @throws BadInputException a world has written here
     */
    public void checkUnused() {
        if (Files.exists(world("world.json"))) {
            throw new BadInputException(world("world.json").toString(), "exists: this run folder is already simulated (or in"
                    + " use); a run is never overwritten, prepare another folder");
        }
    }

    private static boolean locked(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false; // a world in this very process
        }
    }
}
