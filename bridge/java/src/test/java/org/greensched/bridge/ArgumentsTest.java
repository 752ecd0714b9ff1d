package org.greensched.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArgumentsTest {
    private static Arguments parse(String... arguments) throws LaunchException {
        return Arguments.parse(arguments);
    }

    @Test
    void readsBothForms() throws LaunchException {
        assertEquals(new Arguments("r", true, null, List.of()), parse("--run", "r", "--connect"));
        assertEquals(new Arguments(null, false, "s.yml", List.of("--set", "a=1", "--set", "b=2", "--out", "o")),
                parse("--set", "a=1", "s.yml", "--set", "b=2", "--out", "o"));
    }

    @Test
    void optionsOfACloudSimFileGoToPrepare() throws LaunchException {
        assertEquals(new Arguments(null, false, "c.yml", List.of("--document", "2", "--with", "zones.yml")),
                parse("c.yml", "--document", "2", "--with", "zones.yml"));
    }

    @Test
    void theWorstExitCodeOfSeveralDocumentsCounts() {
        assertEquals(4, Main.worse(0, 4));
        assertEquals(1, Main.worse(1, 4));
        assertEquals(2, Main.worse(1, 2));
        assertEquals(130, Main.worse(130, 2));
        assertEquals(7, Main.worse(0, 7));
        assertEquals(2, Main.worse(7, 2));
    }

    @Test
    void refusesWhatItDoesNotUnderstand() {
        String[][] wrong = {{}, {"a.yml", "b.yml"}, {"--run"}, {"--run", "r", "s.yml"}, {"--bogus", "s.yml"},
            {"--run", "r", "--set", "a=1"}, {"s.yml", "--connect"}};
        for (String[] arguments : wrong) {
            LaunchException e = assertThrows(LaunchException.class, () -> parse(arguments));
            assertEquals(2, e.exitCode());
            assertTrue(e.getMessage().contains("usage: greensched.jar"));
        }
    }

    @Test
    void helpIsAnAnswerAndNoError() {
        PrintStream stdout = System.out;
        for (String[] arguments : new String[][] {{"--help"}, {"-h"}, {"s.yml", "--help"}}) {
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
            try {
                assertEquals(0, Main.run(arguments));
            } finally {
                System.setOut(stdout);
            }
            assertTrue(said.toString(StandardCharsets.UTF_8).startsWith("usage: greensched.jar"), said.toString());
        }
    }

    @Test
    void aRunWithoutAFolderGetsOneOfItsOwn() {
        LocalDateTime utc = LocalDateTime.of(2026, 3, 1, 4, 5, 6);
        assertEquals(Path.of("runs", "my-demo-20260301-040506"), PythonCommands.newFolder("a/b/my demo.yml", utc));
    }

    @Test
    void theTokenIsNeverPrinted() {
        Endpoint endpoint = Endpoint.parse("{\"port\": 7, \"token\": \"s3cret\"}");
        assertEquals("s3cret", endpoint.token());
        assertEquals("127.0.0.1:7", endpoint.toString());
        for (String line : List.of("{\"token\": \"s3cret\"}", "s3cret", "{\"port\": \"s3cret\", \"token\": 1}", "")) {
            Exception e = assertThrows(IllegalArgumentException.class, () -> Endpoint.parse(line));
            assertFalse(e.toString().contains("s3cret"), e.toString());
        }
    }

    @Test
    void aPythonThatDoesNotWorkIsNamed(@TempDir Path folder) throws IOException {
        LaunchException named = assertThrows(LaunchException.class,
                () -> PythonFinder.find(Map.of("GREENSCHED_PYTHON", "/no/such/python")));
        assertTrue(named.getMessage().contains("/no/such/python: cannot be started"), named.getMessage());
        Path remembered = Files.createDirectories(folder.resolve("greensched")).resolve("python");
        Path fake = Files.writeString(folder.resolve("fake"), "#!/bin/sh\nexit 0\n");
        assertTrue(fake.toFile().setExecutable(true));
        Files.writeString(remembered, fake + "\n");
        String found = assertDoesNotFail(Map.of("XDG_CACHE_HOME", folder.toString()));
        assertEquals(fake.toString(), found);
    }

    private static String assertDoesNotFail(Map<String, String> environment) {
        try {
            return PythonFinder.find(environment);
        } catch (LaunchException e) {
            throw new AssertionError(e);
        }
    }
}
