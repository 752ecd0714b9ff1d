package org.greensched.sim.datacenter;

import org.greensched.sim.runfolder.TaskStore;

/** What a group of tasks asks for together. */
final class Demand {
    private int tasks;
    private double cores;
    private double gpus;
    private double memGb;

    void add(TaskStore store, int task) {
        tasks++;
        cores += store.cores(task);
        gpus += store.gpus(task);
        memGb += store.memGb(task);
    }

    /** Takes a task out; an empty group asks for exactly nothing, whatever rounding left behind. */
    void remove(TaskStore store, int task) {
        tasks--;
        cores = tasks == 0 ? 0 : cores - store.cores(task);
        gpus = tasks == 0 ? 0 : gpus - store.gpus(task);
        memGb = tasks == 0 ? 0 : memGb - store.memGb(task);
    }

    Demand copy() {
        Demand copy = new Demand();
        copy.tasks = tasks;
        copy.cores = cores;
        copy.gpus = gpus;
        copy.memGb = memGb;
        return copy;
    }

    int tasks() {
        return tasks;
    }

    double cores() {
        return cores;
    }

    double gpus() {
        return gpus;
    }

    double memGb() {
        return memGb;
    }
}
