package org.greensched.bridge;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.greensched.sim.World;
import org.greensched.sim.columns.FrameException;
import org.greensched.sim.runfolder.BadInputException;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.RunFolder;
import sun.misc.Signal;

/** The world's program; what it accepts is {@link Arguments#USAGE}, what it returns PROTOCOL.md §2.11. */
public final class Main {
    static final int INTERRUPTED = 130;
    private static final int FAILED = 1;
    private static final int BAD_INPUT = 2;
    private static final List<Integer> FROM_BEST = List.of(0, 4, FAILED, 3, BAD_INPUT, INTERRUPTED);

    private Main() {}

    /** Runs and ends the virtual machine, whatever threads libraries have left behind. */
    public static void main(String[] arguments) {
        exitOnSignals();
        int code = run(arguments);
        System.out.flush();
        System.err.flush();
        boolean insideMaven = Main.class.getClassLoader() != ClassLoader.getSystemClassLoader();
        if (code != 0 || !insideMaven) {
            System.exit(code);
        }
    }

    /** The virtual machine by itself exits with 143 and 129; PROTOCOL.md §2.11 knows one code for an interrupted run. */
    private static void exitOnSignals() {
        for (String name : new String[] {"TERM", "HUP"}) {
            try {
                Signal.handle(new Signal(name), signal -> System.exit(INTERRUPTED));
            } catch (IllegalArgumentException e) {
                // no such signal on this system, or -Xrs: then the code is the system's
            }
        }
    }

    static int run(String[] arguments) {
        if (Arguments.askForHelp(arguments)) {
            System.out.println(Arguments.USAGE);
            return 0;
        }
        return guarded(() -> {
            Arguments parsed = Arguments.parse(arguments);
            if (parsed.connect()) {
                return simulateConnected(Path.of(parsed.runFolder()));
            }
            String python = PythonFinder.find(System.getenv());
            if (parsed.runFolder() != null) {
                return simulateJavaFirst(python, Path.of(parsed.runFolder()));
            }
            int worst = 0;
            for (Path folder : PythonCommands.prepare(python, parsed.scenario(), parsed.prepareOptions())) {
                worst = worse(worst, guarded(() -> simulateAndFinish(python, folder)));
            }
            return worst;
        });
    }

    private static int simulateAndFinish(String python, Path folder)
            throws IOException, LaunchException, InterruptedException {
        int code = simulateJavaFirst(python, folder);
        int finished = PythonCommands.finish(python, folder);
        return code != 0 ? code : finished;
    }

    /** The worse of two exit codes; a run of several documents ends with the worst of theirs. */
    static int worse(int one, int other) {
        return rank(one) >= rank(other) ? one : other;
    }

    private static int rank(int code) {
        return FROM_BEST.indexOf(FROM_BEST.contains(code) ? code : FAILED);
    }

    /** What a run does, with everything that it may throw. */
    private interface Work {
        int run() throws IOException, LaunchException, InterruptedException;
    }

    /** The exit code of the work; what it throws is said, and becomes one. */
    private static int guarded(Work work) {
        try {
            return work.run();
        } catch (LaunchException e) {
            return say(e.getMessage(), e.exitCode());
        } catch (BadInputException | FrameException e) {
            return say(e.getMessage(), BAD_INPUT);
        } catch (IOException | IllegalArgumentException e) {
            return say(e.toString(), FAILED);
        } catch (InterruptedException e) {
            return say("interrupted", INTERRUPTED);
        } catch (RuntimeException | Error e) {
            e.printStackTrace();
            return say("failed, this is a fault of GreenSched: " + e, FAILED);
        }
    }

    /** Python first: the mind listens and stdin says where; when stdin ends, so does this process. */
    private static int simulateConnected(Path folder) throws IOException, LaunchException {
        try (Stdin stdin = new Stdin()) {
            String line = stdin.readLine();
            if (line == null) {
                throw new LaunchException(BAD_INPUT, "--connect: stdin ended before it said where the mind listens");
            }
            Endpoint endpoint = Endpoint.parse(line);
            stdin.watch(Main::endWithoutLauncher);
            return simulate(folder, endpoint);
        }
    }

    private static void endWithoutLauncher() {
        System.err.println("greensched: the launcher has gone, ending");
        System.exit(INTERRUPTED);
    }

    private static int simulateJavaFirst(String python, Path folder) throws IOException, LaunchException {
        new RunFolder(folder).checkUnused(); // before a second mind opens the log of the first
        RunConfig config = config(folder);
        long timeoutMs = Math.max(1, Math.round(config.startTimeoutS() * 1000));
        try (MindProcess mind = MindProcess.start(python, folder, timeoutMs)) {
            return simulate(folder, mind.endpoint());
        }
    }

    private static int simulate(Path folder, Endpoint endpoint) throws IOException {
        RunConfig config = config(folder);
        try (MindDecider mind = new MindDecider(config, truth -> new MindConnection(endpoint, config.runId(), truth))) {
            World.Result result = World.run(folder, mind);
            if (result.exitCode() != 0) {
                System.err.println("greensched: the run ended " + result.status() + ": " + result.reason());
            }
            return result.exitCode();
        }
    }

    private static RunConfig config(Path folder) {
        return RunConfig.read(new RunFolder(folder).input("run.json"));
    }

    private static int say(String message, int code) {
        System.err.println("greensched: " + message);
        return code;
    }
}
