"""Workloads in words and hardware that the seed draws, from the scenario to the run folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core.frames import read_frame
from greensched.scenario import described
from greensched.scenario.advisory_events import events
from greensched.scenario.hardware import HOST_TYPES
from greensched.scenario.prepare import prepare, validate
from greensched.scenario.problems import ScenarioError
from greensched.truths.machines import Machine
from tests.scenario import build

DATACENTERS = [
    {"name": name, "zone": zone, "hosts": [{"type": kind, "count": 2} for kind in kinds]}
    for name, zone, kinds in (("frankfurt", "DE", ("a100-node", "epyc-2021")), ("tokyo", "JP-TK", ("t4-node",)))
]
TRACE = "arrival_s,duration_s,cores,gpus\n" + "".join(
    f"{30 * i},{60 + 37 * i},{1 + i % 2},{(0, 1, 0.5)[i % 3]}\n" for i in range(60)
)


def prepared(folder: Path, **changes: Any) -> dict[str, Any]:
    """Frames of a run folder, prepared from the changed scenario."""
    folder.mkdir(exist_ok=True)
    given = {"datacenters": DATACENTERS, "workload": {"source": "synthetic", "text": "train", "jobs": 200}} | changes
    prepare(build.write(folder, **given), folder / "run")
    place = folder / "run/input"
    frames = {name: read_frame(place / f"{name}.gsf") for name in ("tasks", "hidden")}
    return frames | {name: json.loads((place / f"{name}.json").read_text()) for name in ("run", "provenance")}


def column(got: dict[str, Any], frame: str, table: str, name: str) -> Any:
    return got[frame].tables[table][name]


def test_a_workload_in_words(tmp_path: Path) -> None:
    got = prepared(tmp_path)
    assert all(column(got, "tasks", "tasks", "description"))
    assert got["tasks"].meta["labels_synthetic"] is True
    assert "described" in got["tasks"].meta["source"]
    profile = column(got, "hidden", "hidden", "profile")
    speed = np.array(column(got, "hidden", "profiles", "speed"))
    assert min(profile) >= 0
    assert len(speed) == 3 * (max(profile) + 1)
    assert (np.array(column(got, "hidden", "hidden", "interference_power")) >= 1).all()
    assert sorted(column(got, "hidden", "cooling", "dc")) == [0, 1]
    assert (np.diff(column(got, "tasks", "tasks", "arrival_us")) >= 0).all()


def test_hidden_truth_is_of_its_own_task(tmp_path: Path) -> None:
    """Deadlines are derived from the true run times, so a mix-up of rows would show."""
    none = {"distribution": "uniform", "low": 2.0, "high": 2.0, "min": "1s"}
    got = prepared(tmp_path, workload={"source": "synthetic", "text": "train", "jobs": 300, "deadlines": none})
    arrival = np.array(column(got, "tasks", "tasks", "arrival_us")) / 1e6
    deadline = np.array(column(got, "tasks", "tasks", "deadline_us")) / 1e6
    np.testing.assert_allclose((deadline - arrival) / 2, column(got, "hidden", "hidden", "work_s"), atol=1e-5)


def test_jobs_do_not_depend_on_hardware_that_will_come(tmp_path: Path) -> None:
    """Whoever saw jobs on eight GPUs could tell that larger hosts have been ordered."""
    types = {"small": HOST_TYPES["a100-node"].model_dump(exclude_none=True) | {"gpus": 1}}
    small: dict[str, Any] = {
        "host_types": types, "datacenters": [DATACENTERS[1] | {"hosts": [{"type": "small", "count": 3}]}]
    }  # fmt: skip
    small["workload"] = {"source": "synthetic", "text": "train", "jobs": 200, "gpu_share": 0.9}
    refresh = {"kind": "refresh", "datacenter": "tokyo", "at": "3h", "from": "small", "to": "a100-node", "count": 1}
    plain = prepared(tmp_path / "plain", **small)
    renewed = prepared(tmp_path / "renewed", **small, advisories={"schedule": [refresh]})
    for name in plain["tasks"].tables["tasks"]:
        np.testing.assert_array_equal(column(plain, "tasks", "tasks", name), column(renewed, "tasks", "tasks", name))
    assert (
        column(plain, "hidden", "hidden", "work_s").tobytes() == column(renewed, "hidden", "hidden", "work_s").tobytes()
    )


def test_the_truth_sees_the_hardware_of_the_run(tmp_path: Path) -> None:
    types = {
        "own": HOST_TYPES["t4-node"].model_dump(exclude_none=True) | {"speed": {"memory": 0.5, "gpu": 0.25}},
        "bare": HOST_TYPES["xeon-2019"].model_dump(exclude_none=True) | {"speed": {}},
    }
    datacenters = [DATACENTERS[0] | {"hosts": [{"type": kind, "count": 1} for kind in ("bare", "own", "epyc-2019")]}]
    loaded = validate(build.write(tmp_path, host_types=types, datacenters=datacenters))
    assert described.machines(loaded) == [
        Machine("bare", (1.0, 1.0, 1.0), None, 1.0),
        Machine("own", (1.0, 0.5, 1.0), "T4", 0.25),
        Machine("epyc-2019", (0.90, 0.76, 0.72), None, 1.0),
    ]


def test_power_at_rest_at_work_and_of_gpus_are_drawn_apart(tmp_path: Path) -> None:
    gpu = hosts(prepared(tmp_path, hardware={"swap_share": 0.0}))["frankfurt"][0]
    was = HOST_TYPES["a100-node"]
    factors = (
        gpu["power_w"][0] / was.power_w[0],
        (gpu["power_w"][-1] - gpu["power_w"][0]) / (was.power_w[-1] - was.power_w[0]),
        gpu["gpu_max_w"] / was.gpu_max_w,
        *(s / was.speed[name] for s, name in zip(gpu["speed"], ("general", "memory", "vector", "gpu"), strict=True)),
    )
    assert len({round(f, 3) for f in factors}) == 7
    assert all(0.6 < f < 1.6 for f in factors)
    assert gpu["gpu_idle_w"] / was.gpu_idle_w == pytest.approx(factors[2], rel=1e-3)


def test_nothing_throttles_where_nobody_knows_the_temperature(tmp_path: Path) -> None:
    got = prepared(tmp_path, signals={"source": "flat", "carbon_gpkwh": 100.0, "forecasts": {"source": "none"}})
    assert "cooling" not in got["hidden"].tables or not len(column(got, "hidden", "cooling", "dc"))


def test_hybrid_keeps_times_and_sizes_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TRACE)
    workload = {"source": "hybrid", "trace": "file", "file": "t.csv", "text": "test"}
    got = prepared(tmp_path, workload=workload)
    np.testing.assert_allclose(column(got, "hidden", "hidden", "work_s"), 60 + 37 * np.arange(60))
    np.testing.assert_allclose(column(got, "tasks", "tasks", "gpus"), [0, 1, 0.5] * 20)
    assert all(column(got, "tasks", "tasks", "description"))
    assert got["tasks"].meta["labels_synthetic"] is True
    assert got["provenance"]["hardware"] is None
    assert any("synthetic (split test)" in note for note in got["provenance"]["workload"]["notes"])


def test_hybrid_without_its_trace_is_said_so(tmp_path: Path) -> None:
    for workload, told in (
        ({"source": "hybrid", "trace": "azure-v1"}, "trace azure-v1 needs the data pack"),
        ({"source": "hybrid", "trace": "file"}, "belong together"),
        ({"source": "hybrid", "trace": "google2011", "file": "t.csv"}, "belong together"),
        ({"source": "hybrid", "trace": "file", "file": "nowhere.csv"}, "nowhere.csv"),
        ({"source": "synthetic", "text": "tset"}, "tset"),
    ):
        with pytest.raises(ScenarioError, match=told):
            validate(build.write(tmp_path, datacenters=DATACENTERS, workload=workload))


def hosts(got: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {dc["name"]: dc["hosts"] for dc in got["run"]["datacenters"]}


def test_hardware_is_as_published_unless_the_seed_draws_it(tmp_path: Path) -> None:
    plain = hosts(prepared(tmp_path / "plain"))
    zero = hosts(prepared(tmp_path / "zero", hardware={"swap_share": 0.0, "power_sigma": 0.0, "speed_sigma": 0.0}))
    for name, groups in plain.items():
        for a, b in zip(groups, zero[name], strict=True):
            assert a["power_w"] == b["power_w"] and a["speed"] == b["speed"]
            assert b["type"] == f"{a['type']}.{name}.{groups.index(a)}"


def test_every_seed_draws_other_hardware_whatever_the_order(tmp_path: Path) -> None:
    a, b = (hosts(prepared(tmp_path / str(s), hardware={}, seed=s)) for s in (0, 1))
    turned = hosts(prepared(tmp_path / "turned", hardware={}, seed=0, datacenters=DATACENTERS[::-1]))
    assert a == turned
    for name in a:
        for x, y in zip(a[name], b[name], strict=True):
            assert x["power_w"] != y["power_w"]
            assert x["speed"] != y["speed"]
            assert x["gpus"] > 0 or "node" not in x["type"]
            assert all(p <= q for p, q in zip(x["power_w"], x["power_w"][1:], strict=False))


def test_swapped_hosts_are_of_their_sort(tmp_path: Path) -> None:
    folder = prepared(tmp_path, hardware={"swap_share": 1.0}, seed=7)
    assert folder["provenance"]["hardware"] == {"swap_share": 1.0, "power_sigma": 0.08, "speed_sigma": 0.05}
    got = hosts(folder)
    gpu, cpu = got["frankfurt"]
    assert (gpu["gpus"] > 0, cpu["gpus"]) == (True, 0)
    assert gpu["type"].split(".")[0] in HOST_TYPES


def test_no_copy_is_taken_for_another_whatever_they_are_called(tmp_path: Path) -> None:
    """Of two datacenters whose names differ late one had the other's hardware; so had types with long names."""
    own = HOST_TYPES["epyc-2021"].model_dump(exclude_none=True)
    base = "a-datacenter-with-a-name-that-nobody-would-want-to-type"
    kinds = ("a-type-with-a-long-name-1", "a-type-with-a-long-name-2", "a.b", "a")
    datacenters = [
        {"name": name, "zone": "DE", "hosts": [{"type": kind, "count": 1} for kind in kinds]}
        for name in (f"{base}-1", f"{base}-2", "c", "b.c")
    ]
    types = {kind: own for kind in (*kinds, "a.b.c.3")}
    refresh = {"kind": "refresh", "datacenter": f"{base}-1", "at": "3h", "from": kinds[1], "to": "epyc-2019"}
    given = {"hardware": {}, "host_types": types, "datacenters": datacenters}
    got = hosts(prepared(tmp_path, **given, advisories={"schedule": [refresh]}))
    everything = [(tuple(h["power_w"]), h["type"]) for groups in got.values() for h in groups[:4]]
    assert len({power for power, _ in everything}) == len({kind for _, kind in everything}) == 16
    assert all(len(kind) <= 64 for _, kind in everything)
    loaded = validate(tmp_path / "s.yml")
    (event,) = events(loaded)
    assert event.hosts == ((1, 1),)
