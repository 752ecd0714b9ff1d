package org.greensched.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.placement.DeciderException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Failures of the transport, against a server that answers each line group with a fixed text. */
@Timeout(30)
class MindConnectionTest {

    /** Answers the n-th command (it ends with a line "e") with the n-th text, then stays silent or closes. */
    private static int serve(boolean closeAtEnd, List<String> answers) throws IOException {
        ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(() -> {
            while (true) {
                try (Socket socket = server.accept()) {
                    BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
                    for (String answer : answers) {
                        String line = in.readLine();
                        while (line != null && !line.equals("e")) {
                            line = in.readLine();
                        }
                        socket.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
                    }
                    if (!closeAtEnd) {
                        in.transferTo(java.io.Writer.nullWriter());
                    }
                } catch (IOException e) {
                    continue; // the world gave this connection up; it may come again
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
        return server.getLocalPort();
    }

    private static MindConnection connection(int port) {
        return new MindConnection(new Endpoint(port, "t"), "run", (sequence, question) -> { throw new AssertionError("nobody asks for the truth"); });
    }

    private static DeciderException call(MindConnection connection) {
        return assertThrows(DeciderException.class,
                () -> connection.call("observe", 1, new FrameWriter().begin("observe"), 300, reply -> reply));
    }

    private static final String YES = "!yv\n";
    private static final String HELLO = "!ys{\"protocol\": 1, \"mind\": \"x\", \"pid\": 1}\n";

    @Test
    void hungMindIsLateAndNotRefusing() throws IOException {
        assertEquals("timeout", call(connection(serve(false, List.of()))).code());
    }

    @Test
    void nobodyListensThenTheBreakerOpens() throws IOException {
        int port;
        try (ServerSocket unused = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = unused.getLocalPort();
        }
        MindConnection connection = connection(port);
        for (int i = 0; i < Breaker.LIMIT; i++) {
            assertEquals("disconnected", call(connection).code());
        }
        assertEquals("breaker_open", call(connection).code());
        assertThrows(DeciderException.class, connection::checkBreaker);
    }

    @Test
    void aRefusedTokenIsSaid() throws IOException {
        assertEquals("auth", call(connection(serve(true, List.of("!xn\n")))).code());
    }

    @Test
    void failedConnectionsLeaveNoSocketOpen() throws IOException {
        int refusing = serve(true, List.of("!xn\n"));
        int unused;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            unused = closed.getLocalPort();
        }
        for (int port : new int[] {refusing, unused}) {
            Endpoint endpoint = new Endpoint(port, "t");
            for (int i = 0; i < 40; i++) {
                assertThrows(DeciderException.class, () -> MindChannel.connect(endpoint, (sequence, length) -> 0));
            }
        }
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            assertTrue(open.filter(MindConnectionTest::isSocket).count() < 30);
        }
    }

    private static boolean isSocket(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
        } catch (IOException e) {
            return false; // closed meanwhile
        }
    }

    @Test
    void anotherProtocolVersionIsRefused() throws IOException {
        DeciderException newer = call(connection(serve(false, List.of(YES, "!ys{\"protocol\": 2}\n"))));
        assertEquals("protocol", newer.code());
        assertTrue(newer.getMessage().contains("the mind speaks protocol 2, this world 1"));
        String refusal = "!ys{\"error\": {\"code\": \"second_client\", \"message\": \"another world is connected\"}}\n";
        DeciderException refused = call(connection(serve(false, List.of(YES, refusal))));
        assertEquals("auth", refused.code());
        assertTrue(refused.getMessage().contains("another world is connected"));
    }

    @Test
    void silenceIsATimeoutAndAClosedConnectionIsNot() throws IOException {
        assertEquals("timeout", call(connection(serve(false, List.of(YES, HELLO)))).code());
        assertEquals("disconnected", call(connection(serve(true, List.of(YES, HELLO)))).code());
    }

    @Test
    void linesThatAreNoAnswerDoNotExtendTheDeadline() throws IOException {
        String chatter = "x\n".repeat(100_000);
        assertEquals("timeout", call(connection(serve(false, List.of(YES, HELLO, chatter)))).code());
    }

    @Test
    void anAnswerThatIsNoLengthIsGarbled() throws IOException {
        for (String answer : List.of("!yssomething\n", "!yi999999999\n", "!yi-8\n", "!yn\n")) {
            assertEquals("garbled", call(connection(serve(false, List.of(YES, HELLO, answer)))).code(), answer);
        }
    }

    @Test
    void anExceptionOfTheMindCarriesItsText() throws IOException {
        DeciderException e = call(connection(serve(false, List.of(YES, HELLO, "!xsBridgeProtocolError: nope\n"))));
        assertEquals("mind_error", e.code());
        assertTrue(e.getMessage().contains("nope"));
    }

    @Test
    void theMindCanCallNothingButTruth() throws IOException {
        // py4j's own way to a class: without a whitelist this would create an object in this virtual machine
        String reflection = "i\njava.lang.StringBuilder\ne\n" + "r\nu\njava.lang.Runtime\nrj\ne\n";
        assertEquals("timeout", call(connection(serve(false, List.of(YES, HELLO, reflection)))).code());
        String call = "c\nt\ngetClass\ne\n";
        assertEquals("disconnected", call(connection(serve(false, List.of(YES, HELLO, call)))).code());
    }
}
