package org.greensched.bridge;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;

/**
 * Standard input as the launcher uses it: one line, then silence until the launcher has gone. Read through a channel, because
 * a virtual machine that ends waits a while for a thread that is stuck in any other read; this one can be called back.
 */
final class Stdin implements AutoCloseable {
    private final FileChannel channel = new FileInputStream(FileDescriptor.in).getChannel();
    private Thread watch;

    /** The first line without its end, or {@code null} if there is none. */
    String readLine() throws IOException {
        StringBuilder line = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (channel.read(one.clear()) > 0) {
            if (one.get(0) == '\n') {
                return line.toString();
            }
            line.append(StandardCharsets.ISO_8859_1.decode(one.flip()));
        }
        return line.length() == 0 ? null : line.toString();
    }

    /** Calls {@code gone} when standard input ends, unless {@link #close} came first. */
    void watch(Runnable gone) {
        watch = new Thread(() -> waitForEnd(gone), "greensched-stdin");
        watch.setDaemon(true);
        watch.start();
    }

    private void waitForEnd(Runnable gone) {
        ByteBuffer unheeded = ByteBuffer.allocate(64);
        try {
            while (channel.read(unheeded.clear()) >= 0) {
                // nothing more is said; only the end matters
            }
        } catch (ClosedByInterruptException e) {
            return; // called back
        } catch (IOException e) {
            // as good as the end
        }
        gone.run();
    }

    /** Stops watching; standard input is closed then. */
    @Override
    public void close() {
        if (watch == null) {
            return;
        }
        watch.interrupt();
        try {
            watch.join(1000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
