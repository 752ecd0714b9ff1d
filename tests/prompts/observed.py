"""A hand-made observation: three datacenters, three jobs, numbers that can be followed by eye."""

from __future__ import annotations

from typing import Any

import numpy as np

from greensched.core.types import Advisory, ForecastBook, ForecastIssue, Observation, TaskTable, World
from greensched.testing.worlds import datacenter, host, idle_state, observation, tasks, world

START = "2025-03-01T12:00:00Z"
NAN = float("nan")


def three_sites() -> World:
    """The paper's three regions; a GPU node in us-west, cores of two speeds in eu-central."""
    gpu = host(type="t4-node", count=2, cores=32.0, gpus=4, gpu_type=1, gpu_idle_w=10.0, gpu_max_w=70.0)
    return world(
        [
            datacenter(0, "us-east", [host(count=10)], pue=1.1),
            datacenter(1, "us-west", [host(count=1), gpu], pue=1.25, cap=0.9),
            datacenter(2, "eu-central", [host(count=3, speed=(1.2, 0.85))], pue=1.0625),
        ],
        start_utc=START,
    )


def jobs(**columns: Any) -> TaskTable:
    """A plain job with a deadline, a shared GPU without one, and one about which little is known."""
    given: dict[str, Any] = {
        "arrival_s": [300.0, 240.0, 300.0],
        "deadline_s": [2100.0, np.inf, NAN],
        "cores": [4.0, 0.5, 2.5],
        "gpus": [0.0, 0.25, 2.0],
        "gpu_type": [-1, -1, 1],
        "mem_gb": [8.0, 0.75, NAN],
        "data_gb": [0.0, 12.5, NAN],
        "origin": [0, 2, 1],
        "priority": [0, 1, 0],
        "expected_s": [1500.0, 90.0, NAN],
        "name": ["nightly-etl", "tune", ""],
        "labels": ["team=data;tier=2", "", ""],
        "user": ["alice", "bob", ""],
        "description": ["Load 40 GB of logs.", "Fine-tune BERT-base on SQuAD, 3 epochs, fp16", ""],
    }
    return tasks(3, **(given | columns))


def seen(asked: TaskTable | None = None, **other: Any) -> Observation:
    """Five past twelve: some signals missing, a queue, failed cores, forecasts of carbon and wind, two advisories."""
    w = three_sites()
    state = idle_state(
        w,
        carbon_gpkwh=[250.0, 200.0, 300.0], wind_frac=[0.4, 0.123, NAN], solar_frac=[0.2, 0.0043, NAN],
        renewable_frac=[0.65, NAN, 0.5], pue=[1.1, 1.2537, NAN], used_cores=[640.0, 0.0, 96.0],
        free_cores=[0.0, 128.0, 96.0], max_free_cores=[0.0, 64.0, 48.0], utilisation_frac=[1.0, 0.0, 0.5],
        it_w=[4200.0, 340.0, 780.5], running=[160, 0, 12], queued=[3, 0, 0], queued_cores=[12.0, 0.0, 0.0],
        queued_mem_gb=[24.0, 0.0, 0.0], inbound=[0, 0, 1], inbound_cores=[0.0, 0.0, 2.0],
        inbound_mem_gb=[0.0, 0.0, 1.5], temperature_c=[21.54, -3.0, NAN], price_per_kwh=[0.1234, 0.08, -0.01],
        failed_cores=[0.0, 0.0, 64.0], down=[0, 1, 0],
    )  # fmt: skip
    book = ForecastBook()
    book.add(
        ForecastIssue(0.0, 0, "carbon_gpkwh", 0.0, 300.0, np.array([250.0, 251.0, 240.0, 230.0, 220.0] + [210.0] * 44))
    )
    book.add(ForecastIssue(0.0, 1, "carbon_gpkwh", 0.0, 3600.0, np.array([201.0, 180.5])))
    book.add(ForecastIssue(0.0, 1, "wind_frac", 0.0, 3600.0, np.array([0.13, 0.2])))
    told = (
        Advisory(0.0, 2, "Two hosts leave for maintenance at 18:00 UTC."),
        Advisory(300.0, 0, "Hitzewelle, bis zu +9 °C"),
    )
    values: dict[str, Any] = {"t_s": 300.0, "advisories": told} | other
    return observation(w, jobs() if asked is None else asked, state, book, **values)
