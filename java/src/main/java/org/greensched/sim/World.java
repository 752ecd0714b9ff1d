package org.greensched.sim;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.greensched.sim.placement.PlacementDecider;

/** Runs a run folder: the one entry point of the world. */
public final class World {
    /** Version of this world, for logs and handshakes. */
    public static final String VERSION = "0.1.0";

    /**
     * How a run ended.
     *
     * @param status as in world.json: completed, degraded, aborted, interrupted or failed
     * @param reason empty, or what went wrong in one line
     * @param exitCode 0 completed, 4 degraded, 1 failed or aborted, 2 bad input, 130 interrupted
     * @param json all of world.json
     */
    public record Result(String status, String reason, int exitCode, JsonObject json) {}

    /** Ways a run can end, with the exit code of each. */
    enum Ending {
        COMPLETED(0),
        DEGRADED(4),
        ABORTED(1),
        FAILED(1),
        BAD_INPUT(2),
        INTERRUPTED(130);

        private final int exitCode;

        Ending(int exitCode) {
            this.exitCode = exitCode;
        }

        int exitCode() {
            return exitCode;
        }

        /** Name in world.json; bad input is one way to fail. */
        String status() {
            return this == BAD_INPUT ? "failed" : name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    private World() {}

    /**
     * Simulates the run in {@code runFolder} with the decisions of {@code decider} and writes {@code runFolder/world/}. All
     * failures are reported in the result and in world.json, not thrown.
     *
     * @throws NullPointerException an argument is missing
     */
    public static Result run(Path runFolder, PlacementDecider decider) {
        return run(runFolder, decider, () -> false);
    }

    /** As {@link #run(Path, PlacementDecider)}; the run ends as interrupted when {@code stop} becomes true. */
    public static Result run(Path runFolder, PlacementDecider decider, BooleanSupplier stop) {
        Objects.requireNonNull(runFolder, "runFolder: give the folder that holds input/");
        Objects.requireNonNull(decider, "decider: give one, such as a LowestIntensityDecider");
        return new WorldSimulation(runFolder, decider, stop).run();
    }
}
