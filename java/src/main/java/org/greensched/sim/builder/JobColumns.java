package org.greensched.sim.builder;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import org.greensched.sim.columns.FrameWriter;

/** tasks.gsf and hidden.gsf (PROTOCOL.md §2.2, 2.3) of a run that is built: a task per job, in order of arrival. */
final class JobColumns {
    private final List<Job> jobs;
    private final Map<Job, Integer> number = new IdentityHashMap<>();
    private final List<String> sites;
    private final List<String> gpuTypes;
    private final List<String> workClasses;

    /** @throws IllegalArgumentException a job names what is not there, or its phases do not make a whole */
    JobColumns(RunFolderBuilder run, List<String> gpuTypes) {
        this.gpuTypes = gpuTypes;
        this.sites = run.sites.stream().map(site -> site.name).toList();
        this.workClasses = run.workClasses;
        jobs = new ArrayList<>(run.jobs);
        jobs.sort(Comparator.comparingLong(job -> job.arrivalUs)); // stable
        for (Job job : jobs) {
            number.put(job, number.size());
            among(job, "site", job.origin, sites);
            among(job, "type of GPUs", job.gpuType, gpuTypes);
            among(job, "work class", job.workClass, workClasses);
            double whole = job.phases.stream().mapToDouble(Job.Phase::workFrac).sum();
            if (!job.phases.isEmpty() && Math.abs(whole - 1) > 1e-6) {
                throw new IllegalArgumentException(
                        "job " + job.name + ": its phases add up to " + whole + ", expected 1");
            }
        }
    }

    private static void among(Job job, String what, String named, List<String> known) {
        if (named != null && !known.contains(named)) {
            throw new IllegalArgumentException("job " + job.name + ": " + what + " " + named
                    + " is unknown; expected one of " + known);
        }
    }

    /** Position of what is named, {@code none} where nothing is. */
    private static int index(List<String> known, String named, int none) {
        return named == null ? none : known.indexOf(named);
    }

    void writeTasks(FrameWriter w) {
        w.begin("tasks").meta("labels_synthetic", false).meta("deadline_rule", "given").meta("source", "Java code");
        w.table("tasks", jobs.size());
        i64(w, "job", number::get);
        i32(w, "index", job -> 0);
        i64(w, "arrival_us", job -> job.arrivalUs);
        i64(w, "deadline_us", job -> job.deadlineUs);
        f64(w, "cores", job -> job.cores);
        f64(w, "gpus", job -> job.gpus);
        i32(w, "gpu_type", job -> index(gpuTypes, job.gpuType, -1));
        f64(w, "mem_gb", job -> job.memGb);
        f64(w, "data_gb", job -> job.dataGb);
        i32(w, "origin", job -> index(sites, job.origin, 0));
        i32(w, "priority", job -> job.priority);
        f64(w, "expected_s", job -> job.expectedS);
        str(w, "name", job -> job.name);
        str(w, "labels", job -> job.labels);
        str(w, "user", job -> job.user);
        if (jobs.stream().anyMatch(job -> !job.description.isEmpty())) {
            str(w, "description", job -> job.description);
        }
        List<long[]> edges = new ArrayList<>();
        for (Job job : jobs) {
            job.after.forEach(before -> edges.add(new long[] {number.get(before), number.get(job)}));
        }
        if (!edges.isEmpty()) {
            w.table("edges", edges.size()).i64("task", edges.stream().mapToLong(edge -> edge[0]).toArray());
            w.i64("successor", edges.stream().mapToLong(edge -> edge[1]).toArray());
        }
    }

    void writeHidden(FrameWriter w) {
        w.begin("hidden").table("hidden", jobs.size());
        f64(w, "work_s", job -> job.workS);
        i32(w, "work_class", job -> index(workClasses, job.workClass, 0));
        f64(w, "cpu_util_frac", job -> job.cpuUtilFrac);
        f64(w, "gpu_util_frac", job -> job.gpuUtilFrac);
        f64(w, "interference", job -> job.interference);
        List<Job> withPhases = jobs.stream().filter(job -> !job.phases.isEmpty()).toList();
        if (!withPhases.isEmpty()) {
            List<Job.Phase> phases = withPhases.stream().flatMap(job -> job.phases.stream()).toList();
            w.table("phases", phases.size());
            w.i64("task", withPhases.stream()
                    .flatMap(job -> job.phases.stream().map(p -> job)).mapToLong(number::get).toArray());
            w.f64("work_frac", phases.stream().mapToDouble(Job.Phase::workFrac).toArray());
            w.f64("cpu_util_frac", phases.stream().mapToDouble(Job.Phase::cpuUtilFrac).toArray());
            w.f64("gpu_util_frac", phases.stream().mapToDouble(Job.Phase::gpuUtilFrac).toArray());
        }
    }

    private void i64(FrameWriter w, String column, ToLongFunction<Job> value) {
        w.i64(column, jobs.stream().mapToLong(value).toArray());
    }

    private void i32(FrameWriter w, String column, ToIntFunction<Job> value) {
        w.i32(column, jobs.stream().mapToInt(value).toArray());
    }

    private void f64(FrameWriter w, String column, ToDoubleFunction<Job> value) {
        w.f64(column, jobs.stream().mapToDouble(value).toArray());
    }

    private void str(FrameWriter w, String column, Function<Job, String> value) {
        w.str(column, jobs.stream().map(value).toArray(String[]::new));
    }
}
