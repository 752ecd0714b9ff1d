package org.greensched.bridge;

import com.google.gson.JsonObject;
import java.io.Closeable;
import java.io.IOException;
import org.greensched.bridge.ObservationEncoder.PlacementNeeds;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.FrameException;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.columns.Table;
import org.greensched.sim.placement.DeciderException;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.Observation;
import org.greensched.sim.placement.PlacementDecider;
import org.greensched.sim.placement.TruthService;
import org.greensched.sim.runfolder.RunConfig;

/** The mind behind py4j: one call per observation, columns in mapped files (PROTOCOL.md §3 and §4). */
public final class Py4jDecider implements PlacementDecider, Closeable {
    private static final String[] PASSED_ON = {
        "run_id", "scenario", "start_utc", "horizon_us", "slot_us", "mode", "seed", "privileged", "policy", "work_classes",
        "gpu_types", "network", "origins", "datacenters"
    };

    private final JsonObject config;
    private final long startMs;
    private final long decideMs;
    private final MindConnection connection;
    private final FrameWriter writer = new FrameWriter();
    private final FrameWriter truthWriter = new FrameWriter();
    private TruthService truth;
    private ObservationEncoder encoder;
    private Needs needs;

    Py4jDecider(RunConfig config, Endpoint endpoint) {
        this.config = config.json();
        this.startMs = Math.max(1, Math.round(config.startTimeoutS() * 1000));
        this.decideMs = Math.max(1, Math.round(config.decideTimeoutS() * 1000));
        this.connection = new MindConnection(endpoint, config.runId(), this::tellTruth);
    }

    @Override
    public Needs start(TruthService truth) throws DeciderException {
        this.truth = truth;
        writer.begin("start").meta("seq", 0L).meta("protocol", MindConnection.PROTOCOL);
        for (String key : PASSED_ON) {
            if (config.has(key)) {
                writer.metaJson(key, config.get(key).toString());
            }
        }
        needs = connection.call("start", 0, writer, startMs, reply -> MindReplies.needs(MindReplies.open(reply, "ready", 0)));
        encoder = new ObservationEncoder(writer, new PlacementNeeds(needs.forecasts(), needs.progress()));
        return needs;
    }

    @Override
    public Decisions decide(Observation observation) throws DeciderException {
        connection.checkBreaker();
        if (needs == null) {
            // the mind failed to start; it gets another chance until the breaker opens
            start(truth);
        }
        encoder.encode("observe", observation);
        long sequence = observation.seq;
        return connection.call("observe", sequence, writer, decideMs,
                reply -> MindReplies.decisions(MindReplies.open(reply, "decisions", sequence)));
    }

    @Override
    public void finish(Observation last) throws DeciderException {
        connection.checkBreaker();
        if (needs == null) {
            throw new DeciderException("disconnected", "the mind never started", null);
        }
        encoder.encode("finish", last);
        long sequence = last.seq;
        connection.call("finish", sequence, writer, Math.max(startMs, decideMs),
                reply -> MindReplies.open(reply, "bye", sequence));
    }

    @Override
    public void close() {
        connection.close();
    }

    private long tellTruth(long sequence, long length) throws IOException {
        SharedFiles files = connection.files();
        truthWriter.begin("truth").meta("seq", sequence);
        try {
            if (truth == null) {
                throw new IllegalStateException("this run is not privileged");
            }
            Frame question = Frame.wrap(files.reply(length), "the mind's question for the truth");
            if (!question.kind().equals("truth") || question.meta().get("seq").getAsLong() != sequence) {
                throw new IllegalStateException("the question does not belong to call " + sequence);
            }
            answer(question.table("tasks"), question.table("options"));
        } catch (FrameException | IllegalStateException | IllegalArgumentException | IndexOutOfBoundsException e) {
            truthWriter.begin("error").meta("seq", sequence).meta("code", "truth").meta("message", String.valueOf(e.getMessage()))
                    .meta("traceback", "");
        }
        return files.write(truthWriter);
    }

    private void answer(Table tasks, Table options) {
        TruthService.Answer answer = truth.truth(tasks.i64("task").toArray(), options.i32("dc").toArray(),
                options.i64("start_us").toArray());
        truthWriter.table("truth", answer.energyKwh().length).f64("energy_kwh", answer.energyKwh())
                .f64("service_time_s", answer.serviceTimeS()).f64("wait_s", answer.waitS());
    }
}
