package org.greensched.sim.columns;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * An append-only file of frames. Each append goes to the operating system at once, so frames survive the death of this
 * process; a torn last frame is what a reader expects after a crash.
 */
public final class FrameLog implements Closeable {
    /** A frame up to this size is copied together, so that one write takes it; copying a larger one costs more. */
    private static final int ONE_WRITE_BYTES = 1 << 20;

    private final FileChannel channel;
    private ByteBuffer whole = ByteBuffer.allocateDirect(1 << 14);

    private FrameLog(FileChannel channel) {
        this.channel = channel;
    }

    /** Creates the file, replacing an old one. */
    public static FrameLog create(Path file) throws IOException {
        return new FrameLog(FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING));
    }

    /** Appends the frame that {@code writer} holds. */
    public void append(FrameWriter writer) throws IOException {
        long bytes = writer.length();
        if (bytes > ONE_WRITE_BYTES) {
            for (ByteBuffer part : writer.parts()) {
                writeFully(part);
            }
            return;
        }
        if (bytes > whole.capacity()) {
            whole = ByteBuffer.allocateDirect((int) bytes * 2);
        }
        whole.clear();
        writer.writeTo(whole);
        writeFully(whole.flip());
    }

    private void writeFully(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** Forces everything to the disk. */
    public void flush() throws IOException {
        channel.force(false);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /**
     * Reads all frames of a log; a torn last frame ends the list.
     *
     * @throws FrameException a frame that is complete but damaged
     */
    public static List<Frame> read(Path file) throws IOException {
        List<Frame> frames = new ArrayList<>();
        try (FileChannel source = FileChannel.open(file, StandardOpenOption.READ)) {
            long at = 0;
            while (!torn(source, at)) {
                Frame frame = Frame.read(source, at, MapMode.READ_ONLY, file + " at byte " + at);
                frames.add(frame);
                at += frame.length();
            }
        }
        return frames;
    }

    private static boolean torn(FileChannel source, long at) throws IOException {
        if (source.size() - at < FrameLayout.PREFIX_BYTES) {
            return true;
        }
        ByteBuffer head = FrameLayout.littleEndian(ByteBuffer.allocate(FrameLayout.PREFIX_BYTES));
        source.read(head, at);
        return head.getLong(0) == FrameLayout.MAGIC && head.getLong(16) > source.size() - at;
    }
}
