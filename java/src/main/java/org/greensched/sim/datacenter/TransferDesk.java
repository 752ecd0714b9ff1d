package org.greensched.sim.datacenter;

import org.greensched.sim.carbon.StepSignal;
import org.greensched.sim.util.NeumaierSum;
import org.greensched.sim.workload.TaskBook;

/**
 * Data on its way to a datacenter. The energy of a transfer is spread evenly over its duration; half of it is drawn where
 * the data comes from, half where it goes, each at the intensity there. It is booked when the transfer ends; the network is
 * no part of the facility and so knows no PUE.
 */
final class TransferDesk {
    /** A transfer under way; seconds since the start of the scenario. */
    record Transfer(int task, double startS, double endS, double kwh, StepSignal homeCarbon) {}

    private final int dc;
    private final StepSignal carbon;
    private final TaskBook book;
    private final NeumaierSum slotKwh = new NeumaierSum();
    private final NeumaierSum slotG = new NeumaierSum();
    private int inbound;
    private double inboundCores;

    TransferDesk(int dc, StepSignal carbon, TaskBook book) {
        this.dc = dc;
        this.carbon = carbon;
        this.book = book;
    }

    Transfer begin(int task, double startS, double endS, double kwh, StepSignal homeCarbon) {
        inbound++;
        inboundCores += book.tasks().cores(task);
        return new Transfer(task, startS, endS, kwh, homeCarbon);
    }

    /** Books a transfer that ended; returns its task. */
    int complete(Transfer transfer, double nowS) {
        int task = transfer.task;
        inbound--;
        inboundCores = inbound == 0 ? 0 : inboundCores - book.tasks().cores(task);
        double g = transfer.kwh / 2 * (transfer.homeCarbon.mean(transfer.startS, nowS) + carbon.mean(transfer.startS, nowS));
        // a task that was revised after a first transfer has paid for that one too
        book.ledger().transferKwh.set(task, book.ledger().transferKwh.get(task) + transfer.kwh);
        book.ledger().transferG.set(task, book.ledger().transferG.get(task) + g);
        slotKwh.add(transfer.kwh);
        slotG.add(g);
        return task;
    }

    int inbound() {
        return inbound;
    }

    double inboundCores() {
        return inboundCores;
    }

    double takeSlotKwh() {
        return slotKwh.take();
    }

    double takeSlotG() {
        return slotG.take();
    }
}
