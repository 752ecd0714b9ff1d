package org.greensched.bridge;

import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;

/** The two steps of a run that only Python does: preparing the input and finishing the results. */
final class PythonCommands {
    private PythonCommands() {}

    /**
     * Validates and resolves a scenario.
     *
     * @return the run folder, or one for each document of a CloudSim file, in order
     * @throws LaunchException it was refused; its own message is on stderr
     */
    static List<Path> prepare(String python, String scenario, List<String> options)
            throws LaunchException, IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(python, "-m", "greensched", "prepare", scenario));
        command.addAll(options);
        if (!options.contains("--out")) {
            command.addAll(List.of("--out", newFolder(scenario, LocalDateTime.now(ZoneOffset.UTC)).toString()));
        }
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        process.getOutputStream().close();
        List<String> lines = new ArrayList<>();
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
            }
        }
        int code = process.waitFor();
        if (code != 0) {
            throw new LaunchException(code == 2 ? 2 : 1, "the scenario was not prepared");
        }
        lines.removeIf(String::isBlank);
        if (lines.isEmpty()) {
            throw new LaunchException(1, "prepare did not name the run folder");
        }
        List<Path> folders = new ArrayList<>();
        for (String line : lines) {
            folders.add(runFolder(line));
        }
        return folders;
    }

    private static Path runFolder(String line) throws LaunchException {
        try {
            return Path.of(JsonParser.parseString(line).getAsJsonObject().get("run_folder").getAsString());
        } catch (JsonParseException | IllegalStateException | NullPointerException e) {
            throw new LaunchException(1, "prepare did not name the run folder (it said: " + line + ")");
        }
    }

    /** The name that {@code greensched run} would choose: {@code runs/<scenario>-<UTC time>}, numbered if that is taken. */
    static Path newFolder(String scenario, LocalDateTime utc) {
        String file = Path.of(scenario).getFileName().toString();
        String stem = file.replaceFirst("\\.[^.]*$", "").replaceAll("[^A-Za-z0-9._-]+", "-");
        Path base = Path.of("runs", stem + "-" + utc.format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss")));
        Path folder = base;
        for (int n = 2; Files.exists(folder); n++) {
            folder = base.resolveSibling(base.getFileName() + "-" + n);
        }
        return folder;
    }

    /** Turns the world's records into Parquet and a summary; returns the exit code. */
    static int finish(String python, Path runFolder) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(python, "-m", "greensched", "finish", runFolder.toString()).inheritIO().start();
        return process.waitFor();
    }
}
