"""Scenarios on the real data pack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core.frames import read_frame
from greensched.scenario.prepare import prepare, validate
from greensched.scenario.problems import ScenarioError
from tests.scenario.build import MINIMAL, write

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT / "scenarios" / "real-10dc-2022.yml"


@pytest.fixture(scope="module")
def real(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real") / "run"
    prepare(REAL, folder, data=data_folder)
    return folder / "input"


def test_ten_zones_of_2022(real: Path) -> None:
    run = json.loads((real / "run.json").read_text())
    zones = [d["zone"] for d in run["datacenters"]]
    assert zones == [
        "US-CAL-CISO", "US-TEX-ERCO", "US-MIDA-PJM", "CA-ON", "DE", "GB", "ES", "JP-TK", "SG", "IN-WE",
    ]  # fmt: skip
    pue = {d["zone"]: d["pue"]["model"] for d in run["datacenters"]}
    assert pue["ES"] == "static"
    assert [z for z, model in pue.items() if model == "static"] == ["ES"]


def test_the_clean_zone_binds(real: Path) -> None:
    """CA-ON holds at most 15 % of the offered core-hours."""
    run = json.loads((real / "run.json").read_text())
    tasks, hidden = read_frame(real / "tasks.gsf").table("tasks"), read_frame(real / "hidden.gsf").table("hidden")
    offered_core_h = float(tasks["cores"] @ hidden["work_s"]) / 3600.0
    ontario = run["datacenters"][3]
    capacity_core_h = sum(h["count"] * h["cores"] for h in ontario["hosts"]) * run["horizon_us"] / 3.6e9
    assert 0.05 < capacity_core_h / offered_core_h <= 0.15
    assert len(tasks["job"]) == 50_000


def test_real_and_synthetic_are_labelled(real: Path) -> None:
    labels = read_frame(real / "signals.gsf").meta["labels"]
    assert not any(label["synthetic"] for label in labels.values())
    assert labels["7.carbon_gpkwh"]["estimated_frac"] == 1.0  # JP-TK
    assert read_frame(real / "forecasts.gsf").meta["synthetic"] is True
    meta = read_frame(real / "tasks.gsf").meta
    assert meta["labels_synthetic"] is True
    assert "synthetic" in meta["deadline_rule"]
    assert "Azure" in meta["source"]


def test_missing_wind_and_solar_stay_missing(real: Path) -> None:
    signals, forecasts = read_frame(real / "signals.gsf"), read_frame(real / "forecasts.gsf")
    columns = signals.table("signals")
    for dc in (4, 5, 7):  # DE, GB, JP-TK
        assert f"{dc}.wind_frac" not in columns
        assert not np.isnan(columns[f"{dc}.renewable_frac"]).any()
    issues = forecasts.table("issues")
    kinds = {
        dc: {forecasts.meta["kinds"][k] for k in np.array(issues["kind"])[np.array(issues["datacenter"]) == dc]}
        for dc in range(10)
    }
    assert kinds[0] == {"carbon_gpkwh", "wind_frac", "solar_frac"}
    assert kinds[4] == {"carbon_gpkwh", "renewable_frac"}


def test_hourly_values_are_those_of_the_file(real: Path, data_folder: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(
        data_folder / "grid/carbon_intensity_hourly.parquet", filters=[("zone", "==", "DE")]
    ).to_pandas()
    week = table[(table.ts >= "2022-06-06") & (table.ts < "2022-06-13")].sort_values("ts")
    slots = np.array(read_frame(real / "signals.gsf").table("signals")["4.carbon_gpkwh"])[: 7 * 288]
    assert np.array_equal(slots[::12], week.ci_lca.to_numpy(dtype=np.float64))


def test_real_forecasts_of_2021(data_folder: Path, tmp_path: Path) -> None:
    datacenters = [
        {"name": n, "zone": z, "hosts": [{"type": "epyc-2021", "count": 1}]}
        for n, z in (("a", "US-CAL-CISO"), ("b", "DE"))
    ]
    path = write(
        tmp_path,
        start="2021-09-01T06:00:00Z",
        datacenters=datacenters,
        signals={"source": "data", "forecasts": {"source": "real"}},
    )
    prepare(path, tmp_path / "run", data=data_folder)
    frame = read_frame(tmp_path / "run" / "input" / "forecasts.gsf")
    assert frame.meta["synthetic"] is False
    issues = frame.table("issues")
    assert np.unique(issues["issue_us"]).tolist() == [-6 * 3_600_000_000]  # issued at midnight, known from the start
    assert np.unique(issues["count"]).tolist() == [96]


def case(**changes: Any) -> dict[str, Any]:
    return {"signals": {"source": "data"}} | changes


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        (case(start="2022-12-31T20:00:00Z"), ["has a gap at 2023-01-01T00:00:00Z"]),
        (case(start="2030-01-01T00:00:00Z"), ["no carbon_gpkwh for DE", "no carbon_gpkwh for JP-TK"]),
        (
            case(
                datacenters=[{**MINIMAL["datacenters"][0], "zone": "ES", "pue": {"model": "temperature", "mean": 1.1}}]
            ),
            ["no temperature_c for ES", "give pue as a number"],
        ),
        (
            case(signals={"source": "data", "forecasts": {"source": "real"}}),
            ["2021 H2|more than a day"],
        ),
        (case(datacenters=[{**MINIMAL["datacenters"][0], "zone": "XX", "pue": 1.1}]), ["unknown zone 'XX'"]),
    ],
)
def test_what_the_data_does_not_cover(
    data_folder: Path, tmp_path: Path, changes: dict[str, Any], messages: list[str]
) -> None:
    for message in messages:
        with pytest.raises(ScenarioError, match=message):
            validate(write(tmp_path, **changes), data=data_folder)


@pytest.mark.parametrize("source", ["google2011", "alibaba-gpu-2023"])
def test_other_traces(data_folder: Path, tmp_path: Path, source: str) -> None:
    datacenters = [{"name": "a", "zone": "DE", "hosts": [{"type": "a100-node", "count": 4}]}]
    workload = {"source": source, "jobs": 300, "window": {"start": "1d", "compress": 4.0}}
    path = write(tmp_path, datacenters=datacenters, workload=workload)
    prepared = prepare(path, tmp_path / "run", data=data_folder)
    assert 0 < prepared.tasks <= 300
