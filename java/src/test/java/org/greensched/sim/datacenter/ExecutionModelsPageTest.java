package org.greensched.sim.datacenter;

import static org.greensched.sim.support.TestSite.site;
import static org.greensched.sim.support.TestTask.task;
import static org.greensched.sim.support.TestTask.vm;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.greensched.sim.support.Deciders;
import org.greensched.sim.support.RunResult;
import org.greensched.sim.support.TestWorld;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The table of docs/execution-models.md is what both models make of one scenario. */
class ExecutionModelsPageTest {
    private static final String[] NAMES = {
        "task, phases", "task, part of a core", "task, interference", "VM, three cloudlets share two cores",
        "VM, boots, a queue for two cores", "VM, cloudlets that use a part"
    };

    @TempDir
    private Path folder;

    private static TestWorld world() {
        return new TestWorld().immediate().hours(2).noise(0.2, 0.2).site(site(320, 180).pue(1.2).mips(2000, "time")
                .hosts(2, 8, 100, 180, 240, 290)).tasks(
                        task(0, 1800).cores(2).phases(new double[] {0.3, 1, 0}, new double[] {0.7, 0.4, 0}),
                        task(10, 2000).cores(0.7).util(0.9), task(20, 1500).cores(3).interference(0.6),
                        vm(30, 1300).cores(2).cloudlet(1_000_000).cloudlet(700_000).cloudlet(400_000),
                        vm(40, 2000).cores(2).scheduler(0).bootS(45).cloudlet(900_000).cloudlet(500_000).cloudlet(800_000, 2, 0, 1),
                        vm(50, 700).cores(3).cloudlet(300_000, 2, 60, 0.6).cloudlet(350_000, 2, 200, 0.35));
    }

    @Test
    void theTableIsWhatRunsShow() throws IOException {
        RunResult exact = world().run(folder.resolve("exact"), Deciders.everythingAt(0));
        RunResult stock = world().cloudsim().run(folder.resolve("stock"), Deciders.everythingAt(0));
        StringBuilder table = new StringBuilder("| | exact | cloudsim | difference |\n|---|---:|---:|---:|\n");
        for (int t = 0; t < NAMES.length; t++) {
            row(table, NAMES[t] + ": finish, s", exact.job("finish_s", t), stock.job("finish_s", t));
        }
        row(table, "energy of the datacenter, Wh", exact.total("facility_kwh") * 1000, stock.total("facility_kwh") * 1000);
        row(table, "carbon of the datacenter, g", exact.total("carbon_g"), stock.total("carbon_g"));
        String page = Files.readString(Path.of("../docs/execution-models.md"));
        String shown = page.substring(page.indexOf("<!-- table -->\n") + 15, page.indexOf("<!-- end -->"));
        assertEquals(table.toString(), shown);
    }

    private static void row(StringBuilder table, String what, double exact, double stock) {
        table.append(String.format(Locale.ROOT, "| %s | %.6f | %.6f | %.6f |%n", what, exact, stock, Math.abs(exact - stock)));
    }
}
