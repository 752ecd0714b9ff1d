package org.greensched.sim.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator.ExecutionStatus;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

class QuietLoggingTest {
    private static final String PROPERTY = "logback.configurationFile";

    private final LoggerContext context = new LoggerContext();

    private ExecutionStatus configure() {
        context.setMDCAdapter(new LogbackMDCAdapter());
        QuietLogging.expectSilence();
        return new QuietLogging().configure(context);
    }

    @Test
    void theFirstLineIsLoggedAsCloudSimPlusConfiguresIt() {
        assertEquals(ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY, configure());
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.INFO);
        assertNull(root.getAppender("STDOUT"), "nothing is configured before anything is logged");
        String printed = printed(() -> {
            context.getLogger("Any").info("first");
            context.getLogger("Any").debug("below the level");
            context.getLogger("Any").warn("second");
        });
        assertNotNull(root.getAppender("STDOUT"));
        assertEquals(Level.INFO, root.getLevel());
        assertTrue(printed.matches("(?s).*INFO  first\\R.*WARN  second\\R.*"), printed);
        assertEquals(-1, printed.indexOf("below"), printed);
        assertEquals(printed.indexOf("first"), printed.lastIndexOf("first"), printed);
    }

    @Test
    void whatAUserConfiguredIsLeftToLogback() {
        System.setProperty(PROPERTY, "mine.xml");
        try {
            assertEquals(ExecutionStatus.INVOKE_NEXT_IF_ANY, configure());
        } finally {
            System.clearProperty(PROPERTY);
        }
        assertEquals(false, context.getLogger(Logger.ROOT_LOGGER_NAME).iteratorForAppenders().hasNext());
    }

    private static String printed(Runnable action) {
        PrintStream before = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true));
        try {
            action.run();
        } finally {
            System.setOut(before);
        }
        return bytes.toString();
    }
}
