package org.greensched.sim.runfolder;

import java.util.ArrayList;
import java.util.List;

/**
 * Published facts about one datacenter (run.json: {@code datacenters[]}).
 *
 * @param vmMigration {@code null}: virtual machines stay where they are
 * @param pricePerKwh flat price where there is no price signal; NaN unknown
 */
public record DatacenterSpec(
        String name, String region, String zone, double lat, double lon, double utilisationCapFrac, double pricePerKwh,
        PueSpec pue, VmMigration vmMigration, List<HostSpec> hosts) {

    /**
     * When virtual machines move to other hosts while they run.
     *
     * @param upperFrac a host of which more is used gives some away
     * @param lowerFrac a host of which less is used gives all away, if there is room
     * @param bwMbps bandwidth of a host, Mbit/s; a migration may use half of it
     */
    public record VmMigration(double upperFrac, double lowerFrac, double bwMbps) {}

    private static final double DEFAULT_BW_MBPS = 10_000;

    /** The same datacenter with other hosts. */
    public DatacenterSpec withHosts(List<HostSpec> other) {
        return new DatacenterSpec(
                name, region, zone, lat, lon, utilisationCapFrac, pricePerKwh, pue, vmMigration, List.copyOf(other));
    }

    /** All cores of all hosts. */
    public double cores() {
        return hosts.stream().mapToDouble(h -> h.count() * h.cores()).sum();
    }

    /** Cores that the utilisation cap leaves for tasks. */
    public double usableCores() {
        return cores() * utilisationCapFrac;
    }

    /** Number of hosts. */
    public int hostCount() {
        return hosts.stream().mapToInt(HostSpec::count).sum();
    }

    /** Whether this datacenter, when empty, could hold the demand. */
    public boolean couldHold(double cores, double memGb, double gpus, int gpuType) {
        return couldHold(usableCores(), cores, memGb, gpus, gpuType);
    }

    /** The same for callers that ask for every task and so keep {@link #usableCores} at hand. */
    public boolean couldHold(double usableCores, double cores, double memGb, double gpus, int gpuType) {
        if (cores > usableCores + Tolerance.CAPACITY) {
            return false;
        }
        for (int g = 0; g < hosts.size(); g++) {
            if (hosts.get(g).couldHold(cores, memGb, gpus, gpuType)) {
                return true;
            }
        }
        return false;
    }

    /** Whether this datacenter, when empty, could hold a virtual machine of whole cores that each make {@code vmMips}. */
    public boolean couldHoldVm(double cores, double vmMips, double memGb) {
        for (HostSpec group : hosts) {
            if (group.couldHoldVm(cores, vmMips, memGb)
                    && group.vmCores(cores, vmMips) <= usableCores() + Tolerance.CAPACITY) {
                return true;
            }
        }
        return false;
    }

    static DatacenterSpec read(JsonReader json, int gpuTypes, int workClasses) {
        List<HostSpec> hosts = new ArrayList<>();
        for (int i = 0; i < json.array("hosts").size(); i++) {
            hosts.add(HostSpec.read(json.item("hosts", i), gpuTypes, workClasses));
        }
        if (hosts.isEmpty()) {
            throw json.wrong("hosts", "must name at least one group of hosts");
        }
        double capFrac = json.number("utilisation_cap_frac", 0, 1);
        if (capFrac < 1 && hosts.stream().anyMatch(h -> h.vmSharing() == VmSharing.OVERSUBSCRIBE)) {
            throw json.wrong("utilisation_cap_frac", "must be 1 where hosts are oversubscribed: a cap and promising more than"
                    + " there is contradict each other");
        }
        return new DatacenterSpec(
                json.text("name"), json.text("region"), json.text("zone"), json.number("lat", -90, 90),
                json.number("lon", -180, 180), capFrac,
                json.isNull("price_per_kwh") ? Double.NaN : json.number("price_per_kwh", -1e6, 1e6),
                pue(json.child("pue")), vmMigration(json), List.copyOf(hosts));
    }

    private static VmMigration vmMigration(JsonReader json) {
        if (json.isNull("vm_migration")) {
            return null;
        }
        JsonReader rules = json.child("vm_migration");
        double upperFrac = rules.number("upper_frac", 0, 1);
        return new VmMigration(upperFrac, rules.number("lower_frac", 0, upperFrac),
                rules.isNull("bw_mbps") ? DEFAULT_BW_MBPS : rules.number("bw_mbps", 1e-3, 1e9));
    }

    private static PueSpec pue(JsonReader json) {
        String model = json.text("model");
        return switch (model) {
            case "static" -> new PueSpec.Static(json.number("value", 1, 100));
            case "temperature" -> new PueSpec.Temperature(
                    json.number("base", 1, 100), json.number("t0_c", -100, 100), json.number("slope_per_c", 0, 10));
            case "load" -> new PueSpec.Load(json.number("fixed_w", 0, 1e12), json.number("slope", 1, 100));
            default -> throw json.wrong("model", "must be static, temperature or load (got " + model + ")");
        };
    }
}
