package org.greensched.sim.runfolder;

/**
 * What happens to tasks whose host fails, and what a failed host draws (run.json: {@code faults}, {@code checkpoint}).
 *
 * @param failedDrawsIdle a failed host draws its idle power, otherwise nothing; in an outage nothing draws power
 * @param requeue an interrupted task is pending again, otherwise it has failed
 * @param maxAttempts starts that a task is given; 0: any number
 * @param checkpointS seconds of execution between two checkpoints; 0: none are written and an interrupted task begins anew
 * @param writeS seconds that a checkpoint takes, spread evenly over the execution
 * @param restartS seconds that every attempt after the first takes before it goes on with the work
 */
public record RecoveryRules(
        boolean failedDrawsIdle, boolean requeue, int maxAttempts, double checkpointS, double writeS, double restartS) {

    /** Where run.json says nothing. */
    public static final RecoveryRules DEFAULT = new RecoveryRules(true, true, 0, 0, 0, 0);

    private static final double LONGEST_S = 1e9;

    static RecoveryRules read(JsonReader json) {
        RecoveryRules rules = DEFAULT;
        if (!json.isNull("faults")) {
            JsonReader faults = json.child("faults");
            rules = new RecoveryRules(
                    RunConfig.choice(faults, "failed_power", "idle", "off"),
                    RunConfig.choice(faults, "interrupted", "requeue", "fail"),
                    faults.index("max_attempts", 0, Integer.MAX_VALUE), 0, 0, 0);
        }
        if (json.isNull("checkpoint")) {
            return rules;
        }
        JsonReader checkpoint = json.child("checkpoint");
        return new RecoveryRules(
                rules.failedDrawsIdle, rules.requeue, rules.maxAttempts, checkpoint.number("interval_s", 0, LONGEST_S),
                checkpoint.number("write_s", 0, LONGEST_S), checkpoint.number("restart_s", 0, LONGEST_S));
    }

    /** How much longer a task runs because it writes checkpoints. */
    public double stretch() {
        return checkpointS > 0 ? 1 + writeS / checkpointS : 1;
    }

    /** Whether a task that was started {@code attempts} times is given another start. */
    public boolean mayRetry(int attempts) {
        return requeue && (maxAttempts == 0 || attempts < maxAttempts);
    }
}
