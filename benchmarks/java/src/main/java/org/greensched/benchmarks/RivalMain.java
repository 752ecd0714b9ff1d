package org.greensched.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** {@code kernel JOBS HORIZON_S} or {@code stock JOBS.csv DATACENTERS HOSTS CORES}; prints one JSON line. */
public final class RivalMain {
    private RivalMain() {}

    /** Entry point. */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        switch (args[0]) {
            case "kernel" -> {
                int jobs = Integer.parseInt(args[1]);
                double wallS = BareKernel.run(jobs, Double.parseDouble(args[2]));
                System.out.printf("{\"wall_s\": %.6f, \"jobs\": %d, \"events\": %d, \"peak_bytes\": %d}%n", wallS, jobs, 2L * jobs, peakBytes());
            }
            case "stock" -> {
                StockCloudSim.Jobs jobs = read(Path.of(args[1]));
                var result = StockCloudSim.run(
                        jobs, Integer.parseInt(args[2]), Integer.parseInt(args[3]), Integer.parseInt(args[4]));
                System.out.printf(
                        "{\"wall_s\": %.6f, \"finished\": %d, \"mean_error_s\": %.9f, \"max_error_s\": %.9f, \"peak_bytes\": %d}%n",
                        result.wallS(), result.finished(), result.meanErrorS(), result.maxErrorS(), peakBytes());
            }
            default -> throw new IllegalArgumentException("expected kernel or stock, got " + args[0]);
        }
    }

    private static StockCloudSim.Jobs read(Path csv) throws IOException {
        List<String> lines = Files.readAllLines(csv);
        int n = lines.size() - 1;
        double[] arrivalS = new double[n];
        double[] workS = new double[n];
        int[] cores = new int[n];
        for (int i = 0; i < n; i++) {
            String[] cells = lines.get(i + 1).split(",");
            arrivalS[i] = Double.parseDouble(cells[0]);
            workS[i] = Double.parseDouble(cells[1]);
            cores[i] = Integer.parseInt(cells[2]);
        }
        return new StockCloudSim.Jobs(arrivalS, workS, cores);
    }

    /** Resident set at its largest, from the kernel's own accounting. */
    private static long peakBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        return -1;
    }
}
