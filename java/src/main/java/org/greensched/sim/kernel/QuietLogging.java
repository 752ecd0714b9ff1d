package org.greensched.sim.kernel;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import ch.qos.logback.core.joran.spi.JoranException;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.net.URL;
import org.cloudsimplus.util.Log;

/**
 * Spares a run the configuration of a log that it turns off at once: reading CloudSim Plus's {@code logback.xml} takes a tenth
 * of a second. Only where {@link #expectSilence} was said and nobody configured logging; the file is then read when
 * the first line is really logged. Logback finds this class as a service.
 */
@ConfiguratorRank(ConfiguratorRank.FALLBACK)
public final class QuietLogging extends ContextAwareBase implements Configurator {
    private static final String FILE = "logback.xml";
    /** What logback would read in preference to {@link #FILE}. */
    private static final String[] PREFERRED = {"logback-test.scmo", "logback.scmo", "logback-test.xml"};

    private static volatile boolean wanted;

    /** To be said before the class of {@link GreenKernel} is first used: its superclass is the first to ask for a log. */
    public static void expectSilence() {
        wanted = true;
    }

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        URL file = wanted ? ownFile() : null;
        if (file == null) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        Later later = new Later(context, file);
        later.setContext(context);
        later.start();
        context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(later);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /** CloudSim Plus's own configuration, if that is what logback would read; otherwise {@code null}. */
    private static URL ownFile() {
        ClassLoader loader = LoggerContext.class.getClassLoader();
        for (String name : PREFERRED) {
            if (loader.getResource(name) != null) {
                return null;
            }
        }
        URL file = loader.getResource(FILE);
        boolean own = System.getProperty("logback.configurationFile") == null && file != null
                && file.toString().equals("jar:" + Log.class.getProtectionDomain().getCodeSource().getLocation() + "!/" + FILE);
        return own ? file : null;
    }

    /** Reads the configuration when the first line comes and passes the line on; the level is whoever set it since. */
    private static final class Later extends AppenderBase<ILoggingEvent> {
        private final LoggerContext loggers;
        private final URL file;
        private boolean read;

        Later(LoggerContext loggers, URL file) {
            this.loggers = loggers;
            this.file = file;
        }

        @Override
        protected void append(ILoggingEvent event) {
            if (!read) {
                read = true;
                read();
            }
            loggers.getLogger(event.getLoggerName()).callAppenders(event);
        }

        private void read() {
            Logger root = loggers.getLogger(Logger.ROOT_LOGGER_NAME);
            Level level = root.getLevel();
            root.detachAppender(this);
            JoranConfigurator configurator = new JoranConfigurator();
            configurator.setContext(loggers);
            try {
                configurator.doConfigure(file);
            } catch (JoranException e) {
                addError("cannot read " + file, e);
            }
            root.setLevel(level);
        }
    }
}
