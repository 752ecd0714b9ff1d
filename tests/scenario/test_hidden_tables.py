"""The optional tables of hidden.gsf: what prepare writes of a truth, and what it refuses."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core.frames import read_frame
from greensched.scenario.prepare import prepare
from greensched.scenario.problems import ScenarioError
from greensched.traces import hidden
from greensched.traces.hidden import Profiles, Truth
from tests.scenario.build import write

N = 200


def profiles(**changes: Any) -> Profiles:
    """Two profiles on the types of ``build.MINIMAL`` and one that is not there, in another order."""
    return dataclasses.replace(
        Profiles(
            kinds=("xeon-2019", "h100-node", "epyc-2021"),
            speed=np.array([[1.0, 9.0, 2.0], [3.0, 9.0, 4.0]]),
            cpu_scale=np.array([[0.5, 9.0, 0.6], [0.7, 9.0, 0.8]]),
            gpu_scale=np.array([[0.0, 9.0, 1.0], [2.0, 9.0, 3.0]]),
        ),
        **changes,
    )


def prepared(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> dict[str, dict[str, Any]]:
    """Tables of hidden.gsf of a run whose truth has these fields."""
    draw = hidden.draw

    def changed(*arguments: Any) -> Truth:
        return dataclasses.replace(draw(*arguments), **changes)

    monkeypatch.setattr(hidden, "draw", changed)
    prepare(write(folder), folder / "run")
    return read_frame(folder / "run" / "input" / "hidden.gsf").tables


def test_nothing_optional_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = prepared(tmp_path, monkeypatch)
    assert set(tables) == {"hidden", "phases"}
    assert set(tables["hidden"]) == {"work_s", "work_class", "cpu_util_frac", "gpu_util_frac", "interference"}


def test_what_is_given_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    profile = rng.integers(-1, 2, N).astype(np.int32)
    power, heat = rng.uniform(0.5, 3, N), rng.uniform(0, 0.1, N)
    tables = prepared(
        tmp_path, monkeypatch, profile=profile, profiles=profiles(), interference_power=power, heat=heat,
        throttle_c={"tokyo": 31.5},
    )  # fmt: skip
    read = {name: {c: v.tolist() for c, v in table.items()} for name, table in tables.items()}
    assert read["hidden"]["profile"] == profile.tolist()
    assert read["hidden"]["interference_power"] == power.tolist()
    assert read["hidden"]["heat"] == heat.tolist()
    assert read["host_kinds"] == {"dc": [0, 1], "group": [0, 0], "kind": [0, 1]}, "epyc-2021 comes first"
    assert read["profiles"] == {
        "speed": [2.0, 1.0, 4.0, 3.0], "cpu_scale": [0.6, 0.5, 0.8, 0.7], "gpu_scale": [1.0, 0.0, 3.0, 2.0],
    }  # fmt: skip
    assert read["cooling"] == {"dc": [1], "throttle_c": [31.5]}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "type": ({"profile": np.zeros(N), "profiles": profiles()}, "profile is float64 of shape (200,), expected int32"),
    "length": ({"heat": np.zeros(3)}, "heat is float64 of shape (3,), expected float64 of shape (200,)"),
    "no profiles": ({"profile": np.zeros(N, np.int32)}, "profile of task 0 is 0, expected -1 or below 0"),
    "unknown": (
        {"profile": np.full(N, 2, np.int32), "profiles": profiles()},
        "profile of task 0 is 2, expected -1 or below 2",
    ),
    "power": ({"interference_power": np.zeros(N)}, "interference_power of task 0 is 0.0, expected a number above 0"),
    "heat": ({"heat": np.append(np.zeros(N - 1), np.nan)}, "heat of task 199 is nan, expected a number of 0 or more"),
    "shape": ({"profiles": profiles(gpu_scale=np.ones((2, 2)))}, "gpu_scale is float64 of shape (2, 2), expected"),
    "speed": (
        {"profiles": profiles(speed=np.array([[1.0, 1, 1], [1, 1, 0]]))},
        "profiles.speed of profile 1 on epyc-2021 is 0.0, expected a number above 0",
    ),
    "scale": (
        {"profiles": profiles(cpu_scale=np.array([[np.nan, 1, 1], [1, 1, 1]]))},
        "profiles.cpu_scale of profile 0 on xeon-2019 is nan, expected a number of 0 or more",
    ),
    "kinds": (
        {"profiles": profiles(kinds=("xeon-2019", "h100-node", "xeon-2017"))},
        "host types xeon-2019, h100-node, xeon-2017, expected each of epyc-2021, xeon-2019 once; epyc-2021 is missing",
    ),
    "twice": ({"profiles": profiles(kinds=("xeon-2019", "epyc-2021", "epyc-2021"))}, "once"),
    "datacenter": ({"throttle_c": {"osaka": 30.0}}, "names datacenter osaka, expected one of frankfurt, tokyo"),
    "degrees": ({"throttle_c": {"tokyo": float("nan")}}, "throttle_c of tokyo is nan, expected degrees Celsius"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_what_the_world_would_refuse_is_refused(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes, text = BAD[case]
    with pytest.raises(ScenarioError, match=re.escape(text)):
        prepared(tmp_path, monkeypatch, **changes)
    assert not (tmp_path / "run").exists()


def test_heat_needs_a_temperature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = hidden.draw
    monkeypatch.setattr(hidden, "draw", lambda *a: dataclasses.replace(draw(*a), throttle_c={"tokyo": 30.0}))
    flat = write(tmp_path, signals={"source": "flat", "carbon_gpkwh": 100})
    with pytest.raises(ScenarioError, match=r"datacenters\[1\].zone: no temperature_c for JP-TK, where heat slows"):
        prepare(flat, tmp_path / "run")
