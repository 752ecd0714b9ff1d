package org.greensched.sim.runfolder;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The resolved configuration of a run (run.json, PROTOCOL.md §2.1). Times in microseconds, network in milliseconds and
 * gigabits per second, indexed [origin][datacenter].
 *
 * @param cloudsim CloudSim Plus's own hosts, virtual machines and cloudlets execute tasks; otherwise an event per change does
 * @param json the whole object, passed on to the mind
 * @param fixedEnd the run is metered until horizon plus drain, so that runs of different policies are equally long; otherwise
 *     it ends at the first slot boundary from the horizon on at which no task is left
 */
public record RunConfig(
        JsonObject json, String runId, String scenario, String startUtc, long horizonUs, long drainUs, long slotUs,
        boolean fixedEnd, boolean cloudsim, boolean immediate, long seed, boolean privileged, boolean fallback, double startTimeoutS,
        double decideTimeoutS, double timeSigmaFrac, double powerSigmaFrac, String[] workClasses, String[] gpuTypes,
        double kwhPerGb, double[][] rttMs, double[][] gbps, int[] home, List<DatacenterSpec> datacenters,
        RecoveryRules recovery) {

    /** The only format of run folders that this world reads. */
    public static final int FORMAT = 1;

    /** End of the run at the latest: horizon plus drain. */
    public long endUs() {
        return horizonUs + drainUs;
    }

    /**
     * Seconds that {@code dataGb} take from the home of {@code origin} to {@code dc}; 0 at home.
     *
     * @param dataGb 10^9 bytes
     */
    public double transferS(int origin, int dc, double dataGb) {
        return home[origin] == dc ? 0 : rttMs[origin][dc] / 1000 + dataGb * 8 / gbps[origin][dc];
    }

    /**
     * Reads and checks {@code run.json}.
     *
     * @throws BadInputException with the key that is wrong
     */
    public static RunConfig read(Path file) {
        JsonElement root;
        try {
            root = JsonParser.parseString(Files.readString(file));
        } catch (IOException e) {
            throw new BadInputException(file.toString(), "cannot be read (" + e + "); is this a run folder?", e);
        } catch (JsonParseException e) {
            throw new BadInputException(file.toString(), "is not JSON: " + e.getMessage(), e);
        }
        if (!root.isJsonObject()) {
            throw new BadInputException(file.toString(), "must hold a JSON object");
        }
        try {
            return read(root.getAsJsonObject(), new JsonReader(root.getAsJsonObject(), file.toString(), ""));
        } catch (ArithmeticException | IllegalStateException | UnsupportedOperationException | NumberFormatException e) {
            throw new BadInputException(file.toString(), "holds a value of the wrong type: " + e.getMessage(), e);
        }
    }

    private static RunConfig read(JsonObject object, JsonReader json) {
        if (json.integer("format", 0) != FORMAT) {
            throw json.wrong("format", "must be " + FORMAT + "; prepare the scenario again with this version");
        }
        String[] workClasses = json.texts("work_classes");
        String[] gpuTypes = json.texts("gpu_types");
        List<DatacenterSpec> datacenters = new ArrayList<>();
        for (int i = 0; i < json.array("datacenters").size(); i++) {
            datacenters.add(DatacenterSpec.read(json.item("datacenters", i), gpuTypes.length, workClasses.length));
        }
        if (datacenters.isEmpty()) {
            throw json.wrong("datacenters", "must name at least one datacenter");
        }
        int[] home = new int[json.array("origins").size()];
        for (int i = 0; i < home.length; i++) {
            home[i] = json.item("origins", i).index("home", 0, datacenters.size() - 1);
        }
        JsonReader network = json.child("network");
        JsonReader noise = json.child("noise");
        JsonReader mind = json.child("mind");
        return new RunConfig(
                object, json.text("run_id"), json.text("scenario"), json.text("start_utc"), json.integer("horizon_us", 1),
                json.integer("drain_us", 0), json.integer("slot_us", 1), fixedEnd(json), cloudsim(json),
                immediate(json), json.integer("seed", Long.MIN_VALUE), json.flag("privileged"), fallback(json),
                mind.number("start_timeout_s", 1e-3, 1e6), mind.number("decide_timeout_s", 1e-3, 1e6), noise.number("time_sigma_frac", 0, 3),
                noise.number("power_sigma_frac", 0, 3), workClasses, gpuTypes, network.number("kwh_per_gb", 0, 1e3),
                network.matrix("rtt_ms", home.length, datacenters.size(), 0),
                network.matrix("gbps", home.length, datacenters.size(), 1e-9), home, List.copyOf(datacenters),
                RecoveryRules.read(json));
    }

    /** Folders of before this key existed keep their numbers. */
    private static boolean fixedEnd(JsonReader json) {
        return !json.isNull("end") && choice(json, "end", "fixed", "drained");
    }

    private static boolean cloudsim(JsonReader json) {
        return !json.isNull("execution") && choice(json, "execution", "cloudsim", "exact");
    }

    private static boolean immediate(JsonReader json) {
        return choice(json, "mode", "immediate", "slots");
    }

    private static boolean fallback(JsonReader json) {
        return choice(json, "on_mind_failure", "fallback", "abort");
    }

    /** True for the first word, false for the second, an error for any other. */
    static boolean choice(JsonReader json, String key, String yes, String no) {
        String value = json.text(key);
        if (!value.equals(yes) && !value.equals(no)) {
            throw json.wrong(key, "must be " + yes + " or " + no + " (got " + value + ")");
        }
        return value.equals(yes);
    }
}
