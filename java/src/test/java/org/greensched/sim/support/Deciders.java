package org.greensched.sim.support;

import java.util.ArrayList;
import java.util.List;
import org.greensched.sim.placement.DeciderException;
import org.greensched.sim.placement.Decisions;
import org.greensched.sim.placement.DecisionsBuilder;
import org.greensched.sim.placement.Observation;
import org.greensched.sim.placement.PlacementDecider;
import org.greensched.sim.placement.TruthService;

/** Deciders for tests. */
public final class Deciders {
    private Deciders() {}

    /** Decides with a function of the observation. */
    @FunctionalInterface
    public interface Rule {
        /** Adds decisions to {@code answer}. */
        void decide(Observation observation, DecisionsBuilder answer) throws DeciderException;
    }

    /** A decider that follows a rule and remembers what it was told. */
    public static final class Scripted implements PlacementDecider {
        public final List<String> told = new ArrayList<>();
        public TruthService truth;
        private final Rule rule;

        Scripted(Rule rule) {
            this.rule = rule;
        }

        @Override
        public Needs start(TruthService service) {
            truth = service;
            return Needs.ALL;
        }

        @Override
        public Decisions decide(Observation o) throws DeciderException {
            told.add(o.seq + "@" + o.tUs / 1_000_000 + " new" + List.of(box(o.newTasks.toArray())) + " ask"
                    + List.of(box(o.ask.toArray())) + " reports" + List.of(box(o.reports.toArray())));
            DecisionsBuilder answer = new DecisionsBuilder();
            rule.decide(o, answer);
            return answer.build();
        }

        @Override
        public void finish(Observation last) {
            told.add("finish reports" + List.of(box(last.reports.toArray())));
        }

        private static Long[] box(long[] values) {
            Long[] boxed = new Long[values.length];
            for (int i = 0; i < values.length; i++) {
                boxed[i] = values[i];
            }
            return boxed;
        }
    }

    public static Scripted scripted(Rule rule) {
        return new Scripted(rule);
    }

    /** Places everything that is asked at one datacenter. */
    public static Scripted everythingAt(int dc) {
        return scripted((o, answer) -> {
            for (int i = 0; i < o.ask.size(); i++) {
                answer.place(o.ask.get(i), dc, Decisions.STATUS_HEURISTIC, "");
            }
        });
    }
}
