package org.greensched.sim.datacenter;

/**
 * Capacity of a datacenter that nobody may take now, beside what is taken: hosts that are down, hosts that are withdrawn (what
 * runs on them goes on), and the share of all cores that a cap leaves.
 */
final class SetAside {
    private final boolean[] down;
    private final boolean[] withdrawn;
    /** What every host contributes to the sums: all of it if it is down, what nobody holds of it if it is withdrawn. */
    private final double[] coresOf;
    private final double[] memGbOf;
    private final double[] gpusOf;
    private int downHosts;
    private int withdrawnHosts;
    private int hosts;
    private double cores;
    private double memGb;
    private double gpus;
    private double withdrawnCores;
    private double capFrac = 1;

    SetAside(int hosts) {
        down = new boolean[hosts];
        withdrawn = new boolean[hosts];
        coresOf = new double[hosts];
        memGbOf = new double[hosts];
        gpusOf = new double[hosts];
    }

    private SetAside(SetAside other) {
        down = other.down.clone();
        withdrawn = other.withdrawn.clone();
        coresOf = other.coresOf.clone();
        memGbOf = other.memGbOf.clone();
        gpusOf = other.gpusOf.clone();
        downHosts = other.downHosts;
        withdrawnHosts = other.withdrawnHosts;
        hosts = other.hosts;
        cores = other.cores;
        memGb = other.memGb;
        gpus = other.gpus;
        withdrawnCores = other.withdrawnCores;
        capFrac = other.capFrac;
    }

    SetAside copy() {
        return new SetAside(this);
    }

    /** Changes what a host is; {@link #settle} follows. */
    void set(int host, boolean isDown, boolean isWithdrawn) {
        hosts += count(isDown || isWithdrawn) - count(isSet(host));
        downHosts += count(isDown) - count(down[host]);
        withdrawnHosts += count(isWithdrawn) - count(withdrawn[host]);
        withdrawnCores -= withdrawn[host] ? coresOf[host] : 0;
        down[host] = isDown;
        withdrawn[host] = isWithdrawn;
        withdrawnCores += isWithdrawn ? coresOf[host] : 0;
    }

    private static int count(boolean value) {
        return value ? 1 : 0;
    }

    /** Books what nobody holds on a host that is set aside, or nothing where it is not; no dust of rounding is left of none. */
    void settle(int host, double freeCores, double freeMemGb, double freeGpus) {
        boolean isSet = isSet(host);
        double before = coresOf[host];
        coresOf[host] = isSet ? freeCores : 0;
        cores = hosts == 0 ? 0 : cores + (coresOf[host] - before);
        withdrawnCores = withdrawnHosts == 0 ? 0 : withdrawnCores + (withdrawn[host] ? coresOf[host] - before : 0);
        memGb = hosts == 0 ? 0 : memGb + ((isSet ? freeMemGb : 0) - memGbOf[host]);
        memGbOf[host] = isSet ? freeMemGb : 0;
        gpus = hosts == 0 ? 0 : gpus + ((isSet ? freeGpus : 0) - gpusOf[host]);
        gpusOf[host] = isSet ? freeGpus : 0;
    }

    /** At most this share of the cores in service may be in use. */
    void capTo(double frac) {
        capFrac = frac;
    }

    double capFrac() {
        return capFrac;
    }

    /** Whether nothing new may be put on a host. */
    boolean isSet(int host) {
        return down[host] || withdrawn[host];
    }

    boolean isDown(int host) {
        return down[host];
    }

    boolean isWithdrawn(int host) {
        return withdrawn[host];
    }

    int downHosts() {
        return downHosts;
    }

    double cores() {
        return cores;
    }

    double memGb() {
        return memGb;
    }

    double gpus() {
        return gpus;
    }

    /** Cores of withdrawn hosts that nobody holds: they are out of service. */
    double withdrawnCores() {
        return withdrawnCores;
    }

    /** Whether nothing at all is withdrawn or capped. */
    boolean isPlain() {
        return withdrawnHosts == 0 && capFrac >= 1;
    }
}
