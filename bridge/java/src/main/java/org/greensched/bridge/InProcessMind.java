package org.greensched.bridge;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.placement.DeciderException;

/**
 * A mind in this process, asked in a thread of its own, so that the deadline of a call holds whatever the mind does. After a
 * failure the next call has a new thread and a new buffer: what a late mind still does harms nothing.
 */
final class InProcessMind implements MindLine {
    private final MindPort port;
    private final TruthDesk truth;
    private final Breaker breaker = new Breaker();
    private MindThread thread;

    InProcessMind(MindPort port, TruthDesk truth) {
        this.port = port;
        this.truth = truth;
    }

    @Override
    public <T> T call(String kind, long sequence, FrameWriter message, long timeoutMs, Reader<T> reader)
            throws DeciderException {
        breaker.check();
        try {
            if (thread == null) {
                thread = new MindThread(port);
            }
            byte[] reply = thread.ask(kind, sequence, message, timeoutMs, question -> tell(sequence, question));
            T answer = reader.read(ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN));
            breaker.succeeded();
            return answer;
        } catch (DeciderException e) {
            breaker.failed();
            close();
            throw e;
        }
    }

    private byte[] tell(long sequence, byte[] question) {
        FrameWriter answer = truth.answer(sequence, ByteBuffer.wrap(question));
        ByteBuffer bytes = ByteBuffer.allocate((int) answer.length());
        answer.writeTo(bytes);
        return bytes.array();
    }

    @Override
    public void checkBreaker() throws DeciderException {
        breaker.check();
    }

    @Override
    public void close() {
        if (thread != null) {
            thread.end();
            thread = null;
        }
    }
}
