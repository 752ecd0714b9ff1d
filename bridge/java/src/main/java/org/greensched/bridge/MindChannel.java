package org.greensched.bridge;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.greensched.sim.placement.DeciderException;
import py4j.ClientServerConnection;
import py4j.Gateway;
import py4j.Protocol;
import py4j.Py4JNetworkException;
import py4j.StringUtil;
import py4j.commands.Command;

/**
 * One py4j connection to the mind, used from the simulation thread only. Without Nagle's delay, with a deadline per call, and
 * with {@link TruthCommand} as the only command that the mind can send.
 */
final class MindChannel extends ClientServerConnection {
    private static final int CONNECT_MS = 3000;
    /** With a single core, looking would keep the mind from answering. */
    private static final long WATCH_NANOS = Runtime.getRuntime().availableProcessors() > 1 ? 1_000_000 : 0;
    /** Kept, because loggers are garbage-collected with their level. py4j logs every call at INFO. */
    private static final Logger PY4J_LOG = Logger.getLogger("py4j");

    static {
        PY4J_LOG.setLevel(Level.OFF);
    }

    private long deadlineNanos;
    /** Whether the last answer came so soon that looking for it was worth it. */
    private boolean soon = true;

    private MindChannel(Socket socket, String token) throws IOException {
        super(new Gateway(null), socket, null, null, null, 0, token);
        setInitiatedFromClient(true);
    }

    /**
     * Connects and presents the token.
     *
     * @throws DeciderException {@code disconnected}: nobody listens; {@code timeout}: it listens and is silent; {@code auth}:
     *     the token was refused
     */
    static MindChannel connect(Endpoint endpoint, TruthCommand.Teller teller) throws DeciderException {
        Socket socket = new Socket();
        try {
            return open(socket, endpoint, teller);
        } catch (DeciderException | RuntimeException e) {
            try {
                socket.close();
            } catch (IOException close) {
                e.addSuppressed(close);
            }
            throw e;
        }
    }

    private static MindChannel open(Socket socket, Endpoint endpoint, TruthCommand.Teller teller) throws DeciderException {
        try {
            socket.setTcpNoDelay(true);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), endpoint.port()), CONNECT_MS);
            socket.setSoTimeout(CONNECT_MS);
        } catch (IOException e) {
            throw new DeciderException("disconnected", "cannot reach the mind at " + endpoint + ": " + e.getMessage(), e);
        }
        try {
            MindChannel channel = new MindChannel(socket, endpoint.token());
            channel.commands.clear();
            channel.commands.put("c", channel.timed(teller));
            channel.start();
            return channel;
        } catch (SocketTimeoutException e) {
            throw new DeciderException("timeout", "the mind at " + endpoint + " did not answer within " + CONNECT_MS + " ms", e);
        } catch (IOException e) {
            throw new DeciderException("auth", "the mind at " + endpoint + " refused the token", e);
        }
    }

    /** None of py4j's own commands: they reach any class of this virtual machine. */
    @Override
    protected void initCommands(Gateway gateway, List<Class<? extends Command>> commandClasses) {
        // deliberately empty
    }

    /**
     * Calls a method of the mind.
     *
     * @param arguments strings and numbers
     * @param timeoutMs the whole call must end in this time, without what the world spends on telling the truth
     * @return a string or a number
     * @throws DeciderException {@code timeout}, {@code disconnected} or {@code mind_error}; the channel is closed then
     */
    Object call(String method, long timeoutMs, Object... arguments) throws DeciderException {
        deadlineNanos = System.nanoTime() + timeoutMs * 1_000_000;
        StringBuilder command = new StringBuilder("c\n").append(Protocol.ENTRY_POINT_OBJECT_ID).append('\n')
                .append(method).append('\n');
        for (Object argument : arguments) {
            if (argument instanceof String text) {
                command.append(Protocol.STRING_TYPE).append(StringUtil.escape(text)).append('\n');
            } else {
                command.append(Protocol.LONG_TYPE).append(((Number) argument).longValue()).append('\n');
            }
        }
        try {
            String answer = sendCommand(command.append("e\n").toString());
            Object value = Protocol.getObject(answer.substring(1), null);
            if (Protocol.isError(answer)) {
                throw new DeciderException("mind_error", "the mind failed in " + method + ": " + value, null);
            }
            return value;
        } catch (Py4JNetworkException e) {
            shutdown(true);
            boolean late = e.getCause() instanceof SocketTimeoutException;
            throw late
                    ? new DeciderException("timeout", "no answer to " + method + " within " + timeoutMs + " ms", e)
                    : new DeciderException("disconnected", "lost the mind during " + method + ": " + rootMessage(e), e);
        } catch (RuntimeException e) {
            shutdown(true);
            throw new DeciderException("garbled", "unreadable answer to " + method + ": " + e.getMessage(), e);
        }
    }

    /** Every line that is waited for counts against the deadline of the call, whatever came before it. */
    @Override
    protected String readBlockingResponse(BufferedReader source) throws IOException {
        long leftNanos = deadlineNanos - System.nanoTime();
        if (leftNanos <= 0) {
            throw new SocketTimeoutException("the deadline has passed");
        }
        long beganNanos = System.nanoTime();
        if (soon) {
            watch(beganNanos + Math.min(leftNanos, WATCH_NANOS));
        }
        socket.setSoTimeout((int) Math.min(Integer.MAX_VALUE, 1 + leftNanos / 1_000_000));
        String line = super.readBlockingResponse(source);
        soon = System.nanoTime() - beganNanos < WATCH_NANOS;
        return line;
    }

    /**
     * Looks for the answer before it sleeps for it: being woken takes longer. Not for a mind that thinks longer than that: who
     * looks in vain takes the core from others, and has to wait for it when the answer is there.
     */
    private void watch(long until) throws IOException {
        while (socket.getInputStream().available() == 0 && System.nanoTime() < until) {
            Thread.yield(); // whoever has something to do on this core goes first
        }
    }

    private TruthCommand timed(TruthCommand.Teller teller) {
        return new TruthCommand((sequence, length) -> {
            long began = System.nanoTime();
            long answer = teller.tell(sequence, length);
            deadlineNanos += System.nanoTime() - began;
            return answer;
        });
    }

    private static String rootMessage(Throwable error) {
        Throwable root = error;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }
}
