package org.greensched.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Javadoc without errors, and none that is missing: the compiler's own check, without the tool and its pages. */
class JavadocTest {
    private static final Path SOURCES = Path.of("src/main/java");

    @TempDir
    private Path classes;

    private static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        }
    }

    /** A tag for each parameter and result is not asked for: the first sentence says it, or the name does. */
    private static boolean isTagOnly(String message) {
        return message.startsWith("no @param") || message.startsWith("no @return") || message.startsWith("no @throws");
    }

    @Test
    void everyPublicNameHasSoundJavadoc() throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        List<String> options = List.of(
                "-Xdoclint:all/protected", "-Xmaxwarns", "100000", "-proc:none", "-d", classes.toString(), "-classpath",
                System.getProperty("java.class.path"));
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            var units = files.getJavaFileObjectsFromPaths(sources());
            boolean compiled = compiler.getTask(null, files, found, options, null, units).call();
            assertTrue(compiled, found.getDiagnostics().toString());
        }
        List<String> problems = found.getDiagnostics().stream()
                .filter(d -> d.getSource() != null && !isTagOnly(d.getMessage(Locale.ROOT)))
                .map(d -> d.getSource().getName() + ":" + d.getLineNumber() + " " + d.getMessage(Locale.ROOT)).toList();
        assertEquals(List.of(), problems);
        assertTrue(found.getDiagnostics().size() > 100, "doclint ran: there are tags that it misses");
    }

    @Test
    void everyPackageSaysWhatItIsFor() throws IOException {
        List<Path> packages = sources().stream().map(Path::getParent).distinct().toList();
        assertTrue(packages.size() > 10);
        assertEquals(List.of(), packages.stream().filter(p -> !Files.exists(p.resolve("package-info.java"))).toList());
    }
}
