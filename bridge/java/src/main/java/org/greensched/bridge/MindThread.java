package org.greensched.bridge;

import java.nio.ByteBuffer;
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
    /** Nanoseconds that the world spent on telling the truth; they do not count against the mind. */
    private final AtomicLong truthNanos = new AtomicLong();
    private final Thread thread = new Thread(this::serve, "greensched-mind");
    private volatile Question question;
    private volatile boolean ended;
    private volatile Outcome outcome;
    /** Whether the last answer, and the last question, came so soon that looking for it was worth it. */
    private boolean answersSoon = true;
    private boolean asksSoon = true;
    private ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);

    MindThread(MindPort port) {
        this.port = port;
        thread.setDaemon(true);
        thread.start();
    }

    byte[] ask(String kind, long sequence, FrameWriter message, long timeoutMs, MindPort.Truth truth) throws DeciderException {
        truthNanos.set(0);
        long deadline = System.nanoTime() + timeoutMs * 1_000_000;
        Question asks = new Question(kind, sequence, request(message), timed(truth));
        synchronized (this) {
            outcome = null;
            question = asks;
            notifyAll();
        }
        try {
            return reply(kind, timeoutMs, deadline);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DeciderException("disconnected", "interrupted during " + kind, e);
        }
    }

    private byte[] reply(String kind, long timeoutMs, long deadline) throws DeciderException, InterruptedException {
        long began = System.nanoTime();
        long watchUntil = began + (answersSoon ? WATCH_NANOS : 0);
        while (outcome == null) {
            long now = System.nanoTime();
            long left = deadline + truthNanos.get() - now;
            if (left < 0) {
                throw late(kind, timeoutMs);
            }
            if (now < watchUntil) {
                Thread.yield();
                continue;
            }
            synchronized (this) {
                if (outcome == null) {
                    wait(1 + left / 1_000_000);
                }
            }
        }
        answersSoon = System.nanoTime() - began < WATCH_NANOS;
        Outcome came = outcome;
        if (came.failure != null) {
            throw new DeciderException("mind_error", "the mind failed in " + kind + ": " + came.failure, came.failure);
        }
        if (came.reply == null) {
            throw new DeciderException("garbled", "the mind returned nothing where a message was expected", null);
        }
        return came.reply;
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
            for (Question next = take(); next != null; next = take()) {
                answer(next);
                port.between(this::wanted);
            }
        } catch (InterruptedException e) {
            // the world needs no answer any more
        }
    }

    private boolean wanted() {
        return question != null || ended;
    }

    /** The next question; {@code null} when there will be none. */
    private Question take() throws InterruptedException {
        long began = System.nanoTime();
        long watchUntil = began + (asksSoon ? WATCH_NANOS : 0);
        while (!wanted() && System.nanoTime() < watchUntil) {
            Thread.yield();
        }
        synchronized (this) {
            while (!wanted()) {
                wait();
            }
            asksSoon = System.nanoTime() - began < WATCH_NANOS;
            Question next = ended ? null : question;
            question = null;
            return next;
        }
    }

    private void answer(Question question) {
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
    synchronized void end() {
        ended = true;
        notifyAll();
        thread.interrupt();
    }
}
