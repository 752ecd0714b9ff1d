"""Described jobs as tables to publish: what owners declare apart from what is true."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from greensched.traces import jobtable
from greensched.traces.table import Jobs
from greensched.truths.amounts import EPOCHS, STEPS
from greensched.truths.described import Meanings
from greensched.truths.kinds_of_work import Network
from greensched.truths.machines import Machine
from greensched.truths.truth import truth

MEANING: Final = (
    ("job", "", "number of the job, as in jobs.parquet"),
    ("does", "", "mode of a neural network, or task of a program"),
    ("subject", "", "canonical name of the network or program"),
    ("family", "", "family of networks, or area of programs"),
    ("dataset", "", "canonical name of the data; empty: none that has a name"),
    ("precision", "", "in which a network computes; empty for programs"),
    ("batch", "samples", "of a network's step; 0 for programs"),
    ("inner", "1", "new tokens or sampling steps of each sample; 0: none"),
    ("amount", "", "how much of its work it does, in amount_unit"),
    ("amount_unit", "", "epochs, steps, samples, or a program's unit"),
    ("resumed_frac", "1", "part of the run that a checkpoint has already"),
    ("sample_frac", "1", "part of the data that is used"),
    ("dry_run", "", "whether it is only a dry run"),
    ("samples", "samples", "samples (units of a program) that are truly computed"),
    ("work_s", "s", "true run time on the reference machine, alone, stragglers included, before luck"),
    ("straggler_factor", "1", "by how much it takes longer than its work; 1: it does not straggle"),
    ("cpu_util_frac", "1", "use of the held cores on the reference machine"),
    ("gpu_util_frac", "1", "use of the held GPUs on the reference machine, as a share of their dynamic power"),
    ("interference", "1", "k of the slowdown 1 + k f^p by neighbours that hold the share f of the host"),
    ("interference_power", "1", "p of it"),
    ("heat_per_c", "1/K", "slowdown for each degree above the temperature at which a datacenter throttles"),
    ("configuration", "", "row of speeds.parquet"),
)
"""Columns of truth.parquet: name, unit, meaning."""

SPEED: Final = (
    ("configuration", "", "as in truth.parquet"),
    ("machine", "", "built-in host type"),
    ("speed", "1", "run time on the reference machine over that on this one, alone"),
    ("cpu_scale", "1", "factor on cpu_util_frac there; the product is cut at 1"),
    ("gpu_scale", "1", "factor on gpu_util_frac there; the product is cut at 1"),
)
"""Columns of speeds.parquet, the same."""

_UNITS: Final = {EPOCHS: "epochs", STEPS: "steps"}


def declared(jobs: Jobs) -> pa.Table:
    """What owners declare, as a job table (docs/traces.md); expected run times are not part of it."""
    assert jobs.name is not None
    assert jobs.labels is not None
    assert jobs.user is not None
    assert jobs.description is not None
    n = len(jobs)
    columns: dict[str, Any] = {
        "job": [str(i) for i in range(n)],
        "arrival_s": jobs.arrival_s,
        "cores": jobs.cores,
        "mem_gb": jobs.mem_gb,
        "gpus": jobs.gpus,
        "duration_s": jobs.duration_s,
        "priority": jobs.priority,
        "group": [str(g) for g in jobs.group.tolist()],
        "user": jobs.user.decode(),
        "name": jobs.name.decode(),
        "labels": jobs.labels.decode(),
        "description": jobs.description.decode(),
    }
    return jobtable.complete(pa.table(columns))


def meant(meanings: Meanings, machines: list[Machine], work_classes: tuple[str, ...]) -> tuple[pa.Table, pa.Table]:
    """truth.parquet (:data:`MEANING`), and speeds.parquet: each configuration on each kind of machine."""
    found = truth(meanings, machines, work_classes)
    apps, done = meanings.apps.rows, meanings.amounts
    rows = [_said(apps[a]) for a in range(len(apps))]
    which = meanings.app
    columns: dict[str, Any] = {"job": [str(i) for i in range(len(which))]}
    for k, name in enumerate(("does", "subject", "family", "dataset", "precision", "batch", "inner", "unit")):
        columns[name] = np.array([row[k] for row in rows], dtype=object)[which].tolist()
    unit = columns.pop("unit")
    columns |= {
        "amount": done.count,
        "amount_unit": [_UNITS.get(u, w) for u, w in zip(done.unit.tolist(), unit, strict=True)],
        "resumed_frac": done.resumed_frac,
        "sample_frac": done.sample_frac,
        "dry_run": done.dry,
        "samples": done.samples,
        "work_s": meanings.work_s,
        "straggler_factor": np.maximum(1.0, np.round(meanings.work_s / (done.samples * meanings.sample_s), 9)),
        "cpu_util_frac": found.cpu_util_frac,
        "gpu_util_frac": found.gpu_util_frac,
        "interference": found.interference,
        "interference_power": found.interference_power,
        "heat_per_c": found.heat,
        "configuration": found.configuration,
    }
    table = pa.table({name: columns[name] for name, _, _ in MEANING})
    p, k = found.speed.shape
    speeds = pa.table(
        {
            "configuration": np.repeat(np.arange(p), k),
            "machine": [m.name for m in machines] * p,
            "speed": found.speed.ravel(),
            "cpu_scale": found.cpu_scale.ravel(),
            "gpu_scale": found.gpu_scale.ravel(),
        }
    )
    return _described(table, MEANING), _described(speeds, SPEED)


def _described(table: pa.Table, columns: tuple[tuple[str, str, str], ...]) -> pa.Table:
    """The table with unit and meaning in each field."""
    fields = [
        field.with_metadata({"unit": unit, "description": about})
        for field, (_, unit, about) in zip(table.schema, columns, strict=True)
    ]
    return table.cast(pa.schema(fields))


def _said(row: Any) -> tuple[str, str, str, str, str, int, int, str]:
    data = "" if row.kind.dataset is None else row.kind.dataset.name
    if isinstance(row.kind, Network):
        work = row.work
        return (
            row.kind.mode.name, row.kind.model.name, row.kind.family, data, work.precision, work.batch, work.inner,
            "samples",
        )  # fmt: skip
    return row.kind.task, row.kind.tool.name, row.kind.family, data, "", 0, 0, row.kind.tool.unit
