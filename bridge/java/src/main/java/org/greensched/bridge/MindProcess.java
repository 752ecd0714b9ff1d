package org.greensched.bridge;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/** The mind, started by this world (Java first): gets the token on its stdin, tells its port on its stdout. */
final class MindProcess implements Closeable {
    private static final int STOP_S = 20;
    private static final int TAIL_LINES = 15;

    private final Process process;
    private final OutputStream stdin;
    private final Endpoint endpoint;
    private final Thread hook;

    private MindProcess(Process process, Endpoint endpoint, Thread hook) {
        this.process = process;
        this.stdin = process.getOutputStream();
        this.endpoint = endpoint;
        this.hook = hook;
    }

    /**
     * Starts {@code python -m greensched_bridge.serve} for a run folder; its stderr goes to {@code mind.log} there.
     *
     * @throws LaunchException it did not come up in time; shows the end of its log
     */
    static MindProcess start(String python, Path runFolder, long timeoutMs) throws LaunchException, IOException {
        Path log = runFolder.resolve("mind.log");
        Process process = new ProcessBuilder(List.of(python, "-m", "greensched_bridge.serve", "--run", runFolder.toString()))
                .redirectError(ProcessBuilder.Redirect.to(log.toFile())).start();
        Thread hook = new Thread(process::destroyForcibly, "greensched-stop-mind");
        Runtime.getRuntime().addShutdownHook(hook);
        String token = newToken();
        try {
            JsonObject line = new JsonObject();
            line.addProperty("token", token);
            process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
            return new MindProcess(process, new Endpoint(port(process, timeoutMs), token), hook);
        } catch (IOException | LaunchException e) {
            process.destroyForcibly();
            removeHook(hook);
            throw new LaunchException(1, "the mind did not start: " + e.getMessage() + "\n" + tail(log));
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the virtual machine is shutting down: the hook kills what is left
        }
    }

    Endpoint endpoint() {
        return endpoint;
    }

    /** 256 random bits in hexadecimal. */
    private static String newToken() {
        byte[] bits = new byte[32];
        new SecureRandom().nextBytes(bits);
        return HexFormat.of().formatHex(bits);
    }

    private static int port(Process process, long timeoutMs) throws LaunchException {
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        CompletableFuture<String> first = CompletableFuture.supplyAsync(() -> {
            try {
                return output.readLine();
            } catch (IOException e) {
                return null;
            }
        });
        try {
            String line = first.get(timeoutMs, TimeUnit.MILLISECONDS);
            if (line == null) {
                throw new LaunchException(1, "it ended before it listened");
            }
            JsonObject told = JsonParser.parseString(line).getAsJsonObject();
            if (told.get("protocol").getAsInt() != MindConnection.PROTOCOL) {
                throw new LaunchException(1, "it speaks protocol " + told.get("protocol") + ", this world "
                        + MindConnection.PROTOCOL + "; install world and mind of the same release");
            }
            return told.get("port").getAsInt();
        } catch (TimeoutException e) {
            throw new LaunchException(1, "it told no port within " + timeoutMs + " ms");
        } catch (ExecutionException | JsonParseException | IllegalStateException | NullPointerException e) {
            throw new LaunchException(1, "its first line is not {\"port\": p, \"protocol\": 1, \"pid\": n}");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LaunchException(130, "interrupted");
        }
    }

    /** The last lines of a log, for an error message. */
    static String tail(Path log) {
        try {
            List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
            return lines.stream().skip(Math.max(0, lines.size() - TAIL_LINES)).map(line -> "  | " + line)
                    .collect(Collectors.joining("\n"));
        } catch (IOException e) {
            return "  (" + log + " cannot be read)";
        }
    }

    /** Closes its stdin, which tells it to end, and sees that it does. */
    @Override
    public void close() {
        try {
            stdin.close();
        } catch (IOException e) {
            // it has ended already
        }
        try {
            if (!process.waitFor(STOP_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        removeHook(hook);
    }
}
