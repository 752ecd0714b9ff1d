package org.greensched.bridge;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.greensched.sim.World;
import org.greensched.sim.columns.FrameException;
import org.greensched.sim.runfolder.BadInputException;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.RunFolder;

/** Entry point for a process that holds both, the virtual machine and the mind (JPype). One machine serves many runs. */
public final class InProcess {
    private InProcess() {}

    /**
     * Simulates a prepared run folder.
     *
     * @param stop the run ends as interrupted when this becomes true
     * @return an exit code of PROTOCOL.md §2.11; world.json says more
     */
    public static int run(String folder, MindPort port, AtomicBoolean stop) {
        try {
            RunConfig config = RunConfig.read(new RunFolder(Path.of(folder)).input("run.json"));
            try (MindDecider mind = new MindDecider(config, truth -> new InProcessMind(port, truth))) {
                World.Result result = World.run(Path.of(folder), mind, stop::get);
                if (result.exitCode() != 0) {
                    System.err.println("greensched: the run ended " + result.status() + ": " + result.reason());
                }
                return result.exitCode();
            }
        } catch (BadInputException | FrameException e) {
            System.err.println("greensched: " + e.getMessage());
            return 2;
        }
    }
}
