package org.greensched.sim;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.greensched.sim.World.Ending;
import org.greensched.sim.World.Result;
import org.greensched.sim.broker.FaultInjector;
import org.greensched.sim.broker.GreenBroker;
import org.greensched.sim.broker.MindFailedException;
import org.greensched.sim.carbon.Signals;
import org.greensched.sim.columns.FrameException;
import org.greensched.sim.datacenter.ExecutionModel;
import org.greensched.sim.datacenter.GreenDatacenter;
import org.greensched.sim.datacenter.HostLog;
import org.greensched.sim.datacenter.SlotLog;
import org.greensched.sim.datacenter.WorldTruth;
import org.greensched.sim.kernel.GreenKernel;
import org.greensched.sim.kernel.QuietLogging;
import org.greensched.sim.placement.Observation;
import org.greensched.sim.placement.PlacementDecider;
import org.greensched.sim.runfolder.Advisories;
import org.greensched.sim.runfolder.BadInputException;
import org.greensched.sim.runfolder.DecisionLog;
import org.greensched.sim.runfolder.FaultSchedule;
import org.greensched.sim.runfolder.Forecasts;
import org.greensched.sim.runfolder.HiddenTruth;
import org.greensched.sim.runfolder.JobLedger;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.RunFolder;
import org.greensched.sim.runfolder.TaskStore;
import org.greensched.sim.runfolder.VirtualMachines;
import org.greensched.sim.runfolder.WorldStatus;
import org.greensched.sim.workload.CloudletBook;
import org.greensched.sim.workload.TaskBook;
import org.greensched.sim.workload.TaskPhysics;

/** One run: reads the folder, builds the world, drives it to its end and closes its records, also when it fails. */
final class WorldSimulation {
    /** Wall time between two updates of world.json while running. */
    private static final long STATUS_INTERVAL_NS = 500_000_000L;

    private static final String STOPPED = "the world was stopped before the end of the run";

    private final RunFolder folder;
    private final PlacementDecider decider;
    private final BooleanSupplier stop;
    private final long beginNs = System.nanoTime();
    private final GreenKernel kernel = silentKernel();
    private final List<GreenDatacenter> datacenters = new ArrayList<>();
    private WorldStatus status;
    private RunConfig config;
    private TaskBook book;
    private CloudletBook cloudlets;
    private GreenBroker broker;
    private SlotLog slots;
    private DecisionLog decisions;
    private InvariantWatch watch;
    private long lastStatusNs;
    private long closedUs;

    WorldSimulation(Path runFolder, PlacementDecider decider, BooleanSupplier stop) {
        this.folder = new RunFolder(runFolder);
        this.decider = decider;
        this.stop = stop;
    }

    private static GreenKernel silentKernel() {
        QuietLogging.expectSilence();
        return new GreenKernel();
    }

    Result run() {
        try (FileChannel claim = folder.claimWorld()) {
            Result result = runClaimed();
            Files.deleteIfExists(folder.world("world.lock"));
            return result;
        } catch (BadInputException e) {
            return endAfterFailure(Ending.BAD_INPUT, e.getMessage(), e);
        } catch (IOException e) {
            return endAfterFailure(Ending.FAILED, e.toString(), e);
        }
    }

    private Result runClaimed() {
        Thread hook = new Thread(this::interrupted, "greensched-interrupted");
        try {
            status = new WorldStatus(folder.world("world.json"));
            status.running(report("running", ""));
            Runtime.getRuntime().addShutdownHook(hook);
            build();
            kernel.drive(() -> broker.ended() || stop.getAsBoolean());
            if (!broker.ended() && stop.getAsBoolean()) {
                return endAfterFailure(Ending.INTERRUPTED, STOPPED, new InterruptedException(STOPPED));
            }
            closeRecords();
            return end(broker.failures().isEmpty() ? Ending.COMPLETED : Ending.DEGRADED,
                    broker.failures().isEmpty() ? "" : "the mind failed and the local fallback decided " + broker.failures());
        } catch (MindFailedException e) {
            return endAfterFailure(Ending.ABORTED, e.getMessage(), e);
        } catch (BadInputException | FrameException e) {
            return endAfterFailure(Ending.BAD_INPUT, e.getMessage(), e);
        } catch (IOException | RuntimeException | OutOfMemoryError | StackOverflowError | InternalError e) {
            // a mapped file on a full disk faults: that is the InternalError
            return endAfterFailure(Ending.FAILED, e.getCause() == null ? e.toString() : e + ": " + e.getCause().getMessage(), e);
        } finally {
            removeHook(hook);
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the JVM is going down: the hook has its say
        }
    }

    private void build() throws IOException {
        config = RunConfig.read(folder.input("run.json"));
        TaskStore tasks = TaskStore.map(folder.input("tasks.gsf"), config);
        HiddenTruth hidden = HiddenTruth.map(folder.input("hidden.gsf"), config, tasks.size());
        Signals signals = Signals.read(folder.input("signals.gsf"), config, hidden.hosts());
        Forecasts forecasts = Forecasts.map(folder.input("forecasts.gsf"), config.datacenters().size());
        Advisories advisories = Advisories.map(folder.input("advisories.gsf"), config.datacenters().size());
        book = new TaskBook(tasks, JobLedger.create(folder.world("jobs.gsf"), tasks.size()));
        decisions = DecisionLog.create(folder.world("decisions.gsf"), Observation.CODES);
        slots = SlotLog.create(folder.world("datacenters.gsf"), config.datacenters().size());
        TaskPhysics physics = new TaskPhysics(hidden, VirtualMachines.read(hidden, tasks), tasks, config, book.ledger());
        cloudlets = physics.cloudlets();
        ExecutionModel model = ExecutionModel.of(config, kernel, tasks, physics);
        for (int d = 0; d < config.datacenters().size(); d++) {
            datacenters.add(new GreenDatacenter(
                    kernel, d, config.datacenters().get(d), config.gpuTypes().length, signals.of(d), book, physics,
                    model));
        }
        broker = new GreenBroker(kernel, config, book, datacenters, forecasts, advisories, decider, decisions, this::slotEnded);
        FaultSchedule faults = FaultSchedule.read(folder.input("faults.gsf"), config);
        new FaultInjector(kernel, faults, datacenters);
        watch = InvariantWatch.attach(kernel, book, datacenters);
        broker.startDecider(config.privileged() ? new WorldTruth(kernel, config, book, datacenters) : null);
    }

    private void slotEnded(long startUs, long endUs) throws IOException {
        slots.add(datacenters, startUs, endUs);
        decisions.flush();
        closedUs = endUs;
        watch.atSlot();
        if (System.nanoTime() - lastStatusNs > STATUS_INTERVAL_NS) {
            lastStatusNs = System.nanoTime();
            status.running(report("running", ""));
        }
    }

    private void closeRecords() throws IOException {
        for (GreenDatacenter datacenter : datacenters) {
            datacenter.closeRun();
        }
        slots.add(datacenters, closedUs, Math.round(kernel.clock() * 1e6));
        HostLog.write(folder.world("hosts.gsf"), datacenters, kernel.clock());
        cloudlets.write(folder.world("cloudlets.gsf"), book);
        decisions.close();
        slots.close();
        book.ledger().close();
    }

    private Result end(Ending ending, String reason) {
        JsonObject report = report(ending.status(), reason);
        try {
            status.close(report);
        } catch (UncheckedIOException e) {
            return new Result(Ending.FAILED.status(), reason + " (" + e.getMessage() + ": " + e.getCause().getMessage() + ")",
                    Ending.FAILED.exitCode(), report);
        }
        return new Result(ending.status(), reason, ending.exitCode(), report);
    }

    /** Keeps what can be kept: finished tasks are in jobs.gsf already; meters are closed where the world still stands. */
    private Result endAfterFailure(Ending ending, String reason, Throwable cause) {
        if (broker != null) {
            try {
                closeRecords();
            } catch (IOException | RuntimeException | InternalError e) {
                cause.addSuppressed(e);
            }
        }
        if (ending == Ending.FAILED && !(cause instanceof IOException)) {
            cause.printStackTrace();
        }
        if (status == null) {
            return new Result(ending.status(), reason, ending.exitCode(), report(ending.status(), reason));
        }
        return end(ending, reason);
    }

    /** The JVM is asked to stop (Ctrl-C, a closed connection): the simulation thread may still be at work. */
    private void interrupted() {
        JsonObject json = new JsonObject();
        json.addProperty("status", Ending.INTERRUPTED.status());
        json.addProperty("reason", STOPPED);
        json.addProperty("sim_time_s", kernel.clock());
        json.addProperty("wall_s", (System.nanoTime() - beginNs) / 1e9);
        status.close(json);
    }

    private JsonObject report(String statusName, String reason) {
        return new WorldReport(kernel, datacenters, book, broker, slots, decisions)
                .build(statusName, reason, (System.nanoTime() - beginNs) / 1e9);
    }
}
