package org.greensched.sim.datacenter;

import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.runfolder.BadInputException;
import org.greensched.sim.runfolder.DatacenterSpec;
import org.greensched.sim.runfolder.HostSpec;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.runfolder.VmSharing;
import org.greensched.sim.workload.TaskPhysics;

/** What executes the tasks of a run (run.json: {@code execution}). */
public abstract class ExecutionModel {
    private ExecutionModel() {}

    /** The engine of one datacenter. */
    abstract Engine engine(int dc, Execution.Timeline timeline, HostPool pool, LoadBook loads);

    /**
     * The model that a run asks for.
     *
     * @throws BadInputException virtual machines on oversubscribed hosts, or that move, in the exact model
     */
    public static ExecutionModel of(RunConfig config, GreenKernel kernel, TaskStore tasks, TaskPhysics physics) {
        if (config.cloudsim()) {
            kernel.expectStockEntities();
            return new ExecutionModel() {
                @Override
                Engine engine(int dc, Execution.Timeline timeline, HostPool pool, LoadBook loads) {
                    return new StockEngine(kernel, timeline, tasks, physics, pool, loads,
                            config.datacenters().get(dc).vmMigration(), config.endUs() / 1e6);
                }
            };
        }
        if (physics.vms().any()) {
            refuseWhatIsNotExact(config);
        }
        return new ExecutionModel() {
            @Override
            Engine engine(int dc, Execution.Timeline timeline, HostPool pool, LoadBook loads) {
                return new ExactEngine(timeline, physics, pool, loads);
            }
        };
    }

    private static void refuseWhatIsNotExact(RunConfig config) {
        for (DatacenterSpec datacenter : config.datacenters()) {
            if (datacenter.vmMigration() != null) {
                throw refused(datacenter, "moves virtual machines between its hosts");
            }
            for (HostSpec hosts : datacenter.hosts()) {
                if (hosts.vmSharing() == VmSharing.OVERSUBSCRIBE) {
                    throw refused(datacenter, "oversubscribes its hosts " + hosts.type() + " with virtual machines");
                }
            }
        }
    }

    private static BadInputException refused(DatacenterSpec datacenter, String what) {
        return new BadInputException("run.json", "datacenter " + datacenter.name() + " " + what
                + ", which execution exact cannot do: use execution cloudsim");
    }
}
