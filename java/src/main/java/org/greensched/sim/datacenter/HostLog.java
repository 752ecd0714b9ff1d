package org.greensched.sim.datacenter;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.ToDoubleBiFunction;
import org.greensched.sim.columns.ColumnType;
import org.greensched.sim.columns.FrameLog;
import org.greensched.sim.columns.FrameWriter;

/** What every host did in the whole run (world/hosts.gsf, PROTOCOL.md §2.9). */
public final class HostLog {
    private final List<GreenDatacenter> datacenters;
    private final FrameWriter writer = new FrameWriter();

    private HostLog(List<GreenDatacenter> datacenters) {
        this.datacenters = datacenters;
    }

    /** Writes the file; the meters are closed at {@code endS}. */
    public static void write(Path file, List<GreenDatacenter> datacenters, double endS) throws IOException {
        HostLog log = new HostLog(datacenters);
        log.build(endS);
        try (FrameLog out = FrameLog.create(file)) {
            out.append(log.writer);
        }
    }

    private void build(double endS) {
        int rows = datacenters.stream().mapToInt(d -> d.pool().hosts()).sum();
        writer.begin("hosts").table("hosts", rows);
        integers("dc", (d, host) -> datacenters.indexOf(d));
        integers("host", (d, host) -> host);
        writer.open("type", ColumnType.STR);
        for (GreenDatacenter d : datacenters) {
            for (int host = 0; host < d.pool().hosts(); host++) {
                writer.putStr(d.pool().group(host).spec.type());
            }
        }
        doubles("it_kwh", (d, host) -> d.power().meters().itKwh(host));
        doubles("facility_kwh", (d, host) -> d.power().meters().facilityKwh(host));
        doubles("carbon_g", (d, host) -> d.power().meters().carbonG(host));
        doubles("idle_kwh", (d, host) -> d.power().meters().freeKwh(host));
        doubles("idle_g", (d, host) -> d.power().meters().freeG(host));
        doubles("busy_core_s", (d, host) -> d.power().busyCoreS(host));
        doubles("on_s", (d, host) -> endS - d.power().asleepS(host, endS));
        doubles("asleep_s", (d, host) -> d.power().asleepS(host, endS));
        integers("wakes", (d, host) -> d.power().wakes(host));
        integers("tasks", (d, host) -> d.power().started(host));
    }

    private void doubles(String name, ToDoubleBiFunction<GreenDatacenter, Integer> value) {
        writer.open(name, ColumnType.F64);
        for (GreenDatacenter d : datacenters) {
            for (int host = 0; host < d.pool().hosts(); host++) {
                writer.putF64(value.applyAsDouble(d, host));
            }
        }
    }

    private void integers(String name, BiFunction<GreenDatacenter, Integer, Integer> value) {
        writer.open(name, ColumnType.I32);
        for (GreenDatacenter d : datacenters) {
            for (int host = 0; host < d.pool().hosts(); host++) {
                writer.putI32(value.apply(d, host));
            }
        }
    }
}
