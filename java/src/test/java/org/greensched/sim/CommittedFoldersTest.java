package org.greensched.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.greensched.sim.placement.FirstFitDecider;
import org.greensched.sim.placement.LeastLoadedDecider;
import org.greensched.sim.placement.LowestIntensityDecider;
import org.greensched.sim.placement.PlacementDecider;
import org.greensched.sim.runfolder.RunConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Small committed run folders, so that the world is tested on files that no code of this build wrote. The pinned hashes and
 * energies change only when the simulation does; a change must be explained in CHANGELOG.md.
 */
class CommittedFoldersTest {
    @TempDir
    private Path folder;

    private World.Result run(String name, java.util.function.Function<RunConfig, PlacementDecider> decider) {
        System.setProperty("greensched.check", "true");
        Path source = Path.of("src/test/resources/folders", name, "input");
        Path input = folder.resolve(name).resolve("input");
        try (Stream<Path> files = Files.list(source)) {
            Files.createDirectories(input);
            for (Path file : files.toList()) {
                Files.copy(file, input.resolve(file.getFileName()), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return World.run(folder.resolve(name), decider.apply(RunConfig.read(input.resolve("run.json"))));
    }

    private static void pinned(World.Result result, String hash, double facilityKwh, double carbonG) {
        assertEquals("completed", result.status(), result.reason());
        assertEquals(hash, result.json().get("decision_log_sha256").getAsString().substring(0, 16));
        assertEquals(facilityKwh, result.json().getAsJsonObject("totals").get("facility_kwh").getAsDouble(), 1e-9 * facilityKwh);
        assertEquals(carbonG, result.json().getAsJsonObject("totals").get("carbon_g").getAsDouble(), 1e-9 * carbonG);
    }

    /** V7 of VALIDATION.md: 0.315 kWh, 63 g. */
    @Test
    void oneJobAcrossAnIntensityStep() {
        pinned(run("one-job", FirstFitDecider::new), "c2072bb92cb774e0", 0.315, 63);
    }

    @Test
    void slotsByIntensity() {
        pinned(run("mixed-slots", LowestIntensityDecider::new), "fef5f3a669710a53", 1.7230749578516291, 526.5642145381709);
    }

    @Test
    void immediateByLoad() {
        pinned(run("mixed-immediate", LeastLoadedDecider::new), "9bd83f5d763ced8b", 5.2291388265829735, 1537.6640845284296);
    }
}
