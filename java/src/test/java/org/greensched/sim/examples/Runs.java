package org.greensched.sim.examples;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.greensched.sim.World;
import org.greensched.sim.placement.PlacementDecider;
import org.greensched.sim.runfolder.RunConfig;

/** What the examples have in common: a run folder to work in, a run, and its carbon. */
final class Runs {
    private Runs() {}

    /** The prepared run folder that the caller names, otherwise a fresh copy of a sample. */
    static Path folder(String[] args, String sample) throws IOException, URISyntaxException {
        if (args.length > 0) {
            return Path.of(args[0]);
        }
        Path source = Path.of(Runs.class.getResource("/folders/" + sample).toURI());
        return copyInput(source, Files.createTempDirectory("greensched-").resolve(sample));
    }

    /** Copies what was prepared, not what a world wrote: a run folder holds one run, so that each decider needs its own. */
    static Path copyInput(Path source, Path target) throws IOException {
        List<Path> files;
        try (Stream<Path> listed = Files.list(source.resolve("input"))) {
            files = listed.toList();
        }
        Files.createDirectories(target.resolve("input"));
        for (Path file : files) {
            Files.copy(file, target.resolve("input").resolve(file.getFileName()));
        }
        return target;
    }

    /** Simulates the folder and returns what is in its world.json. */
    static JsonObject run(Path folder, Function<RunConfig, PlacementDecider> decider) {
        RunConfig config = RunConfig.read(folder.resolve("input").resolve("run.json"));
        World.Result result = World.run(folder, decider.apply(config));
        if (!result.status().equals("completed")) {
            // the world reports what went wrong and does not throw; numbers of half a run must not look like a result
            throw new IllegalStateException(folder + ": " + result.status() + ": " + result.reason());
        }
        return result.json();
    }

    /** One of the totals; missing (NaN) where world.json says null. */
    static double total(JsonObject world, String name) {
        var value = world.getAsJsonObject("totals").get(name);
        return value.isJsonNull() ? Double.NaN : value.getAsDouble();
    }

    /** Machines, idle ones included, and moving data: transfers are not in {@code carbon_g} and can outweigh it. */
    static double carbonKg(JsonObject world) {
        return (total(world, "carbon_g") + total(world, "transfer_g")) / 1000;
    }

    static int finishedTasks(JsonObject world) {
        return world.getAsJsonObject("tasks").get("finished").getAsInt();
    }
}
