package org.greensched.sim.runfolder;

import java.io.Closeable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * SHA-256 of whatever is put into {@link #room}: one block is filled while a thread hashes the one before. Hashing every
 * decision takes a tenth of a simulation's time, which waits for its mind anyway. For one thread at a time.
 */
final class BackgroundHash implements Closeable {
    private static final int BLOCK_BYTES = 1 << 16;

    private final MessageDigest digest;
    private final ExecutorService hasher = Executors.newSingleThreadExecutor(BackgroundHash::daemon);
    private ByteBuffer filling = block();
    private ByteBuffer hashing = block();
    private Future<?> pending;

    BackgroundHash() {
        try {
            this.digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static ByteBuffer block() {
        return ByteBuffer.allocate(BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "greensched-hash");
        thread.setDaemon(true); // a run that dies does not wait for it
        return thread;
    }

    /** Where the next {@code bytes} bytes are to be put, little-endian; fewer than a block has. */
    ByteBuffer room(int bytes) {
        if (filling.remaining() < bytes) {
            await();
            ByteBuffer full = filling.flip();
            filling = hashing.clear();
            hashing = full;
            pending = hasher.submit(() -> digest.update(full));
        }
        return filling;
    }

    private void await() {
        boolean interrupted = false;
        while (pending != null) {
            try {
                pending.get();
                pending = null;
            } catch (InterruptedException e) {
                interrupted = true; // it takes less than a millisecond; whoever interrupts is heard after it
            } catch (ExecutionException | CancellationException e) {
                throw new IllegalStateException("hashing failed", e);
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** The hash of everything so far; more may follow until {@link #close}. */
    byte[] value() {
        await();
        try {
            MessageDigest sum = (MessageDigest) digest.clone();
            sum.update(filling.duplicate().flip());
            return sum.digest();
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("the JDK's SHA-256 can be cloned", e);
        }
    }

    /** Ends the thread; {@link #value} still answers. */
    @Override
    public void close() {
        hasher.shutdown();
    }
}
