package org.greensched.bridge;

import java.io.Closeable;
import java.nio.ByteBuffer;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.placement.DeciderException;

/** The way to the mind, whatever it is made of: asks with a deadline, and gives the mind up after repeated failures. */
interface MindLine extends Closeable {
    /** Reads a reply while it is valid. */
    @FunctionalInterface
    interface Reader<T> {
        T read(ByteBuffer reply) throws DeciderException;
    }

    /** Answers what the mind of a privileged run asks for the truth, inside a call. */
    @FunctionalInterface
    interface TruthDesk {
        /** The answer, valid until the next one. */
        FrameWriter answer(long sequence, ByteBuffer question);
    }

    /**
     * Sends the message that {@code message} holds and reads the answer.
     *
     * @param timeoutMs the whole call must end in this time, without what the world spends on telling the truth
     * @throws DeciderException nothing usable came in time; the next call starts afresh
     */
    <T> T call(String kind, long sequence, FrameWriter message, long timeoutMs, Reader<T> reader) throws DeciderException;

    /**
     * Costs nothing, and so comes before a message is built: what the mind has missed grows with every decision.
     *
     * @throws DeciderException {@code breaker_open}: the mind failed too often in a row
     */
    void checkBreaker() throws DeciderException;

    @Override
    void close();
}
