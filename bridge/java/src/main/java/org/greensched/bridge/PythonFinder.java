package org.greensched.bridge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Finds the Python that has GreenSched installed. */
final class PythonFinder {
    private static final int PROBE_S = 60;
    private static final int MISSING = 3; // a part of the system, as of Java for `greensched`

    private PythonFinder() {}

    /**
     * The first of: the environment's {@code GREENSCHED_PYTHON}, the one that {@code ./greensched} has set up, and
     * {@code python3} on the path.
     *
     * @throws LaunchException none of them can import {@code greensched_bridge}; says what was tried
     */
    static String find(Map<String, String> environment) throws LaunchException {
        List<String> tried = new ArrayList<>();
        String named = environment.get("GREENSCHED_PYTHON");
        if (named != null && !named.isBlank()) {
            if (works(named, tried)) {
                return named;
            }
            throw new LaunchException(MISSING, "GREENSCHED_PYTHON does not work: " + tried.get(0)
                    + "\nset it to a Python that has GreenSched installed, or unset it");
        }
        String remembered = remembered(environment, tried);
        if (remembered != null && works(remembered, tried)) {
            return remembered;
        }
        if (works("python3", tried)) {
            return "python3";
        }
        throw new LaunchException(MISSING, "no Python with GreenSched was found. Tried:\n  " + String.join("\n  ", tried)
                + "\nrun './greensched setup' once, or set GREENSCHED_PYTHON");
    }

    private static String remembered(Map<String, String> environment, List<String> tried) {
        String cache = environment.get("XDG_CACHE_HOME");
        Path file = (cache == null || cache.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache))
                .resolve("greensched").resolve("python");
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            tried.add(file + ": not there");
            return null;
        }
    }

    private static boolean works(String python, List<String> tried) {
        try {
            Process probe = new ProcessBuilder(python, "-c", "import greensched_bridge").redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            probe.getOutputStream().close();
            if (!probe.waitFor(PROBE_S, TimeUnit.SECONDS)) {
                probe.destroyForcibly();
                tried.add(python + ": did not answer");
                return false;
            }
            if (probe.exitValue() != 0) {
                tried.add(python + ": cannot import greensched_bridge");
            }
            return probe.exitValue() == 0;
        } catch (IOException e) {
            tried.add(python + ": cannot be started");
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
