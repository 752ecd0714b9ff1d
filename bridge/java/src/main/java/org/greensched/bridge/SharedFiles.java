package org.greensched.bridge;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.greensched.sim.columns.FrameWriter;

/**
 * The two mapped files that carry the messages: requests of the world and replies of the mind. Mode 0600, in memory
 * ({@code /dev/shm}) where there is room. Their names are removed once the mind has them open ({@link #unlink}), so that
 * nothing is left behind even when both processes are killed.
 */
final class SharedFiles implements Closeable {
    private static final long FIRST_BYTES = 1 << 20;
    private static final long ROOM_BYTES = 1L << 30;

    private Path requestPath;
    private Path replyPath;
    private boolean unlinked;
    private FileChannel request;
    private FileChannel reply;
    private final Thread hook = new Thread(this::unlink, "greensched-shared-files");
    private MappedByteBuffer requestMap;
    private MappedByteBuffer replyMap;

    private SharedFiles() {}

    /** Makes a new pair of files. */
    static SharedFiles create() throws IOException {
        Path memory = Path.of("/dev/shm");
        boolean roomy = Files.isWritable(memory) && Files.getFileStore(memory).getUsableSpace() >= ROOM_BYTES;
        return create(roomy ? memory : Path.of(System.getProperty("java.io.tmpdir")), FIRST_BYTES);
    }

    /** Makes a new pair of files of {@code bytes} each in {@code folder}; nothing is left of an attempt that fails. */
    static SharedFiles create(Path folder, long bytes) throws IOException {
        SharedFiles files = new SharedFiles();
        try {
            files.open(folder, bytes);
            return files;
        } catch (IOException | RuntimeException e) {
            try {
                files.close();
            } catch (IOException close) {
                e.addSuppressed(close);
            }
            throw e;
        }
    }

    private void open(Path folder, long bytes) throws IOException {
        try {
            // before the files exist: a virtual machine that ends meanwhile must not leave them behind
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            throw new IOException("the virtual machine is shutting down", e);
        }
        makeNames(folder);
        request = FileChannel.open(requestPath, StandardOpenOption.READ, StandardOpenOption.WRITE);
        reply = FileChannel.open(replyPath, StandardOpenOption.READ, StandardOpenOption.WRITE);
        requestMap = grow(request, bytes);
        replyMap = grow(reply, bytes);
    }

    private synchronized void makeNames(Path folder) throws IOException {
        if (unlinked) {
            throw new IOException("the virtual machine is shutting down");
        }
        requestPath = create(folder, ".request");
        replyPath = create(folder, ".reply");
    }

    private static Path create(Path folder, String suffix) throws IOException {
        return Files.createTempFile(folder, "greensched-", suffix,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    Path requestPath() {
        return requestPath;
    }

    Path replyPath() {
        return replyPath;
    }

    /** Writes the message that {@code writer} holds to the request file; returns its length in bytes. */
    long write(FrameWriter writer) throws IOException {
        long length = writer.length();
        if (length > requestMap.capacity()) {
            if (length > Integer.MAX_VALUE - 8) {
                throw new IOException("a message of " + length + " bytes is more than a mapping can hold (2 GiB)");
            }
            requestMap = grow(request, Math.min(Integer.MAX_VALUE - 8L, Math.max(length, 2L * requestMap.capacity())));
        }
        requestMap.clear();
        writer.writeTo(requestMap);
        return length;
    }

    /** The first {@code length} bytes of the reply file; valid until the next message. */
    ByteBuffer reply(long length) throws IOException {
        if (length < 0 || length > Math.min(reply.size(), Integer.MAX_VALUE - 8)) {
            throw new IOException("a reply of " + length + " bytes was announced, the file has " + reply.size());
        }
        if (length > replyMap.capacity()) {
            replyMap = reply.map(MapMode.READ_WRITE, 0, Math.min(reply.size(), Integer.MAX_VALUE - 8));
        }
        return replyMap.slice(0, (int) length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Removes the names; the files live on while they are open. */
    synchronized void unlink() {
        unlinked = true;
        unlink(requestPath);
        unlink(replyPath);
    }

    private static void unlink(Path path) {
        try {
            if (path != null) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            System.err.println("greensched: cannot remove " + path + ": " + e.getMessage());
        }
    }

    @Override
    public void close() throws IOException {
        unlink();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the virtual machine is shutting down already; the hook has nothing left to remove
        }
        for (FileChannel channel : new FileChannel[] {request, reply}) {
            if (channel != null) {
                channel.close();
            }
        }
    }

    /** Extends a file by writing: a full disk is an error here, but would kill the process on a mapped hole. */
    private static MappedByteBuffer grow(FileChannel channel, long size) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocate(1 << 16);
        for (long at = channel.size(); at < size; ) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), size - at));
            at += channel.write(zeros, at);
        }
        return channel.map(MapMode.READ_WRITE, 0, size);
    }
}
