package org.greensched.sim.datacenter;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.greensched.sim.carbon.StepSignal;
import org.greensched.sim.util.NeumaierSum;
import org.greensched.sim.workload.TaskBook;

/**
 * Data on its way to a datacenter. The energy of a transfer is spread evenly over its duration; half of it is drawn where
 * the data comes from, half where it goes, each at the intensity there. It is booked when the transfer ends; the network is
 * no part of the facility and so knows no PUE.
 */
final class TransferDesk {
    /** A transfer under way; seconds since the start of the scenario. A task has one at a time. */
    record Transfer(int task, double startS, double endS, double kwh, StepSignal homeCarbon) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Transfer transfer && transfer.task == task;
        }

        @Override
        public int hashCode() {
            return Integer.hashCode(task);
        }
    }

    private final StepSignal carbon;
    private final TaskBook book;
    private final NeumaierSum slotKwh = new NeumaierSum();
    private final NeumaierSum slotG = new NeumaierSum();
    private final Set<Transfer> underWay = new LinkedHashSet<>();
    private final Demand inbound = new Demand();

    TransferDesk(StepSignal carbon, TaskBook book) {
        this.carbon = carbon;
        this.book = book;
    }

    Transfer begin(int task, double startS, double endS, double kwh, StepSignal homeCarbon) {
        Transfer transfer = new Transfer(task, startS, endS, kwh, homeCarbon);
        underWay.add(transfer);
        inbound.add(book.tasks(), task);
        return transfer;
    }

    /** Books a transfer that ended; returns its task. */
    int complete(Transfer transfer, double nowS) {
        int task = transfer.task;
        underWay.remove(transfer);
        inbound.remove(book.tasks(), task);
        if (transfer.kwh == 0) {
            return task;
        }
        double g = transfer.kwh / 2 * (transfer.homeCarbon.mean(transfer.startS, nowS) + carbon.mean(transfer.startS, nowS));
        // a task that was revised after a first transfer has paid for that one too
        book.ledger().transferKwh.set(task, book.ledger().transferKwh.get(task) + transfer.kwh);
        book.ledger().transferG.set(task, book.ledger().transferG.get(task) + g);
        slotKwh.add(transfer.kwh);
        slotG.add(g);
        return task;
    }

    /** Shows all transfers under way in the order of their begin. */
    void forEach(Consumer<Transfer> visitor) {
        underWay.forEach(visitor);
    }

    /** What the tasks whose data is under way ask for together. */
    Demand inbound() {
        return inbound;
    }

    double takeSlotKwh() {
        return slotKwh.take();
    }

    double takeSlotG() {
        return slotG.take();
    }
}
