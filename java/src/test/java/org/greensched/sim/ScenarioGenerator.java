package org.greensched.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.runfolder.FaultSchedule;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.TestFaults;
import org.greensched.sim.support.TestSite;
import org.greensched.sim.support.TestTask;
import org.greensched.sim.support.TestTruth;
import org.greensched.sim.support.TestWorld;

/** Random worlds with everything in them: all PUE models, sleep, GPUs, phases, transfers, noise, precedence, gaps. */
public final class ScenarioGenerator {
    private final Random random;
    /** Of its own, so that what else is in the world of a seed stays. */
    private final Random hidden;
    private boolean vms;
    private boolean exactable;
    private final List<Integer> hostCounts = new ArrayList<>();

    public ScenarioGenerator(long seed) {
        random = new Random(seed);
        hidden = new Random(seed ^ 0x5EEDL);
    }

    public TestWorld world() {
        TestWorld world = new TestWorld().hours(1 + random.nextInt(3)).slotS(random.nextBoolean() ? 300 : 420)
                .seed(random.nextLong()).noise(random.nextDouble() * 0.4, random.nextDouble() * 0.4)
                .network(random.nextDouble() * 0.1, random.nextInt(200), 0.5 + random.nextDouble() * 10);
        int sites = 1 + random.nextInt(3);
        List<TestSite> all = new ArrayList<>();
        for (int d = 0; d < sites; d++) {
            TestSite site = site();
            world.site(site);
            all.add(site);
            hostCounts.add(site.hostCount());
        }
        List<TestTask> tasks = new ArrayList<>();
        int n = 5 + random.nextInt(80);
        for (int t = 0; t < n; t++) {
            tasks.add(vms && random.nextBoolean() ? vm() : task(sites));
        }
        world.tasks(tasks);
        if (hidden.nextBoolean()) {
            world.truth(TestTruth.random(hidden, all, tasks, 3));
        }
        for (int e = random.nextInt(6); e > 0; e--) {
            int a = random.nextInt(n - 1);
            world.edge(a, a + 1 + random.nextInt(n - a - 1));
        }
        if (random.nextInt(4) == 0) {
            world.drainS(1800); // some tasks stay unfinished
        }
        if (random.nextBoolean()) {
            world.immediate();
        }
        return world;
    }

    /** The same with faults and virtual machines of every kind on hosts of every kind. */
    TestWorld worldWithVms() {
        vms = true;
        return faultyWorld();
    }

    /** The same without what the exact model does not do or does otherwise: oversubscription, turns of some seconds. */
    public TestWorld exactWorldWithVms() {
        exactable = true;
        return worldWithVms();
    }

    private TestTask vm() {
        TestTask vm = TestTask.vm(Math.floor(random.nextDouble() * 3600), 1 + random.nextInt(1500))
                .scheduler(random.nextInt(exactable ? 2 : 3)).bootS(random.nextInt(120)).memGb(1 + random.nextInt(300));
        int cores = 1 + random.nextInt(4);
        for (int c = random.nextInt(5); c > 0; c--) {
            vm.cloudlet(1 + random.nextDouble() * 2e6, 1 + random.nextInt(cores), random.nextInt(4500),
                    random.nextBoolean() ? 1 : 0.1 + 0.9 * random.nextDouble());
        }
        return vm.cores(cores);
    }

    /** The same with faults, mostly. */
    public TestWorld faultyWorld() {
        TestWorld world = world();
        return random.nextInt(4) == 0 ? world : world.faults(faults());
    }

    /** Hosts, datacenters and signals fail, hosts are withdrawn, cores capped, for moments or for hours, and all on top of each other. */
    private TestFaults faults() {
        TestFaults faults = new TestFaults().failedPower(random.nextBoolean() ? "idle" : "off")
                .interrupted(random.nextInt(5) == 0 ? "fail" : "requeue").maxAttempts(random.nextInt(4));
        if (random.nextBoolean()) {
            faults.checkpoint(random.nextInt(3) * 200, random.nextInt(20), random.nextInt(60));
        }
        for (int f = random.nextInt(12); f > 0; f--) {
            double startS = Math.floor(random.nextDouble() * 7200);
            double endS = startS + 1 + Math.floor(random.nextDouble() * (random.nextBoolean() ? 60 : 4000));
            int dc = random.nextInt(hostCounts.size());
            int host = random.nextInt(hostCounts.get(dc));
            int hosts = 1 + random.nextInt(hostCounts.get(dc) - host);
            switch (random.nextInt(9)) {
                case 0 -> faults.outage(dc, startS, endS);
                case 1 -> faults.blind(dc, startS, endS);
                case 2 -> faults.capped(dc, random.nextInt(5) * 0.2, startS, endS);
                case 3, 4 -> faults.withdrawn(dc, host, hosts, startS, random.nextInt(5) == 0 ? Double.POSITIVE_INFINITY : endS);
                default -> faults.add(startS, endS, FaultSchedule.HOST, dc, host, hosts);
            }
        }
        return faults;
    }

    private TestSite site() {
        TestSite site = TestSite.site(random.doubles(6, 20, 600).toArray()).cap(0.5 + random.nextDouble() / 2);
        if (vms) {
            String sharing = new String[] {"space", "time", "oversubscribe"}[random.nextInt(exactable ? 2 : 3)];
            if (!exactable && random.nextBoolean()) {
                site.migration(0.3 + random.nextDouble() * 0.7, random.nextDouble() * 0.3, 100 + random.nextInt(1000));
            }
            site.mips(500 + random.nextInt(1500), sharing).cap(sharing.equals("oversubscribe") ? 1 : site.cap());
        }
        switch (random.nextInt(3)) {
            case 0 -> site.pue(1 + random.nextDouble());
            case 1 -> site.temperaturePue(1.1, 18, 0.03, random.doubles(6, 0, 40).toArray());
            default -> site.loadPue(random.nextDouble() * 500, 1 + random.nextDouble() / 3);
        }
        if (random.nextBoolean()) {
            site.signal("price_per_kwh", random.nextDouble(), Double.NaN, random.nextDouble());
            site.signal("marginal_gpkwh", random.doubles(6, 100, 900).toArray());
        }
        double[] curve = {60 + random.nextInt(50), 130, 190, 200 + random.nextInt(60)};
        site.hosts(1 + random.nextInt(3), 4 + random.nextInt(12), curve);
        if (random.nextBoolean()) {
            site.sleepers(1 + random.nextInt(4), 8, curve, random.nextInt(900), 8, random.nextInt(90), 100);
        }
        if (random.nextBoolean()) {
            site.gpuHosts(1 + random.nextInt(2), 16, 1 + random.nextInt(4), random.nextInt(2), 30, 300, curve);
        }
        return site;
    }

    private TestTask task(int sites) {
        TestTask task = TestTask.task(Math.floor(random.nextDouble() * 3600 * 1e6) / 1e6, random.nextDouble() * 3000)
                .cores(random.nextInt(10) == 0 ? 12 : random.nextInt(4) + (random.nextBoolean() ? 0.5 : 1))
                .util(random.nextDouble()).interference(random.nextDouble()).workClass(random.nextInt(2))
                .priority(random.nextInt(3)).from(random.nextInt(sites), random.nextBoolean() ? 0 : random.nextDouble() * 30);
        if (random.nextInt(4) == 0) {
            double gpus = random.nextBoolean() ? random.nextDouble() : 1 + random.nextInt(2);
            task.gpus(Math.max(0.05, gpus), random.nextInt(3) - 1, random.nextDouble());
        }
        if (random.nextInt(3) == 0) {
            double first = random.nextDouble();
            task.phases(new double[] {first, random.nextDouble(), random.nextDouble()}, new double[] {0, 1, 1},
                    new double[] {1 - first, random.nextDouble(), random.nextDouble()});
        }
        return task;
    }

    /** Places, defers, rejects, revises and errs at random. */
    public Deciders.Scripted decider(int sites) {
        return Deciders.scripted((o, answer) -> {
            for (int i = 0; i < o.ask.size(); i++) {
                long task = o.ask.get(i);
                int die = random.nextInt(20);
                if (die < 15) {
                    answer.place(task, random.nextInt(sites + 1) % sites, Decisions.STATUS_HEURISTIC, "");
                } else if (die < 17) {
                    answer.defer(task, o.tUs + random.nextInt(1_200_000_000), Decisions.STATUS_HEURISTIC, "");
                } else if (die == 17) {
                    answer.reject(task, Decisions.STATUS_HEURISTIC, "");
                } else if (die == 18) {
                    answer.place(random.nextInt(100), random.nextInt(sites + 2) - 1, Decisions.STATUS_HEURISTIC, "revise");
                }
            }
        });
    }

    int sites(TestWorld world) {
        return world.siteCount();
    }
}
