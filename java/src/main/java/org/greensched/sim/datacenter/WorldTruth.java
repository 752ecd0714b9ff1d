package org.greensched.sim.datacenter;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.placement.TruthService;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.workload.TaskBook;

/**
 * Answers what-if questions exactly as far as one datacenter can know: waits come from playing a copy of it forward (true
 * finish times, queue, data on its way, sleeping hosts), run times and energies from the task's own luck and realised
 * signals. One thing is not followed further: the power of the other hosts, which a load-dependent PUE depends on, is taken
 * as of now; that of the task's own host is played forward. After the end of the signals,
 * where no run goes, the last PUE stays.
 */
public final class WorldTruth implements TruthService {
    private record Query(int task, int row, int option, double startS, double dataS) {}

    private final GreenKernel kernel;
    private final RunConfig config;
    private final TaskBook book;
    private final List<GreenDatacenter> datacenters;

    /** Truth of a run. */
    public WorldTruth(GreenKernel kernel, RunConfig config, TaskBook book, List<GreenDatacenter> datacenters) {
        this.kernel = kernel;
        this.config = config;
        this.book = book;
        this.datacenters = datacenters;
    }

    @Override
    public Answer truth(long[] task, int[] dc, long[] startUs) {
        check(task, dc, startUs);
        int cells = task.length * dc.length;
        Answer answer = new Answer(new double[cells], new double[cells], new double[cells]);
        Arrays.fill(answer.energyKwh(), Double.NaN);
        Arrays.fill(answer.serviceTimeS(), Double.NaN);
        Arrays.fill(answer.waitS(), Double.NaN);
        for (int d = 0; d < datacenters.size(); d++) {
            answerFor(d, queries(d, task, dc, startUs), dc.length, answer);
        }
        return answer;
    }

    private void check(long[] task, int[] dc, long[] startUs) {
        for (long id : task) {
            if (id < 0 || id >= book.tasks().size()) {
                throw new IllegalArgumentException("truth asked about task " + id + "; there are " + book.tasks().size());
            }
        }
        for (int o = 0; o < dc.length; o++) {
            if (dc[o] < 0 || dc[o] >= datacenters.size()) {
                throw new IllegalArgumentException("option " + o + " names datacenter " + dc[o] + " of " + datacenters.size());
            }
            if (startUs[o] < Math.floor(kernel.clock() * 1e6 - 0.5)) {
                throw new IllegalArgumentException("option " + o + " starts at " + startUs[o] + " us, before now");
            }
        }
    }

    /** All questions about one datacenter in the order in which the data would be there. */
    private Query[] queries(int d, long[] task, int[] dc, long[] startUs) {
        TaskStore tasks = book.tasks();
        java.util.ArrayList<Query> queries = new java.util.ArrayList<>();
        for (int row = 0; row < task.length; row++) {
            int id = (int) task[row];
            if (!datacenters.get(d).couldHold(id)) {
                continue;
            }
            double transferS = config.transferS(tasks.origin(id), d, tasks.dataGb(id));
            for (int o = 0; o < dc.length; o++) {
                if (dc[o] == d) {
                    double startS = Math.max(kernel.clock(), startUs[o] / 1e6);
                    queries.add(new Query(id, row, o, startS, startS + transferS));
                }
            }
        }
        queries.sort(Comparator.comparingDouble(Query::dataS));
        return queries.toArray(new Query[0]);
    }

    private void answerFor(int d, Query[] queries, int options, Answer answer) {
        if (queries.length == 0) {
            return;
        }
        GreenDatacenter datacenter = datacenters.get(d);
        Projection projection = new Projection(datacenter, book);
        TaskEnergy energy = new TaskEnergy(book.tasks(), datacenter.physics());
        for (Query query : queries) {
            projection.advanceTo(query.dataS);
            Projection.Start start = projection.startOf(query.task, query.dataS);
            if (start == null) {
                continue;
            }
            HostGroup host = projection.group(start.host());
            double endS = start.beginS() + start.runtimeS();
            int cell = query.row * options + query.option;
            answer.waitS()[cell] = start.beginS() - query.startS;
            answer.serviceTimeS()[cell] = endS - query.startS;
            FacilityMeter facility = datacenter.facility();
            double elsewhereW = Math.max(0, facility.itW() - datacenter.power().meters().powerW(start.host()));
            answer.energyKwh()[cell] = energy.kwh(query.task, host, start, elsewhereW, facility);
        }
    }
}
