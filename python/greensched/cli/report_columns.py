"""Columns of the data set of execution reports: unit and meaning, in the files and on the datasheet."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

REPORTS: Final = (
    ("task", "", "number of the job; joins task of jobs.parquet"),
    ("datacenter", "", "the option: run it there, from t_s on; dc of jobs.parquet is where it did run"),
    ("t_s", "s", "when the job was placed, since the start of the run"),
    ("energy_kwh", "kWh", "its own dynamic IT energy there, times PUE, without any share of idle"),
    ("service_time_s", "s", "from t_s to its end there, transfer and queue included"),
    ("wait_s", "s", "the part of it before it would hold cores"),
    ("utilisation_frac", "1", "cores in use as a share of those that may be in use"),
    ("free_cores", "cores", "cores that are free"),
    ("free_gpus", "GPUs", "GPUs that are free"),
    ("running", "tasks", "tasks that run there"),
    ("queued", "tasks", "tasks that wait there"),
    ("queued_cores", "cores", "cores that those ask for"),
    ("queued_gpus", "GPUs", "GPUs that those ask for"),
    ("it_w", "W", "power of its computers"),
    ("pue", "1", "facility power over it"),
    ("carbon_gpkwh", "gCO2eq/kWh", "average carbon intensity of its grid"),
    ("renewable_frac", "1", "share of renewables in its grid"),
    ("price_per_kwh", "currency/kWh", "price of electricity"),
    ("temperature_c", "degrees C", "temperature outside"),
)
"""Columns of reports.parquet; the state is that when the job was placed, as the scheduler saw it."""

STATE: Final = tuple(name for name, _, _ in REPORTS[6:])
"""Those of the state."""

ADVISORIES: Final = (
    ("issue_s", "s", "when it was issued, since the start of the run"),
    ("datacenter", "", "who issued it"),
    ("text", "", "what it says"),
)
"""Columns of advisories.parquet."""

Columns = tuple[tuple[str, str, str], ...]


def described(table: pa.Table, columns: Columns) -> pa.Table:
    """The table with unit and description in each field, in the order of ``columns``."""
    fields = [
        table.schema.field(name).with_metadata({"unit": unit, "description": about}) for name, unit, about in columns
    ]
    return table.select([name for name, _, _ in columns]).cast(pa.schema(fields))


def markdown(columns: Columns) -> str:
    """The same as a table of the datasheet."""
    rows = "\n".join(f"| `{name}` | {unit} | {about} |" for name, unit, about in columns)
    return f"| column | unit | meaning |\n|---|---|---|\n{rows}"
