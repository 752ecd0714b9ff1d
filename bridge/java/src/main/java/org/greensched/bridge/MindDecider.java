package org.greensched.bridge;

import com.google.gson.JsonObject;
import java.io.Closeable;
import java.nio.ByteBuffer;
import java.util.function.Function;
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

/** The mind as a decider: one call per observation (PROTOCOL.md §4) over a {@link MindLine}. */
public final class MindDecider implements PlacementDecider, Closeable {
    private static final String[] PASSED_ON = {
        "run_id", "scenario", "start_utc", "horizon_us", "slot_us", "mode", "seed", "privileged", "policy", "work_classes",
        "gpu_types", "network", "origins", "datacenters"
    };

    private final JsonObject config;
    private final long startMs;
    private final long decideMs;
    private final MindLine line;
    private final FrameWriter writer = new FrameWriter();
    private final FrameWriter truthWriter = new FrameWriter();
    private TruthService truth;
    private ObservationEncoder encoder;
    private Needs needs;

    /** A decider for the run {@code config}; {@code lineTo} makes the line to the mind from what answers for the truth. */
    MindDecider(RunConfig config, Function<MindLine.TruthDesk, MindLine> lineTo) {
        this.config = config.json();
        this.startMs = Math.max(1, Math.round(config.startTimeoutS() * 1000));
        this.decideMs = Math.max(1, Math.round(config.decideTimeoutS() * 1000));
        this.line = lineTo.apply(this::tellTruth);
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
        needs = line.call("start", 0, writer, startMs, reply -> MindReplies.needs(MindReplies.open(reply, "ready", 0)));
        encoder = new ObservationEncoder(writer, new PlacementNeeds(needs.forecasts(), needs.progress()));
        return needs;
    }

    @Override
    public Decisions decide(Observation observation) throws DeciderException {
        line.checkBreaker();
        if (needs == null) {
            // the mind failed to start; it gets another chance until the breaker opens
            start(truth);
        }
        encoder.encode("observe", observation);
        long sequence = observation.seq;
        return line.call("observe", sequence, writer, decideMs,
                reply -> MindReplies.decisions(MindReplies.open(reply, "decisions", sequence)));
    }

    @Override
    public void finish(Observation last) throws DeciderException {
        line.checkBreaker();
        if (needs == null) {
            throw new DeciderException("disconnected", "the mind never started", null);
        }
        encoder.encode("finish", last);
        long sequence = last.seq;
        line.call("finish", sequence, writer, Math.max(startMs, decideMs),
                reply -> MindReplies.open(reply, "bye", sequence));
    }

    @Override
    public void close() {
        line.close();
    }

    private FrameWriter tellTruth(long sequence, ByteBuffer question) {
        truthWriter.begin("truth").meta("seq", sequence);
        try {
            if (truth == null) {
                throw new IllegalStateException("this run is not privileged");
            }
            Frame frame = Frame.wrap(question, "the mind's question for the truth");
            if (!frame.kind().equals("truth") || frame.meta().get("seq").getAsLong() != sequence) {
                throw new IllegalStateException("the question does not belong to call " + sequence);
            }
            answer(frame.table("tasks"), frame.table("options"));
        } catch (FrameException | IllegalStateException | IllegalArgumentException | IndexOutOfBoundsException e) {
            truthWriter.begin("error").meta("seq", sequence).meta("code", "truth").meta("message", String.valueOf(e.getMessage()))
                    .meta("traceback", "");
        }
        return truthWriter;
    }

    private void answer(Table tasks, Table options) {
        TruthService.Answer answer = truth.truth(tasks.i64("task").toArray(), options.i32("dc").toArray(),
                options.i64("start_us").toArray());
        truthWriter.table("truth", answer.energyKwh().length).f64("energy_kwh", answer.energyKwh())
                .f64("service_time_s", answer.serviceTimeS()).f64("wait_s", answer.waitS());
    }
}
