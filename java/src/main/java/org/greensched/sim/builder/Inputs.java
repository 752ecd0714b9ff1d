package org.greensched.sim.builder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.greensched.sim.carbon.CommonGrid;
import org.greensched.sim.carbon.Signals;
import org.greensched.sim.carbon.StepSignal;
import org.greensched.sim.columns.FrameLog;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.runfolder.FaultSchedule;
import org.greensched.sim.runfolder.Forecasts;
import org.greensched.sim.runfolder.HiddenTruth;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.TaskStore;

/** The files of an input folder (PROTOCOL.md §2.1 to 2.5) of a run that is built. */
final class Inputs {
    private static final long HOUR_US = 3_600_000_000L;

    private final RunFolderBuilder run;
    private final List<String> gpuTypes;
    private final JobColumns jobs;
    private final CommonGrid signals;
    private final int rows;

    /** @throws IllegalArgumentException what was given does not fit together */
    Inputs(RunFolderBuilder run) {
        this.run = run;
        gpuTypes = run.sites.stream().flatMap(site -> site.hosts.stream()).map(hosts -> hosts.gpuType)
                .filter(type -> type != null).distinct().toList();
        jobs = new JobColumns(run, gpuTypes);
        signals = signals();
        long endUs = run.horizonUs + run.drainUs;
        if (signals.steps() * signals.stepUs() < endUs) {
            throw new IllegalArgumentException(column(signals.first()) + " ends at " + signals.endS()
                    + " s, the run may last until horizon + drain = " + endUs / 1e6 + " s; give more values");
        }
        rows = (int) ((endUs + signals.stepUs() - 1) / signals.stepUs());
    }

    private CommonGrid signals() {
        Map<String, StepSignal> all = new LinkedHashMap<>();
        for (int d = 0; d < run.sites.size(); d++) {
            for (var signal : run.sites.get(d).signals.entrySet()) {
                all.put(d + "." + signal.getKey(), signal.getValue());
            }
        }
        if (all.values().stream().allMatch(signal -> signal.stepUs() == CommonGrid.FOREVER_US)) {
            // constants alone have no step; everybody reads hours
            int hours = (int) ((run.horizonUs + run.drainUs + HOUR_US - 1) / HOUR_US);
            all.replaceAll((name, constant) -> StepSignal.constant(name, HOUR_US, hours, constant.step(0)));
        }
        return CommonGrid.of(all);
    }

    /** The name of a column as the user knows it. */
    private String column(String name) {
        int dot = name.indexOf('.');
        return "site " + run.sites.get(Integer.parseInt(name.substring(0, dot))).name + ": " + name.substring(dot + 1);
    }

    void write(Path folder) throws IOException {
        Files.writeString(folder.resolve("run.json"), RunJson.of(run, gpuTypes));
        FrameWriter writer = new FrameWriter();
        jobs.writeTasks(writer);
        save(writer, folder.resolve("tasks.gsf"));
        jobs.writeHidden(writer);
        save(writer, folder.resolve("hidden.gsf"));
        writeSignals(writer);
        save(writer, folder.resolve("signals.gsf"));
        writeForecasts(writer);
        save(writer, folder.resolve("forecasts.gsf"));
        List<String> secret = new ArrayList<>(List.of("hidden.gsf"));
        if (!run.faults.isEmpty()) {
            run.faults.write(writer, run.sites);
            save(writer, folder.resolve("faults.gsf"));
            secret.add("faults.gsf");
        }
        if (Files.getFileAttributeView(folder, PosixFileAttributeView.class) != null) {
            for (String file : secret) {
                Files.setPosixFilePermissions(folder.resolve(file), PosixFilePermissions.fromString("rw-------"));
            }
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    private void writeSignals(FrameWriter w) {
        w.begin("signals").meta("step_us", signals.stepUs()).metaJson("labels", "{}").table("signals", rows);
        for (var signal : signals.signals().entrySet()) {
            double[] values = new double[rows];
            for (int k = 0; k < rows; k++) {
                values[k] = signal.getValue().step(k);
            }
            w.f64(signal.getKey(), values);
        }
    }

    /** One forecast and the datacenter that it is about. */
    private record Issue(int datacenter, Site.Forecast forecast) {}

    private void writeForecasts(FrameWriter w) {
        List<Issue> issues = new ArrayList<>();
        for (int d = 0; d < run.sites.size(); d++) {
            for (Site.Forecast forecast : run.sites.get(d).forecasts) {
                if (!run.faults.isBlind(run.sites.get(d).name, forecast.issueUs())) {
                    issues.add(new Issue(d, forecast));
                }
            }
        }
        issues.sort(Comparator.comparingLong(issue -> issue.forecast.issueUs())); // stable: then by datacenter
        int n = issues.size();
        long[] offset = new long[n];
        int values = 0;
        for (int i = 0; i < n; i++) {
            offset[i] = values;
            values += issues.get(i).forecast.gpkwh().length;
        }
        long[] issueUs = issues.stream().mapToLong(issue -> issue.forecast.issueUs()).toArray();
        w.begin("forecasts").meta("kinds", new String[] {"carbon_gpkwh"});
        w.meta("synthetic", true).meta("model", "given");
        long[] stepUs = issues.stream().mapToLong(issue -> issue.forecast.stepUs()).toArray();
        int[] count = issues.stream().mapToInt(issue -> issue.forecast.gpkwh().length).toArray();
        w.table("issues", n).i64("issue_us", issueUs);
        w.i32("datacenter", issues.stream().mapToInt(Issue::datacenter).toArray()).i32("kind", new int[n]);
        w.i64("first_us", issueUs).i64("step_us", stepUs).i64("offset", offset).i32("count", count);
        w.table("values", values);
        w.f64("value", issues.stream().flatMapToDouble(issue -> Arrays.stream(issue.forecast.gpkwh())).toArray());
    }

    private static void save(FrameWriter writer, Path file) throws IOException {
        try (FrameLog log = FrameLog.create(file)) {
            log.append(writer);
        }
    }

    /** Whatever got past the checks is found here and not when the run starts. */
    void readBack(Path folder) throws IOException {
        RunConfig config = RunConfig.read(folder.resolve("run.json"));
        TaskStore tasks = TaskStore.map(folder.resolve("tasks.gsf"), config);
        HiddenTruth hidden = HiddenTruth.map(folder.resolve("hidden.gsf"), config, tasks.size());
        Signals.read(folder.resolve("signals.gsf"), config, hidden.hosts());
        Forecasts.map(folder.resolve("forecasts.gsf"), config.datacenters().size());
        FaultSchedule.read(folder.resolve("faults.gsf"), config);
    }

    void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
