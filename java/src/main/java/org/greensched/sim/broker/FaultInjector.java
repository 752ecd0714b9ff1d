package org.greensched.sim.broker;

import java.util.List;
import org.cloudsimplus.core.events.SimEvent;
import org.greensched.sim.datacenter.GreenDatacenter;
import org.greensched.sim.kernel.GreenEntity;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.kernel.Tags;
import org.greensched.sim.runfolder.FaultSchedule;
import org.greensched.sim.runfolder.FaultSchedule.Edge;

/** Lets faults begin and end as scheduled; one event is in the queue at a time, however many faults there are. */
public final class FaultInjector extends GreenEntity {
    private final List<Edge> edges;
    private final List<GreenDatacenter> datacenters;
    private int next;

    /** Faults of a run. */
    public FaultInjector(GreenKernel kernel, FaultSchedule schedule, List<GreenDatacenter> datacenters) {
        super(kernel);
        this.edges = schedule.edges();
        this.datacenters = datacenters;
    }

    @Override
    protected void startInternal() {
        scheduleNext();
    }

    private void scheduleNext() {
        if (next < edges.size()) {
            at(edges.get(next).tUs() / 1e6, Tags.FAULT, null);
        }
    }

    @Override
    public void processEvent(SimEvent event) {
        if (event.getTag() != Tags.FAULT) {
            return; // the kernel also announces its own start and end
        }
        long nowUs = edges.get(next).tUs();
        while (next < edges.size() && edges.get(next).tUs() == nowUs) {
            Edge edge = edges.get(next++);
            GreenDatacenter datacenter = datacenters.get(edge.fault().dc());
            if (edge.begins()) {
                datacenter.beginFault(edge.fault());
            } else {
                datacenter.endFault(edge.fault());
            }
        }
        scheduleNext();
    }
}
