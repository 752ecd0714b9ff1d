package org.greensched.bridge;

import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;

/** What a mind inside this process implements (in Python, over JPype): the messages of PROTOCOL.md §4, without a transport. */
public interface MindPort {
    /** Answers the frames with which the mind asks for the truth inside a call. */
    interface Truth {
        /** The world's answer to {@code question}, both frames. */
        byte[] tell(byte[] question);
    }

    /**
     * Answers one message.
     *
     * @param kind {@code start}, {@code observe} or {@code finish}
     * @param request a frame in a direct buffer; it is the world's again when this returns, so the mind copies it
     * @param truth for privileged runs
     * @return a frame
     */
    byte[] call(String kind, long sequence, ByteBuffer request, Truth truth);

    /** The mind's own time after an answer, until {@code asked} says that the next message is there. */
    void between(BooleanSupplier asked);
}
