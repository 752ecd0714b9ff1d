package org.greensched.sim.workload;

import java.util.ArrayList;
import java.util.List;
import org.greensched.sim.runfolder.VirtualMachines;

/**
 * What a virtual machine with all its MIPS to itself does, worked out in advance: when each cloudlet starts and finishes and
 * how many MIPS are used in between. Times are seconds from the start of the machine. Space-shared cloudlets start as soon as
 * cores are free, the first that fits; time-shared ones share the cores evenly. Completely fair ones are taken as shared
 * evenly, too: the limit of short turns.
 */
public final class VmPlan {
    /** Finishes closer than this are one: equal shares of equal work differ by rounding only. */
    private static final double SAME_S = 1e-9;
    /** After months a second has fewer digits: what takes less than these is nothing, or it would never be done. */
    private static final double FORGIVEN_ULPS = 4;

    /** Each is submitted once and done once; some room for what rounding leaves. */
    private static final int STEPS_PER_CLOUDLET = 10;

    /**
     * From {@code timeS} on {@code mips} are used, over all cores; the cloudlets that started and finished then, by their rows.
     */
    public record Step(double timeS, double mips, int[] started, int[] finished) {}

    private final VirtualMachines vms;
    private final double mips;
    private final int cores;
    private final boolean spaceShared;
    private final double untilS;
    private final int[] cloudlet;
    private final double[] submitS;
    private final double[] lengthMi;
    private final double[] remainingMi;
    private final List<Integer> running = new ArrayList<>();
    private final List<Integer> waiting = new ArrayList<>();
    private final List<Integer> started = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();
    private int busyPes;
    private int submitted;
    private double endS;
    private final double upS;
    private double totalMi;

    /**
     * @param book which of its cloudlets are done, and what is left of the others
     * @param upS seconds from its start to the start of its first cloudlet
     * @param startS when it starts, seconds since the start of the scenario
     */
    VmPlan(CloudletBook book, int task, int cores, double upS, double startS) {
        this.vms = book.vms();
        this.untilS = Double.POSITIVE_INFINITY;
        this.mips = vms.mips(task);
        this.cores = cores;
        this.spaceShared = vms.scheduler(task) == VirtualMachines.SPACE_SHARED;
        this.cloudlet = book.unfinished(task);
        this.submitS = new double[cloudlet.length];
        this.lengthMi = new double[cloudlet.length];
        this.upS = upS;
        for (int i = 0; i < cloudlet.length; i++) {
            submitS[i] = Math.max(upS, vms.delayS(cloudlet[i]) - startS);
            lengthMi[i] = book.leftMi(cloudlet[i]);
        }
        this.remainingMi = lengthMi.clone();
        play();
    }

    private VmPlan(VmPlan whole, double untilS) {
        this.vms = whole.vms;
        this.untilS = untilS;
        this.mips = whole.mips;
        this.cores = whole.cores;
        this.spaceShared = whole.spaceShared;
        this.cloudlet = whole.cloudlet;
        this.submitS = whole.submitS;
        this.lengthMi = whole.lengthMi;
        this.upS = whole.upS;
        this.remainingMi = lengthMi.clone();
        play();
    }

    /** The same plan, broken off after so many seconds. */
    public VmPlan until(double seconds) {
        return new VmPlan(this, seconds);
    }

    private void play() {
        double nowS = 0;
        while (submitted < cloudlet.length || !running.isEmpty()) {
            double nextS = submitted < cloudlet.length ? submitS[submitted] : Double.POSITIVE_INFINITY;
            double share = share();
            for (int i : running) {
                nextS = Math.min(nextS, nowS + remainingMi[i] / rate(i, share));
            }
            if (nextS > untilS) {
                advance(untilS - nowS, share, 0);
                break;
            }
            List<Integer> finished = advance(nextS - nowS, share, Math.max(SAME_S, FORGIVEN_ULPS * Math.ulp(nextS)));
            nowS = nextS;
            finished.forEach(i -> busyPes -= vms.pes(cloudlet[i]));
            running.removeAll(finished);
            admit(nowS);
            steps.add(new Step(nowS, usedMips(), rows(started), rows(finished)));
            started.clear();
            if (steps.size() > STEPS_PER_CLOUDLET * cloudlet.length) {
                throw new IllegalStateException("the plan of a virtual machine gets nowhere at " + nowS + " s");
            }
        }
        endS = Math.max(upS, nowS);
    }

    /** MIPS of one core that a cloudlet gets. */
    private double rate(int i, double share) {
        return mips * share * vms.cpuUtilFrac(cloudlet[i]);
    }

    private double share() {
        return busyPes > cores ? (double) cores / busyPes : 1;
    }

    private List<Integer> advance(double seconds, double share, double sameS) {
        List<Integer> finished = new ArrayList<>();
        for (int i : running) {
            double rate = rate(i, share);
            totalMi += Math.min(remainingMi[i], seconds * rate) * vms.pes(cloudlet[i]);
            remainingMi[i] -= seconds * rate;
            if (remainingMi[i] <= sameS * rate) {
                finished.add(i);
            }
        }
        return finished;
    }

    private void admit(double nowS) {
        while (submitted < cloudlet.length && submitS[submitted] <= nowS) {
            waiting.add(submitted++);
        }
        for (int w = 0; w < waiting.size() && (busyPes < cores || !spaceShared);) {
            int i = waiting.get(w);
            if (spaceShared && busyPes + vms.pes(cloudlet[i]) > cores) {
                w++;
                continue;
            }
            waiting.remove(w);
            busyPes += vms.pes(cloudlet[i]);
            running.add(i);
            started.add(i);
        }
    }

    private double usedMips() {
        double share = share();
        double used = 0;
        for (int i : running) {
            used += rate(i, share) * vms.pes(cloudlet[i]);
        }
        return used;
    }

    private int[] rows(List<Integer> list) {
        return list.stream().mapToInt(i -> cloudlet[i]).toArray();
    }

    /** Every change, in order of time; nothing is used before the first. */
    public List<Step> steps() {
        return steps;
    }

    /** When the last cloudlet is done, seconds from the start of the machine. */
    public double endS() {
        return endS;
    }

    /** What a cloudlet that was not done at the start has done by the end of the plan, on each of its cores. */
    public double doneMi(int row) {
        for (int i = 0; i < cloudlet.length; i++) {
            if (cloudlet[i] == row) {
                return lengthMi[i] - Math.max(0, remainingMi[i]);
            }
        }
        return 0;
    }

    /** Share of the work that is done {@code seconds} after the start. */
    public double doneFrac(double seconds) {
        double done = 0;
        for (int k = 0; k < steps.size() && steps.get(k).timeS < seconds; k++) {
            double untilS = k + 1 < steps.size() ? Math.min(seconds, steps.get(k + 1).timeS) : seconds;
            done += steps.get(k).mips * (untilS - steps.get(k).timeS);
        }
        return totalMi > 0 ? Math.max(0, Math.min(1, done / totalMi)) : seconds >= endS ? 1 : 0;
    }
}
