package org.greensched.sim.examples;

import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.DecisionsBuilder;
import org.greensched.sim.placement.Observation;
import org.greensched.sim.placement.PlacementDecider;
import org.greensched.sim.placement.TruthService;
import org.greensched.sim.runfolder.Forecasts;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.TaskStore;

/** Runs a prepared run folder with a decider that lets tasks wait for a cleaner hour. */
public final class CleanerHourExample {
    private CleanerHourExample() {}

    /**
     * Starts each task at the site and the time whose forecast of intensity is lowest while it runs, among those at
     * which it would meet its deadline. A task without deadline, or without an estimate of its run time, starts now.
     * It does not ask for room: a site that everybody waits for has a queue, which the margin must cover.
     */
    static final class CleanerHourDecider implements PlacementDecider {
        private static final double MARGIN = 1.25; // of the owner's estimate, which is one

        private final RunConfig config;
        private final int[] newest; // row of the newest forecast of each datacenter's intensity; -1 none so far

        CleanerHourDecider(RunConfig config) {
            this.config = config;
            this.newest = new int[config.datacenters().size()];
            Arrays.fill(newest, -1);
        }

        @Override
        public Needs start(TruthService truth) {
            return new Needs(true, false, false); // forecasts, but no progress and no truth
        }

        @Override
        public Decisions decide(Observation now) {
            int carbon = List.of(now.forecasts.kinds()).indexOf("carbon_gpkwh");
            for (int issue = now.firstIssue; issue < now.endIssue; issue++) {
                if (now.forecasts.kind(issue) == carbon) {
                    newest[now.forecasts.datacenter(issue)] = issue;
                }
            }
            DecisionsBuilder answer = new DecisionsBuilder();
            for (int i = 0; i < now.ask.size(); i++) {
                decide(now, now.ask.get(i), answer);
            }
            return answer.build();
        }

        private void decide(Observation now, long task, DecisionsBuilder answer) {
            TaskStore tasks = now.tasks;
            int site = -1;
            long startUs = now.tUs;
            double lowest = Double.NaN;
            for (int d = 0; d < newest.length; d++) {
                if (!config.datacenters().get(d).couldHold(
                        tasks.cores(task), tasks.memGb(task), tasks.gpus(task), tasks.gpuType(task))) {
                    continue;
                }
                double moveS = config.transferS(tasks.origin(task), d, tasks.dataGb(task));
                double lastUs = tasks.deadlineUs(task) == TaskStore.NO_DEADLINE_US
                        ? now.tUs : tasks.deadlineUs(task) - 1e6 * (moveS + MARGIN * tasks.expectedS(task));
                long atUs = now.tUs;
                do {
                    long fromUs = atUs + (long) (1e6 * moveS);
                    double gpkwh = whileItRuns(now.forecasts, newest[d], fromUs, tasks.expectedS(task));
                    if (Double.isNaN(gpkwh) && atUs == now.tUs) {
                        gpkwh = now.datacenters[d].carbonGpkwh;
                    }
                    if (site < 0 || Double.compare(gpkwh, lowest) < 0) { // NaN is the worst
                        site = d;
                        startUs = atUs;
                        lowest = gpkwh;
                    }
                    atUs = nextStepUs(now.forecasts, newest[d], atUs);
                } while (atUs <= lastUs); // an estimate that is missing makes this false
            }
            if (site < 0) {
                answer.reject(task, Decisions.STATUS_HEURISTIC, "fits nowhere");
            } else if (startUs > now.tUs) {
                answer.defer(task, startUs, Decisions.STATUS_HEURISTIC, "cleaner later");
            } else {
                answer.place(task, site, Decisions.STATUS_HEURISTIC, "");
            }
        }

        /** Mean of a forecast while a task runs; NaN where it does not reach as far, or the task has no estimate. */
        private static double whileItRuns(Forecasts forecasts, int issue, long fromUs, double expectedS) {
            long endUs = fromUs + (long) (1e6 * expectedS);
            double sum = 0;
            for (long atUs = fromUs; atUs < endUs; ) {
                long untilUs = Math.min(endUs, nextStepUs(forecasts, issue, atUs));
                sum += value(forecasts, issue, atUs) * (untilUs - atUs);
                atUs = untilUs;
            }
            return sum / (endUs - fromUs); // 0 / 0 without an estimate
        }

        /** What a forecast says of an instant; NaN nothing. */
        private static double value(Forecasts forecasts, int issue, long atUs) {
            if (issue < 0 || atUs < forecasts.firstUs(issue)) {
                return Double.NaN;
            }
            long step = (atUs - forecasts.firstUs(issue)) / forecasts.stepUs(issue);
            return step < forecasts.count(issue) ? forecasts.value(forecasts.offset(issue) + step) : Double.NaN;
        }

        /** Where the next value of a forecast begins; never, once there is none. */
        private static long nextStepUs(Forecasts forecasts, int issue, long atUs) {
            if (Double.isNaN(value(forecasts, issue, atUs))) {
                return Long.MAX_VALUE;
            }
            return atUs + forecasts.stepUs(issue) - (atUs - forecasts.firstUs(issue)) % forecasts.stepUs(issue);
        }

        @Override
        public void finish(Observation last) {
            // nothing to learn
        }
    }

    /** @param args a prepared run folder that no world has run; without it that of {@link BuildExample} is made */
    public static void main(String[] args) throws Exception {
        Path folder = args.length > 0 ? Path.of(args[0])
                : BuildExample.twoSites(Files.createTempDirectory("greensched-").resolve("two-sites"));
        JsonObject world = Runs.run(folder, CleanerHourDecider::new);
        System.out.printf(Locale.ROOT, "carbon_kg %.6f%n", Runs.carbonKg(world));
        System.out.printf(Locale.ROOT, "finished_tasks %d%n", Runs.finishedTasks(world));
        System.out.println("folder " + folder);
    }
}
