package org.greensched.bridge;

import java.nio.ByteBuffer;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.placement.DeciderException;

/** The thread in which a {@link MindPort} answers; the world waits for it no longer than the deadline of the call. */
final class MindThread {
    /** As long as one side looks for the other before it sleeps (PROTOCOL.md §3). */
    private static final long WATCH_NANOS = Runtime.getRuntime().availableProcessors() > 1 ? 1_000_000 : 0;

    private record Question(String kind, long sequence, ByteBuffer request, MindPort.Truth truth) {}

    /** What came back: a reply, or why there is none. */
    private record Outcome(byte[] reply, Throwable failure) {}

    private final MindPort port;
    private final SynchronousQueue<Question> questions = new SynchronousQueue<>();
    /** Nanoseconds that the world spent on telling the truth; they do not count against the mind. */
    private final AtomicLong truthNanos = new AtomicLong();
    private final Thread thread = new Thread(this::serve, "greensched-mind");
    private volatile boolean asked;
    private volatile boolean ended;
    private volatile Outcome outcome;
    private ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);

    MindThread(MindPort port) {
        this.port = port;
        thread.setDaemon(true);
        thread.start();
    }

    byte[] ask(String kind, long sequence, FrameWriter message, long timeoutMs, MindPort.Truth truth) throws DeciderException {
        outcome = null;
        truthNanos.set(0);
        long deadline = System.nanoTime() + timeoutMs * 1_000_000;
        asked = true;
        try {
            Question question = new Question(kind, sequence, request(message), timed(truth));
            if (!questions.offer(question, timeoutMs, TimeUnit.MILLISECONDS)) {
                throw late(kind, timeoutMs);
            }
            return reply(kind, timeoutMs, deadline);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DeciderException("disconnected", "interrupted during " + kind, e);
        }
    }

    private byte[] reply(String kind, long timeoutMs, long deadline) throws DeciderException, InterruptedException {
        long watchUntil = System.nanoTime() + WATCH_NANOS;
        while (outcome == null) {
            long now = System.nanoTime();
            if (now > deadline + truthNanos.get()) {
                throw late(kind, timeoutMs);
            }
            if (now < watchUntil) {
                Thread.yield();
            } else {
                waitFor(deadline + truthNanos.get() - now);
            }
        }
        Outcome came = outcome;
        if (came.failure != null) {
            throw new DeciderException("mind_error", "the mind failed in " + kind + ": " + came.failure, came.failure);
        }
        if (came.reply == null) {
            throw new DeciderException("garbled", "the mind returned nothing where a message was expected", null);
        }
        return came.reply;
    }

    private synchronized void waitFor(long nanos) throws InterruptedException {
        if (outcome == null) {
            wait(1 + nanos / 1_000_000);
        }
    }

    private static DeciderException late(String kind, long timeoutMs) {
        return new DeciderException("timeout", "no answer to " + kind + " within " + timeoutMs + " ms", null);
    }

    private ByteBuffer request(FrameWriter message) {
        int length = Math.toIntExact(message.length());
        if (length > buffer.capacity()) {
            buffer = ByteBuffer.allocateDirect(2 * length);
        }
        message.writeTo(buffer.clear());
        return buffer.slice(0, length);
    }

    private MindPort.Truth timed(MindPort.Truth truth) {
        return question -> {
            long began = System.nanoTime();
            byte[] answer = truth.tell(question);
            truthNanos.addAndGet(System.nanoTime() - began);
            return answer;
        };
    }

    private void serve() {
        try {
            while (!ended) {
                answer(questions.take());
                if (!asked && !ended) {
                    port.between(() -> asked || ended);
                }
            }
        } catch (InterruptedException e) {
            // the world needs no answer any more
        }
    }

    private void answer(Question question) {
        asked = false;
        Outcome came;
        try {
            came = new Outcome(port.call(question.kind, question.sequence, question.request, question.truth), null);
        } catch (Throwable e) { // whatever it is, also of the mind's own runtime, the world is told
            came = new Outcome(null, e);
        }
        synchronized (this) {
            outcome = came;
            notifyAll();
        }
    }

    /** Lets the thread go when it has finished what it does. */
    void end() {
        ended = true;
        thread.interrupt();
    }
}
