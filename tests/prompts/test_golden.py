"""The paper's form to the byte, and every other sentence, written by hand for the observation of ``observed``."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from greensched.core.permute import permute
from greensched.core.types import ForecastBook
from greensched.prompts import PromptRenderer
from greensched.testing.worlds import datacenter, host, idle_state, observation, tasks, world
from tests.prompts.observed import jobs, seen

HEAD = "Time: 2025-03-01T12:05. "
SITES = (
    "Grid carbon: [us-east:250, us-west:200, eu-central:300] gCO₂/kWh. "
    "Renewables: [us-east: wind=40%, solar=20%; us-west: wind=12%, solar=0.43%; "
    "eu-central: wind=unknown, solar=unknown]. "
    "PUE: [us-east=1.1, us-west=1.254, eu-central=unknown]. "
)
QUESTION = "Where should this job run? Please predict for each region: energy_kWh and service_time_min."
DEMANDS = (
    "Job: CPU=4 cores, GPU=0, Mem=8 GB, Deadline=30 min. ",
    "Job: CPU=0.5 cores, GPU=0.25, Mem=0.75 GB, Deadline=none. ",
    "Job: CPU=2.5 cores, GPU=2, Mem=unknown, Deadline=unknown. ",
)
DECLARED = (
    "Declared: GPU type=none, Data=0 GB, Origin=us-east, Estimate=25 min, Priority=0. ",
    "Declared: GPU type=any, Data=12.5 GB, Origin=eu-central, Estimate=1.5 min, Priority=1. ",
    "Declared: GPU type=t4, Data=unknown, Origin=us-west, Estimate=none, Priority=0. ",
)
HARDWARE = (
    "Hardware: [us-east: 10 x cpu (64 cores, 256 GB, 100-420 W, speed=1), cap=100%; "
    "us-west: 1 x cpu (64 cores, 256 GB, 100-420 W, speed=1) and "
    "2 x t4-node (32 cores, 256 GB, 100-420 W, 4 x t4 of 10-70 W, speed=1), cap=90%; "
    "eu-central: 3 x cpu (64 cores, 256 GB, 100-420 W, speed cpu=1.2 mixed=0.85), cap=100%]. "
)
NETWORKS = (
    "Network: from us-east to "
    "[us-east: home, 0 ms, 10 Gbit/s; us-west: 20 ms, 1 Gbit/s; eu-central: 40 ms, 0.5 Gbit/s]. ",
    "Network: from eu-central to "
    "[us-east: 40 ms, 0.5 Gbit/s; us-west: 20 ms, 1 Gbit/s; eu-central: home, 0 ms, 10 Gbit/s]. ",
    "Network: from us-west to "
    "[us-east: 20 ms, 1 Gbit/s; us-west: home, 0 ms, 10 Gbit/s; eu-central: 20 ms, 1 Gbit/s]. ",
)
STATE = (
    "Utilisation: [us-east=100%, us-west=0%, eu-central=50%]. "
    "IT power: [us-east=4.2, us-west=0.34, eu-central=0.78] kW. "
    "Free: [us-east: cores=0, GPUs=0, Mem=2560 GB, on one host=0 cores and 0 GPUs; "
    "us-west: cores=128, GPUs=8, Mem=768 GB, on one host=64 cores and 4 GPUs; "
    "eu-central: cores=96, GPUs=0, Mem=768 GB, on one host=48 cores and 0 GPUs]. "
    "Queue: [us-east: running=160, waiting=3 (12 cores, 0 GPUs, 24 GB), arriving=0; "
    "us-west: running=0, waiting=0, arriving=0; "
    "eu-central: running=12, waiting=0, arriving=1 (2 cores, 0 GPUs, 1.5 GB)]. "
    "Out of service: [us-west: no power; eu-central: 64 cores]. "
    "Temperature: [us-east=21.5, us-west=-3, eu-central=unknown] °C. "
    "Price: [us-east=0.123, us-west=0.08, eu-central=-0.01] per kWh. "
    "Renewable share: [us-east=65%, us-west=unknown, eu-central=50%]. "
    "Marginal carbon: unknown. "
)
SO_FAR = (
    "So far: waited=0 min, done=0%. ",
    "So far: waited=1 min, done=60%. ",
    "So far: waited=0 min, done=0%. ",
)
# 300 + 300 s is in the third of us-east's steps of 5 minutes and in us-west's first hour; 3 h on only us-east's reach
FORECASTS = (
    "Carbon forecast: in 5, 15, 60, 180 min "
    "[us-east: 240, 220, 210, 210; us-west: 201, 201, 180, unknown; eu-central: unknown, unknown, unknown, unknown] "
    "gCO₂/kWh. "
    "Wind forecast: in 5, 15, 60 min "
    "[us-east: unknown, unknown, unknown; us-west: 13%, 13%, 20%; eu-central: unknown, unknown, unknown]. "
    "Solar forecast: unknown. "
)
WORDS = (
    'User: "alice". Name: "nightly-etl". Labels: "team=data;tier=2". Description: "Load 40 GB of logs.". ',
    'User: "bob". Name: "tune". Labels: none. Description: "Fine-tune BERT-base on SQuAD, 3 epochs, fp16". ',
    "User: none. Name: none. Labels: none. Description: none. ",
)
ADVISORIES = (
    'Advisories: [2025-03-01T12:00 eu-central: "Two hosts leave for maintenance at 18:00 UTC."; '
    '2025-03-01T12:05 us-east: "Hitzewelle, bis zu +9 °C"]. '
)
PROGRESS = {1: 0.6}


@pytest.mark.parametrize("row", [0, 1, 2])
def test_every_level(row: int) -> None:
    said = seen(progress=PROGRESS)
    body = HEAD + DEMANDS[row] + SITES
    steps = (
        ("paper", ""), ("+declared", DECLARED[row]), ("+hardware", HARDWARE), ("+network", NETWORKS[row]),
        ("+state", STATE + SO_FAR[row]), ("+forecasts", FORECASTS), ("+text", WORDS[row]), ("+advisories", ADVISORIES),
        ("full", ""),
    )  # fmt: skip
    assert PromptRenderer(said.world, "job").whole(said, said.tasks)[row] == DEMANDS[row] + QUESTION
    for level, more in steps:
        body += more
        assert PromptRenderer(said.world, level).whole(said, said.tasks)[row] == body + QUESTION, level


def test_the_papers_own_example() -> None:
    """With the third region and the renewables that the paper leaves to the reader."""
    w = world([datacenter(i, n, [host()]) for i, n in enumerate(("us-east", "us-west", "eu-central"))])
    w = dataclasses.replace(w, start_utc="2025-03-01T00:00:00Z")
    state = idle_state(
        w, carbon_gpkwh=[250, 200, 300], wind_frac=[0.4, 0.1, 0.3], solar_frac=[0.2, 0.5, 0], pue=[1.1, 1.2, 1.15]
    )
    now_s = 12 * 3600.0 + 300.0
    asked = tasks(1, cores=4.0, mem_gb=8.0, arrival_s=now_s, deadline_s=now_s + 1800.0)
    (prompt,) = PromptRenderer(w, "paper").whole(observation(w, asked, state, t_s=now_s), asked)
    assert prompt == (
        "Time: 2025-03-01T12:05. Job: CPU=4 cores, GPU=0, Mem=8 GB, Deadline=30 min. "
        "Grid carbon: [us-east:250, us-west:200, eu-central:300] gCO₂/kWh. "
        "Renewables: [us-east: wind=40%, solar=20%; us-west: wind=10%, solar=50%; eu-central: wind=30%, solar=0%]. "
        "PUE: [us-east=1.1, us-west=1.2, eu-central=1.15]. "
        "Where should this job run? Please predict for each region: energy_kWh and service_time_min."
    )


def test_nothing_is_known_and_nothing_is_asked() -> None:
    said = seen()
    for field in dataclasses.fields(said.state):
        values = getattr(said.state, field.name)
        if values.dtype.kind == "f":
            values[:] = np.nan
    said = dataclasses.replace(said, forecasts=ForecastBook(), advisories=())
    renderer = PromptRenderer(said.world)
    context = renderer.slot_context(said)
    assert "Grid carbon: [us-east:unknown, us-west:unknown, eu-central:unknown] gCO₂/kWh." in context
    assert "Temperature: unknown. Price: unknown. Renewable share: unknown. Marginal carbon: unknown." in context
    assert "Carbon forecast: unknown. Wind forecast: unknown. Solar forecast: unknown." in context
    assert renderer.advisories(said) == "Advisories: none."
    assert "nan" not in context.replace("maintenance", "")
    assert renderer.whole(said, said.tasks.take(np.array([], dtype=np.intp))) == []


def test_datacenters_stand_in_the_order_of_the_world() -> None:
    said = permute(seen(), [2, 0, 1])
    (prompt, *_) = PromptRenderer(said.world).whole(said, said.tasks)
    assert "[eu-central:300, us-east:250, us-west:200]" in prompt
    assert "Network: from us-east to [eu-central: 40 ms, 0.5 Gbit/s; us-east: home, 0 ms, 10 Gbit/s; us-west" in prompt
    assert '12:00 eu-central: "Two hosts' in prompt
    assert "Carbon forecast: in 5, 15, 60, 180 min [eu-central: unknown, " in prompt


def test_codes_that_name_nothing_are_unknown() -> None:
    asked = jobs(origin=[7, -1, 0], gpu_type=[0, 9, 9], gpus=1.0)
    said = seen(asked)
    texts = PromptRenderer(said.world).whole(said, asked)
    assert "GPU type=a100, Data=0 GB, Origin=unknown" in texts[0]
    assert "GPU type=unknown, Data=12.5 GB, Origin=unknown" in texts[1]
    assert "Network: unknown." in texts[0]
    assert "Network: unknown." in texts[1]
