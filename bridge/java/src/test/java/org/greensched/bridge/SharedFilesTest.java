package org.greensched.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.FrameWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedFilesTest {
    private static FrameWriter message(int rows) {
        FrameWriter writer = new FrameWriter();
        writer.begin("m").table("t", rows).i64("x", new long[rows]);
        return writer;
    }

    @Test
    void onlyThisUserMayReadThemAndTheirNamesGo() throws IOException {
        SharedFiles files = SharedFiles.create();
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(files.requestPath())));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(files.replyPath())));
        files.close();
        assertFalse(Files.exists(files.requestPath()));
        assertFalse(Files.exists(files.replyPath()));
    }

    @Test
    void theRequestGrowsAlsoAfterItsNameIsGone() throws IOException {
        try (SharedFiles files = SharedFiles.create();
                FileChannel other = FileChannel.open(files.requestPath(), StandardOpenOption.READ)) {
            files.unlink();
            long length = files.write(message(1_000_000));
            ByteBuffer seen = ByteBuffer.allocate((int) length);
            while (seen.hasRemaining() && other.read(seen, seen.position()) > 0) {
                continue;
            }
            assertEquals(1_000_000, Frame.wrap(seen.flip(), "request").table("t").rows());
        }
    }

    @Test
    void aReplyThatTheOtherSideHasGrownIsMappedAgain() throws IOException {
        try (SharedFiles files = SharedFiles.create();
                FileChannel mind = FileChannel.open(files.replyPath(), StandardOpenOption.WRITE)) {
            FrameWriter big = message(500_000);
            ByteBuffer bytes = ByteBuffer.allocate((int) big.length());
            big.writeTo(bytes);
            mind.write(bytes.flip());
            assertEquals(500_000, Frame.wrap(files.reply(big.length()), "reply").table("t").rows());
            assertThrows(IOException.class, () -> files.reply(big.length() + 1));
            assertThrows(IOException.class, () -> files.reply(-1));
        }
    }

    /** A size that cannot be mapped fails after both files are open, as a full disk would. */
    @Test
    void nothingIsLeftOfAnAttemptThatFails(@TempDir Path folder) throws IOException {
        assertThrows(IllegalArgumentException.class, () -> SharedFiles.create(folder, -1));
        try (Stream<Path> names = Files.list(folder)) {
            assertEquals(0, names.count());
        }
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            assertEquals(List.of(), open.map(SharedFilesTest::target).filter(f -> f.contains(folder.toString())).toList());
        }
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException e) {
            return ""; // it was that of the listing itself
        }
    }
}
