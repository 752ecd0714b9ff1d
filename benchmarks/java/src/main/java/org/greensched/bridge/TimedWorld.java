package org.greensched.bridge;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.greensched.sim.World;
import org.greensched.sim.columns.FrameWriter;
import org.greensched.sim.placement.DeciderException;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.Observation;
import org.greensched.sim.placement.PlacementDecider;
import org.greensched.sim.placement.TruthService;
import org.greensched.sim.runfolder.RunConfig;
import org.greensched.sim.runfolder.RunFolder;
import org.greensched.sim.util.LongList;

/**
 * The world as it is, with a clock around its end of the bridge (benchmarks/overhead.py). Instants are those of the
 * system's monotonic clock, so that they can be put beside the mind's; they are written when the run is over.
 */
public final class TimedWorld {
    private static final String FILE = "world-times.csv";
    private final LongList rows = new LongList();
    private long encodedNs;
    private long repliedNs;

    private TimedWorld() {}

    /** As {@code Main --run FOLDER --connect}. */
    public static void main(String[] arguments) throws IOException, LaunchException {
        Arguments parsed = Arguments.parse(arguments);
        int code;
        try (Stdin stdin = new Stdin()) {
            Endpoint endpoint = Endpoint.parse(stdin.readLine());
            stdin.watch(() -> System.exit(Main.INTERRUPTED));
            Path folder = Path.of(parsed.runFolder());
            String runId = config(folder).runId();
            code = new TimedWorld().play(folder, truth -> new MindConnection(endpoint, runId, truth), () -> false);
        }
        System.exit(code);
    }

    /** As {@link InProcess#run}. */
    public static int run(String folder, MindPort port, AtomicBoolean stop) throws IOException {
        return new TimedWorld().play(Path.of(folder), truth -> new InProcessMind(port, truth), stop::get);
    }

    private static RunConfig config(Path folder) {
        return RunConfig.read(new RunFolder(folder).input("run.json"));
    }

    private int play(Path folder, Function<MindLine.TruthDesk, MindLine> line, BooleanSupplier stop)
            throws IOException {
        try (MindDecider mind = new MindDecider(config(folder), truth -> new TimedLine(line.apply(truth)))) {
            World.Result result = World.run(folder, new TimedDecider(mind), stop);
            write(folder.resolve(FILE));
            return result.exitCode();
        }
    }

    private void write(Path file) throws IOException {
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(file))) {
            out.println("seq,begin_ns,encoded_ns,replied_ns,done_ns");
            long[] all = rows.toArray();
            for (int i = 0; i < all.length; i += 5) {
                out.println(all[i] + "," + all[i + 1] + "," + all[i + 2] + "," + all[i + 3] + "," + all[i + 4]);
            }
        }
    }

    /** Knows when a question was asked, and when its answer was there to be carried out. */
    private final class TimedDecider implements PlacementDecider {
        private final PlacementDecider mind;

        TimedDecider(PlacementDecider mind) {
            this.mind = mind;
        }

        @Override
        public Needs start(TruthService truth) throws DeciderException {
            return mind.start(truth);
        }

        @Override
        public Decisions decide(Observation observation) throws DeciderException {
            long beginNs = System.nanoTime();
            Decisions answer = mind.decide(observation);
            long doneNs = System.nanoTime();
            rows.add(observation.seq);
            rows.add(beginNs);
            rows.add(encodedNs);
            rows.add(repliedNs);
            rows.add(doneNs);
            return answer;
        }

        @Override
        public void finish(Observation last) throws DeciderException {
            mind.finish(last);
        }
    }

    /** Knows when a message is written, and when its reply has come. */
    private final class TimedLine implements MindLine {
        private final MindLine line;

        TimedLine(MindLine line) {
            this.line = line;
        }

        @Override
        public <T> T call(String kind, long sequence, FrameWriter message, long timeoutMs, Reader<T> reader)
                throws DeciderException {
            encodedNs = System.nanoTime();
            return line.call(kind, sequence, message, timeoutMs, reply -> read(reply, reader));
        }

        private <T> T read(ByteBuffer reply, Reader<T> reader) throws DeciderException {
            repliedNs = System.nanoTime();
            return reader.read(reply);
        }

        @Override
        public void checkBreaker() throws DeciderException {
            line.checkBreaker();
        }

        @Override
        public void close() {
            line.close();
        }
    }
}
