package org.greensched.sim.runfolder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.greensched.sim.columns.Frame;
import org.greensched.sim.columns.I32;
import org.greensched.sim.columns.I64;
import org.greensched.sim.columns.Str;
import org.greensched.sim.columns.Table;

/**
 * What operators announce, in words (advisories.gsf, PROTOCOL.md §2.13), sorted by issue time. What they announce is the world's:
 * it stands in the faults and the signals, and no text is read here.
 */
public final class Advisories {
    private final int size;
    private final I64 issueUs;
    private final I32 dc;
    private final Str text;

    private Advisories(Table table) {
        size = Math.toIntExact(table.rows());
        issueUs = table.i64("issue_us");
        dc = table.i32("dc");
        text = table.str("text");
    }

    /** A run without any. */
    public static Advisories none() {
        return new Advisories(Table.empty("advisories"));
    }

    /**
     * Maps and checks {@code advisories.gsf}; no file, no advisories.
     *
     * @throws BadInputException advisories out of order or about no datacenter
     * @throws IOException the file cannot be read
     */
    public static Advisories map(Path file, int datacenters) throws IOException {
        if (!Files.exists(file)) {
            return none();
        }
        Frame frame = Frame.map(file);
        if (!frame.kind().equals("advisories")) {
            throw new BadInputException(file.toString(), "is a frame of kind " + frame.kind() + ", expected advisories");
        }
        Advisories advisories = new Advisories(frame.table("advisories"));
        advisories.check(file.toString(), datacenters);
        return advisories;
    }

    private void check(String where, int datacenters) {
        long before = 0;
        for (int i = 0; i < size; i++) {
            if (issueUs.get(i) < before || dc.get(i) < 0 || dc.get(i) >= datacenters) {
                throw new BadInputException(where, "row " + i + ": an advisory must be issued at 0 or later, not before the one above"
                        + " it, and be about a datacenter of the run (0 to " + (datacenters - 1) + "); got " + issueUs.get(i) + " us, "
                        + dc.get(i));
            }
            before = issueUs.get(i);
            text.get(i); // refuses what is no text
        }
    }

    /** Number of advisories. */
    public int size() {
        return size;
    }

    /** When it is issued, microseconds since the start of the scenario. */
    public long issueUs(int advisory) {
        return issueUs.get(advisory);
    }

    /** Which datacenter issues it. */
    public int dc(int advisory) {
        return dc.get(advisory);
    }

    /** What it says. */
    public String text(int advisory) {
        return text.get(advisory);
    }
}
