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
    abstract Engine engine(Execution.Timeline timeline, HostPool pool, Engine.LoadListener loads);

    /**
     * The model that a run asks for.
     *
     * @throws BadInputException virtual machines on oversubscribed hosts in the exact model
     */
    public static ExecutionModel of(RunConfig config, GreenKernel kernel, TaskStore tasks, TaskPhysics physics) {
        if (config.cloudsim()) {
            kernel.expectStockEntities();
            return new ExecutionModel() {
                @Override
                Engine engine(Execution.Timeline timeline, HostPool pool, Engine.LoadListener loads) {
                    return new StockEngine(kernel, timeline, tasks, physics, pool, loads);
                }
            };
        }
        refuseOversubscription(config, physics);
        return new ExecutionModel() {
            @Override
            Engine engine(Execution.Timeline timeline, HostPool pool, Engine.LoadListener loads) {
                return new ExactEngine(timeline, physics, pool, loads);
            }
        };
    }

    private static void refuseOversubscription(RunConfig config, TaskPhysics physics) {
        for (DatacenterSpec datacenter : config.datacenters()) {
            for (HostSpec hosts : datacenter.hosts()) {
                if (physics.vms().any() && hosts.vmSharing() == VmSharing.OVERSUBSCRIBE) {
                    throw new BadInputException("run.json", "datacenter " + datacenter.name() + " oversubscribes its hosts "
                            + hosts.type() + " with virtual machines, which execution exact cannot do: use execution cloudsim");
                }
            }
        }
    }
}
