package org.greensched.sim.placement;

import java.util.List;
import org.greensched.sim.runfolder.DatacenterSpec;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.TaskStore;

/**
 * A decider in Java that places every asked task at once: where there seems to be room at the lowest score, otherwise where
 * the queue is shortest. It sees what any mind sees (an {@link Observation}); room is judged by the largest host and the
 * utilisation cap, minus what the same answer has given already. Your own needs only a {@link #score}; to defer tasks or to
 * look at deadlines, implement {@link PlacementDecider} instead.
 */
public abstract class ScoringDecider implements PlacementDecider {
    private static final int FITS_NOWHERE = -1;
    private static final int NO_POWER = -2;

    private final List<DatacenterSpec> specs;
    private final double[] usableCores;
    private final double[] given;
    /** Whether it matters how many MIPS a virtual machine wants: what fits nowhere is never asked about. */
    private final boolean mipsDiffer;

    /** For a run. */
    protected ScoringDecider(RunConfig config) {
        this.specs = config.datacenters();
        this.usableCores = specs.stream().mapToDouble(DatacenterSpec::usableCores).toArray();
        this.given = new double[specs.size()];
        this.mipsDiffer = specs.stream().flatMap(spec -> spec.hosts().stream()).mapToDouble(HostSpec::mips).distinct()
                .count() > 1;
    }

    /**
     * Lower is better; NaN, which is what a missing signal is, is worst; ties go to the lower number.
     *
     * @param view the datacenter now; owned by the world and overwritten later
     * @param datacenter its number, as in {@link RunConfig#datacenters}
     * @param givenCores cores that this answer has sent there already
     */
    protected abstract double score(DatacenterView view, int datacenter, double givenCores);

    @Override
    public Needs start(TruthService truth) {
        return new Needs(false, false, false);
    }

    @Override
    public Decisions decide(Observation observation) {
        java.util.Arrays.fill(given, 0);
        DecisionsBuilder answer = new DecisionsBuilder();
        for (int i = 0; i < observation.ask.size(); i++) {
            long task = observation.ask.get(i);
            int dc = choose(observation.tasks, task, observation.datacenters);
            if (dc >= 0) {
                given[dc] += observation.tasks.cores(task);
                answer.place(task, dc, Decisions.STATUS_HEURISTIC, "");
            } else if (dc == FITS_NOWHERE) {
                answer.reject(task, Decisions.STATUS_HEURISTIC, "fits nowhere");
            } // otherwise it stays pending, and is asked about again, until a place for it has power
        }
        return answer.build();
    }

    @Override
    public void finish(Observation last) {
        // nothing to learn
    }

    private int choose(TaskStore tasks, long task, DatacenterView[] views) {
        int best = -1;
        int shortest = FITS_NOWHERE;
        double cores = tasks.cores(task);
        double vmMips = mipsDiffer ? tasks.vmMips(task) : 0;
        for (int d = 0; d < views.length; d++) {
            DatacenterSpec spec = specs.get(d);
            if (!(vmMips > 0 ? spec.couldHoldVm(cores, vmMips, tasks.memGb(task))
                    : spec.couldHold(usableCores[d], cores, tasks.memGb(task), tasks.gpus(task), tasks.gpuType(task)))) {
                continue;
            }
            if (views[d].down != 0) {
                shortest = shortest < 0 ? NO_POWER : shortest;
                continue;
            }
            boolean room = views[d].queued == 0 && cores <= views[d].maxFreeCores && tasks.gpus(task) <= views[d].maxFreeGpus
                    && views[d].usedCores + views[d].inboundCores + given[d] + cores <= usableCores[d];
            if (room && (best < 0 || Double.compare(score(views[d], d, given[d]), score(views[best], best, given[best])) < 0)) {
                best = d;
            }
            if (shortest < 0 || backlog(views[d], d) < backlog(views[shortest], shortest)) {
                shortest = d;
            }
        }
        return best >= 0 ? best : shortest;
    }

    private double backlog(DatacenterView view, int d) {
        return (view.usedCores + view.queuedCores + view.inboundCores + given[d]) / usableCores[d];
    }
}
