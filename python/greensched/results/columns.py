"""Every column and every summary key that GreenSched writes, with its unit and what it means.

The single source of docs/output-columns.md, of the Arrow field metadata (``unit``, ``description``) and of the order of
columns in the files. A unit of ``-`` says that the column is a name, a code or a count of nothing physical.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column: its name, its Arrow type, its unit and one sentence."""

    name: str
    type: str
    unit: str
    description: str


def _columns(text: str) -> tuple[Column, ...]:
    """Parse ``name | type | unit | description`` lines; a table is easier to proofread than sixty constructor calls."""
    rows = [[cell.strip() for cell in line.split("|", 3)] for line in text.strip().splitlines()]
    return tuple(Column(*row) for row in rows)


JOBS = _columns("""
task          | int64  | -    | Task id; its row number in input/tasks.gsf.
job           | int64  | -    | Job that the task belongs to; a plain job has one task.
index         | int32  | -    | Number of the task within its job.
name          | string | -    | Name that the owner gave.
labels        | string | -    | Labels that the owner gave, key=value;key=value.
user          | string | -    | Owner.
description   | string | -    | What the owner wrote about it; null where no task of the run has such a text.
origin        | name   | -    | Region that the task was submitted from.
home          | name   | -    | Datacenter of that region: where local-only would run it.
dc            | name   | -    | Datacenter that the task was placed in; null if none.
host          | int32  | -    | Host within the datacenter; null if none.
state         | name   | -    | State at the end of the run (PROTOCOL.md §5); not_arrived if the run ended before.
reason        | name   | -    | Why the task was rejected or failed; empty otherwise.
source        | name   | -    | Who placed it: mind, fallback, or null.
decision      | int64  | -    | Decision that placed it; joins decisions.parquet.
priority      | int32  | -    | Priority, higher first.
cores         | double | cores | Cores asked for.
gpus          | double | GPUs | GPUs asked for; below 1, a share of one.
gpu_type      | name   | -    | GPU type asked for; null if any.
mem_gb        | double | GB   | Memory asked for.
data_gb       | double | GB   | Input data that moves with the task.
arrival_s     | double | s    | Arrival, since the start of the scenario.
deadline_s    | double | s    | Deadline, since the start of the scenario; null if none.
expected_s    | double | s    | Owner's estimate of the run time on the reference host; null if not given.
placed_s      | double | s    | When the decision that counted was taken.
queued_s      | double | s    | When the data was there and the task waited for cores.
first_start_s | double | s    | When it first began to execute; later attempts follow interruptions.
start_s       | double | s    | When it began to execute, the last time.
finish_s      | double | s    | When it ended; null if it has not.
wait_s        | double | s    | From arrival to the first start of execution.
run_s         | double | s    | From the start of execution to the end, of the last attempt.
late_s        | double | s    | How long after its deadline it ended; 0 if in time, null if it has no deadline or no end.
done_frac     | double | 1    | Fraction of its work that is done.
it_kwh        | double | kWh  | Its own dynamic energy at the plug of the host.
dynamic_kwh   | double | kWh  | The same times PUE: what predictors predict.
idle_kwh      | double | kWh  | Its share of the host's idle energy while it held cores, times PUE.
transfer_kwh  | double | kWh  | Energy of moving its data.
dynamic_g     | double | gCO2eq | Carbon of dynamic_kwh at average intensity.
idle_g        | double | gCO2eq | Carbon of idle_kwh at average intensity.
transfer_g    | double | gCO2eq | Carbon of transfer_kwh, half at either end.
carbon_g      | double | gCO2eq | dynamic_g + idle_g + transfer_g.
marginal_g    | double | gCO2eq | Carbon of dynamic_kwh + idle_kwh at marginal intensity; null where there is none.
attempts      | int32  | -    | How often it began to execute; above 1 only after interruptions, whose energy is included.
cost          | double | currency | dynamic_kwh + idle_kwh at the price of electricity; null where it is unknown.
""")

DATACENTERS = _columns("""
t_s             | double | s   | End of the slot, since the start of the scenario.
dc              | name   | -   | Datacenter.
running         | int32  | tasks | Tasks that execute at the end of the slot.
queued          | int32  | tasks | Tasks that wait there for cores.
used_cores      | double | cores | Cores held.
used_gpus       | double | GPUs | GPUs held.
hosts_on        | int32  | hosts | Hosts awake.
hosts_asleep    | int32  | hosts | Hosts asleep.
hosts_down      | int32  | hosts | Hosts failed, withdrawn and empty, or without power.
it_kwh          | double | kWh | IT energy of the slot.
facility_kwh    | double | kWh | Energy of the whole facility in the slot: IT times PUE.
attributed_kwh  | double | kWh | Part of facility_kwh that tasks are charged: dynamic and their share of idle.
idle_kwh        | double | kWh | Part of facility_kwh that no task is charged: idle, sleep, wake-up, fixed overhead.
wake_kwh        | double | kWh | Part of idle_kwh: hosts waking up.
carbon_g        | double | gCO2eq | Carbon of facility_kwh at average intensity.
attributed_g    | double | gCO2eq | Carbon of attributed_kwh.
idle_g          | double | gCO2eq | Carbon of idle_kwh.
marginal_g      | double | gCO2eq | Carbon of facility_kwh at marginal intensity; null where there is none.
cost            | double | currency | facility_kwh at the price of electricity; null where it is unknown.
transfer_kwh    | double | kWh | Transfers to this datacenter that ended in the slot; not part of facility_kwh.
transfer_g      | double | gCO2eq | Carbon of those transfers; not part of carbon_g.
carbon_gpkwh    | double | gCO2eq/kWh | Average carbon intensity of the grid, mean over the slot.
wind_frac       | double | 1   | Wind's share of the zone's generation; null where missing.
solar_frac      | double | 1   | Sun's share; null where missing.
renewable_frac  | double | 1   | All renewables' share; null where missing.
price_per_kwh   | double | currency/kWh | Price of electricity; null where missing.
temperature_c   | double | °C  | Outside temperature; null where missing.
pue             | double | 1   | Facility energy / IT energy of the slot; null where IT energy is 0.
""")

DECISIONS = _columns("""
decision       | int64  | -   | Decision id: observation number * 2^24 + row of the answer.
t_s            | double | s   | Simulated instant of the decision, since the start of the scenario.
seq            | int64  | -   | Number of the observation that was answered.
task           | int64  | -   | Task.
action         | name   | -   | What was decided: place, defer, reject, ...
dc             | name   | -   | Datacenter chosen; null where none.
until_s        | double | s   | Wake-up of a deferral; null otherwise.
source         | name   | -   | mind, or fallback when the mind failed or did not answer in time.
status         | name   | -   | How the decision came about: optimal, heuristic, fallback_local, ...
code           | name   | -   | accepted, or why the world did not carry it out (PROTOCOL.md §4).
reason         | string | -   | The policy's own words.
predicted_kwh  | double | kWh | Predicted dynamic energy times PUE of the choice; null if not predicted.
predicted_s    | double | s   | Predicted time from the decision's start to the task's end; null if not predicted.
propensity     | double | 1   | Probability with which the decision was taken as it was: 1 unless the mind explores, null where it cannot be told.
model          | name   | -   | Version of the predictor that answered; null if none did.
actual_kwh     | double | kWh | What it turned out to be (dynamic_kwh of the task), for the decision that ran; null if the task was interrupted.
actual_s       | double | s   | Time from the decision to the task's end, for the decision that ran.
""")

HOSTS = _columns("""
dc            | name   | -    | Datacenter.
host          | int32  | -    | Host within the datacenter.
type          | name   | -    | Host type.
it_kwh        | double | kWh  | Energy at the plug.
facility_kwh  | double | kWh  | The same times PUE, without the fixed overhead of a load-dependent PUE at zero IT load.
carbon_g      | double | gCO2eq | Carbon of facility_kwh at average intensity.
busy_core_s   | double | core·s | Core-seconds held by tasks.
on_s          | double | s    | Time awake.
asleep_s      | double | s    | Time asleep.
down_s        | double | s    | Time failed, withdrawn and empty, or without power.
wakes         | int32  | -    | How often it woke up.
tasks         | int32  | tasks | Tasks that ran on it.
""")

CLOUDLETS = _columns("""
customer           | string | -    | Customer that it belongs to.
vm                 | string | -    | VM that it was given to, the name of its task; null if none.
task               | int64  | -    | Task of that VM, joins jobs.parquet; null if none.
name               | string | -    | Name, customer/cloudlet and its number.
dc                 | name   | -    | Datacenter of its VM; null if none.
host               | int32  | -    | Host of its VM within the datacenter; null if none.
state              | name   | -    | queued, running, finished, failed or rejected at the end of the run; null where the world was cut short.
reason             | string | -    | Why it has not finished; empty if it has, null where the world was cut short.
length_mi          | double | MI   | Length per core.
pes                | int32  | cores | Cores asked for.
cpu_util_frac      | double | 1    | Share of its cores' MIPS that it uses.
submission_delay_s | double | s    | When it was submitted, since the start of the scenario.
start_s            | double | s    | When it began to execute, the last time; null if it has not.
finish_s           | double | s    | When it ended; null if it has not.
""")

PREQUENTIAL = _columns("""
begin_s             | double | s | Begin of the window in which reports came, since the start of the scenario.
end_s               | double | s | End of the window.
kind                | name   | - | What the rows are grouped by: all, datacenter, work (cpu or gpu).
group               | name   | - | Which group.
reports             | int64  | - | Reports of tasks that ended undisturbed, with a prediction for the decision that placed them.
energy_rmspe_frac   | double | 1 | Root of the mean of (predicted / true - 1)^2 of energy.
energy_median_frac  | double | 1 | Median of abs(predicted / true - 1) of energy.
service_rmspe_frac  | double | 1 | The same root of the time from the decision to the end.
service_median_frac | double | 1 | The same median of that time.
""")

SUMMARY = _columns("""
status                 | string | -      | completed, degraded (a fallback decided), interrupted, aborted or failed.
reason                 | string | -      | Why it is not completed; empty otherwise.
policy                 | string | -      | Policy that decided.
policy_options         | map    | -      | Options of the policy that the scenario sets, those of predictor and learning apart.
predictor              | string | -      | Predictor that the policy used; null if none.
scenario               | string | -      | Name of the scenario.
seed                   | int    | -      | Seed.
start_utc              | string | UTC    | Start of the simulated time.
horizon_s              | float  | s      | Arrivals stop here.
simulated_s            | float  | s      | Simulated time that was reached.
currency               | string | -      | Currency of the scenario's prices (ISO 4217); null if not stated.
carbon_kg              | float  | kgCO2eq | Carbon of all facilities and of all transfers, at average intensity.
facility_carbon_kg     | float  | kgCO2eq | Of it: facilities.
transfer_carbon_kg     | float  | kgCO2eq | Of it: moving data between regions.
attributed_carbon_kg   | float  | kgCO2eq | Of the facilities: what tasks are charged.
tasks_carbon_kg        | float  | kgCO2eq | What tasks cause: attributed_carbon_kg + transfer_carbon_kg.
idle_carbon_kg         | float  | kgCO2eq | Of the facilities: what no task is charged.
marginal_carbon_kg     | float  | kgCO2eq | Facilities at marginal intensity; null where a zone has none.
energy_kwh             | float  | kWh    | Energy of all facilities and of all transfers.
it_energy_kwh          | float  | kWh    | IT energy.
transfer_energy_kwh    | float  | kWh    | Energy of moving data.
pue                    | float  | 1      | Facility energy / IT energy over the whole run.
mean_intensity_gpkwh   | float  | gCO2eq/kWh | Facility carbon / facility energy.
cost                   | float  | currency | Facility energy at the price of electricity; null where a price is unknown.
jobs_submitted         | int    | jobs   | Jobs that arrived.
jobs_finished          | int    | jobs   | Jobs whose tasks all finished.
jobs_late              | int    | jobs   | Finished, after the deadline.
jobs_rejected          | int    | jobs   | With a rejected task.
jobs_failed            | int    | jobs   | With a failed task.
jobs_unfinished        | int    | jobs   | Not ended when the run ended.
sla_violations         | int    | jobs   | Late, rejected, failed or unfinished; a DAG counts once, at its last task.
sla_violation_rate     | float  | 1      | sla_violations / jobs_submitted.
cloudlets              | map    | cloudlets | submitted, finished, and unfinished: the others by reason; null for a run without cloudlets.
interruptions          | int    | -      | Times that a failing host or datacenter stopped a task; null if the world was killed.
tasks                  | map    | tasks  | Tasks by state at the end; their sum is what was submitted.
moved_tasks_frac       | float  | 1      | Share of placed tasks that ran outside their home datacenter.
mean_wait_s            | float  | s      | Mean time from arrival to the first start of execution.
p99_wait_s             | float  | s      | 99th percentile of the same.
completed_core_s       | float  | core·s | Core-seconds of finished tasks.
completed_work_sha256  | string | -      | Hash of the set of finished tasks: equal hashes, equal completed work.
decisions              | int    | -      | Decisions that the world was given; null if their log is damaged.
decision_latency_p50_ms | float | ms     | Median wall time of a decision round trip, world to mind and back.
decision_latency_p99_ms | float | ms     | 99th percentile of the same.
prediction_errors      | map    | 1      | Reports that could be scored, and RMSPE and median error of predicted energy and service time; null if nothing was predicted.
learning               | map    | -      | Updates by what came of them, rollbacks, drifts, explored tasks, reports left out by reason, and the version that serves; null for a run without policy.learning.
scheduler_energy_kwh   | float  | kWh    | Energy of predicting and training: declared duration x declared watts; part of no other total, but of the savings; null if nothing is declared.
scheduler_carbon_kg    | float  | kgCO2eq | Its carbon at the average intensity of its site.
decision_log_sha256    | string | -      | Hash of the log of decisions (PROTOCOL.md §6): equal for equal scenario and seed.
fallbacks              | map    | -      | Decisions taken by the world's fallback, by reason.
degraded               | bool   | -      | True if there is any fallback: the run must not enter a comparison.
events                 | int    | -      | Events that the kernel processed.
wall_s                 | float  | s      | Wall time of the simulation.
check_tasks_energy     | float  | 1      | Relative gap between the tasks' energies and the datacenters' attributed energy.
check_total_energy     | float  | 1      | Relative gap between attributed + idle and the facility's energy.
check_tasks_carbon     | float  | 1      | Like check_tasks_energy, for carbon.
check_total_carbon     | float  | 1      | Like check_total_energy, for carbon.
damaged                | map    | -      | Tables that are missing because the world's file is damaged, with what is wrong with it; empty otherwise.
per_datacenter         | list   | -      | carbon_kg, energy_kwh, tasks and mean intensity of every datacenter.
baseline               | map    | -      | The same figures of the baseline run on the same input and seed; null if there is none.
savings                | map    | %      | Carbon, energy and cost saved against it; null, with the reason, unless both did equal work; those of whole facilities (all but tasks_carbon_pct) also unless both lasted equally long.
""")

TABLES = {"jobs": JOBS, "datacenters": DATACENTERS, "decisions": DECISIONS, "hosts": HOSTS, "cloudlets": CLOUDLETS,
          "prequential": PREQUENTIAL}  # fmt: skip


def markdown() -> str:
    """The text of docs/output-columns.md."""
    parts = [
        "# What a run writes\n",
        "<!-- Generated from python/greensched/results/columns.py: python -m greensched.results.columns. -->\n",
        "Times are seconds since `start_utc` of the scenario, carbon is CO2 equivalent, and a missing value is null,",
        "never 0. The Parquet files carry unit and description of every column in their field metadata.\n",
    ]
    heads = {
        "jobs": "one row per task",
        "datacenters": "one row per datacenter and slot; energies are those of the slot that ends at `t_s`",
        "decisions": "one row per decision: what the world executed, joined with what the mind predicted",
        "hosts": "one row per host, over the whole run",
        "cloudlets": "one row per cloudlet; only of runs of CloudSim files",
        "prequential": "one row per window of time and group; only of runs whose mind predicted",
    }
    for name, columns in TABLES.items():
        parts += [f"## {name}.parquet\n", f"{heads[name][0].upper()}{heads[name][1:]}.\n", *_rows(columns), ""]
    parts += ["## summary.json\n", "One object.\n", *_rows(SUMMARY), ""]
    return "\n".join(parts)


def _rows(columns: tuple[Column, ...]) -> list[str]:
    head = ["| name | type | unit | meaning |", "|---|---|---|---|"]
    return head + [f"| `{c.name}` | {c.type} | {c.unit} | {c.description} |" for c in columns]


if __name__ == "__main__":
    import pathlib

    target = pathlib.Path(__file__).parents[3] / "docs" / "output-columns.md"
    target.write_text(markdown(), encoding="utf-8")
    print(target)
