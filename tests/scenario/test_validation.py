"""Bad input: every problem at once, each with file, line, path, expectation and hint."""

# ruff: noqa: E501  # the golden report is kept as it is printed

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from greensched.core.errors import ConfigError
from greensched.scenario.load import load
from greensched.scenario.prepare import prepare, validate
from greensched.scenario.problems import ScenarioError
from tests.scenario.build import MINIMAL, text, write

BAD_FILE = """\
greensched: 1
name: golden
start: 2022-06-06T00:00:00Z
horizon: 1d
sede: 3
policy: {name: lowest-carbn}
datacenters:
  - {name: a, zone: DEE, hosts: [{type: epyc-2012, count: 0}], pue: 0.9}
  - name: a
    zone: NO
    hosts: [{type: epyc-2021, count: 2, cuont: 1}]
    pue: {model: temprature, mean: 1.2}
workload: {source: synthetic, jobs: -5, deadlines: {distribution: unifrom}}
network: {gbps: fast}
"""
GOLDEN = """\
10 problems in the scenario:
  s.yml:5  sede: unknown key 'sede', expected one of advisories, baseline, currency, datacenters, drain, end, execution, faults, greensched, hardware, horizon, host_types, mind, \
mode, name, network, noise, on_mind_failure, policy, privileged, seed, signals, slot, start, workload (did you mean 'seed'?)
  s.yml:6  policy.name: unknown policy 'lowest-carbn', expected one of {policies} (did you mean 'lowest-carbon'?)
  s.yml:8  datacenters[0].hosts[0].count: out of range, expected at least 1, got 0
  s.yml:8  datacenters[0].hosts[0].type: unknown host type 'epyc-2012', expected one of a10-node, a100-node, epyc-2019, epyc-2021, \
h100-node, l4-node, t4-node, v100-node, xeon-2016, xeon-2019, xeon-2021 (did you mean 'epyc-2021'?)
  s.yml:8  datacenters[0].pue: out of range, expected at least 1, got 0.9
  s.yml:8  datacenters[0].zone: unknown zone 'DEE', expected one of {zones} (did you mean 'DE'?)
  s.yml:9  datacenters[1].name: 'a' is already the name of datacenters[0], expected unique names
  s.yml:11  datacenters[1].hosts[0].cuont: unknown key 'cuont', expected one of count, sleep, type (did you mean 'count'?)
  s.yml:12  datacenters[1].pue: unknown model 'temprature', expected one of static, temperature, load \
(did you mean 'temperature'?)
  s.yml:13  workload.deadlines.distribution: unknown value, expected 'uniform' or 'lognormal', got 'unifrom' \
(did you mean 'uniform'?)
  s.yml:13  workload.jobs: out of range, expected at least 1, got -5
  s.yml:14  network.gbps: wrong type, expected a number, got 'fast'
"""


def test_golden_text_of_many_problems_at_once(tmp_path: Path) -> None:
    from greensched.core import registry
    from greensched.signals.zones import zones

    with pytest.raises(ScenarioError) as error:
        load(text(tmp_path, BAD_FILE))
    expected = GOLDEN.replace("{policies}", ", ".join(registry.names("policy"))).replace(
        "{zones}", ", ".join(sorted(zones()))
    )
    assert str(error.value) == expected.replace("10 problems", "12 problems").rstrip()
    assert len(error.value.problems) == 12


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "pue of text": (
        {"datacenters": [{"name": "a", "zone": "DE", "pue": "120%", "hosts": [{"type": "epyc-2021", "count": 1}]}]},
        r"datacenters\[0\]\.pue: wrong type, expected a number of 1 or more, or a mapping with the key model, got '120%'",
    ),
    "a zone that is not built in": (
        {"datacenters": [{"name": "a", "zone": "FR", "hosts": [{"type": "epyc-2021", "count": 1}]}]},
        r"unknown zone 'FR', expected one of .*, ZA$",
    ),
    "workload of text": ({"workload": "synthetic"}, r"workload: wrong type, expected a mapping, got 'synthetic'"),
    "unknown key": ({"wrokload": {}}, "unknown key 'wrokload'.*did you mean 'workload'"),
    "missing key": ({"start": ...}, r"start: missing, expected a value"),
    "no unit": ({"horizon": 6}, "expected a duration with a unit such as '90 s'"),
    "unknown unit": ({"horizon": "6 fortnights"}, "expected a duration with a unit"),
    "not UTC": ({"start": "2022-06-06T00:00:00+02:00"}, "expected UTC"),
    "no time": ({"start": "yesterday"}, "expected an ISO 8601 instant"),
    "bad name": ({"name": "../x"}, "not allowed, expected lower case letters"),
    "long name": ({"name": "x" * 65}, "at most 64"),
    "negative seed": ({"seed": -1}, "seed: out of range, expected at least 0, got -1"),
    "text for a number": ({"seed": "1"}, "seed: wrong type, expected a whole number, got '1'"),
    "slot beyond horizon": ({"slot": "7h"}, "slot must not be longer than horizon"),
    "zero slot": ({"slot": "0s"}, "must be longer than 0"),
    "no datacenters": ({"datacenters": []}, "datacenters: too few items, expected at least 1"),
    "not a list": ({"datacenters": {"a": 1}}, "wrong type, expected a list"),
    "unknown baseline": ({"baseline": "local-onyl"}, "did you mean 'local-only'"),
    "forecast not whole hours": ({"signals": {"forecasts": {"issue_every": "90min"}}}, "whole hours"),
    "NaN": ({"network": {"gbps": float("nan")}}, "network.gbps: .*got nan"),
    "unknown origin": ({"workload": {"source": "synthetic", "origins": {"tokio": 1}}}, "did you mean 'tokyo'"),
    "no origin": ({"workload": {"source": "synthetic", "origins": {"tokyo": 0}}}, "all shares are 0"),
    "no source": ({"workload": {"jobs": 5}}, "missing key 'source'"),
    "data without folder": (
        {"signals": {"source": "data"}},
        "signals.source: source data needs a folder: run with --data",
    ),
    "trace without folder": ({"workload": {"source": "azure-v1"}}, "needs the data pack: run with --data DIR"),
    "real forecasts without folder": ({"signals": {"forecasts": {"source": "real"}}}, "need the data pack"),
    "latencies without folder": ({"network": {"rtt": "gcp"}}, "network.rtt: measured latencies need the data pack"),
    "climbing path": ({"workload": {"source": "file", "file": "../jobs.csv"}}, "leaves the scenario's folder"),
    "absolute path": ({"workload": {"source": "file", "file": "/etc/passwd"}}, "leaves the scenario's folder"),
    "absent file": ({"workload": {"source": "file", "file": "jobs.csv"}}, "no file 'jobs.csv' inside"),
    "csv without folder": ({"signals": {"source": "csv"}}, "source csv needs the key folder"),
    "rising deadlines": (
        {"workload": {"source": "synthetic", "deadlines": {"low": 5.0, "high": 2.0}}},
        r"workload\.deadlines: high \(2\) must be at least low \(5\)",
    ),
    "quantiles": (
        {"workload": {"source": "synthetic", "truth": {"cpu_util_quantiles": [[0.0, 0.1], [0.5, 0.2]]}}},
        "ranks must rise from 0 to 1",
    ),
}


DC = MINIMAL["datacenters"][0]


def _site(**changes: Any) -> dict[str, Any]:
    return {"datacenters": [DC | changes, MINIMAL["datacenters"][1]]}


def _jobs(**changes: Any) -> dict[str, Any]:
    return {"workload": {"source": "synthetic", "jobs": 5} | changes}


CASES |= {  # slips of the pen that would overflow, or that the world would refuse
    "too many hosts": (_site(hosts=[{"type": "epyc-2021", "count": 10**12}]), r"count: out of range, .*at most 1e\+06"),
    "steep PUE": (_site(pue={"model": "temperature", "base": 1.1, "slope_per_c": 1e308}), "slope_per_c: .*at most 10,"),
    "huge overhead": (_site(pue={"model": "load", "fixed_w": 1e300, "slope": 1.1}), r"fixed_w: .*at most 1e\+10"),
    "huge price": (_site(price_per_kwh=1e308), r"price_per_kwh: .*at most 1e\+06"),
    "no capacity": (_site(utilisation_cap=1e-300), "utilisation_cap: .*at least 0.001"),
    "huge share": (_site(load_share=1e308), r"load_share: .*at most 1e\+09"),
    "no bandwidth": ({"network": {"gbps": 1e-300}}, "gbps: .*at least 0.001"),
    "huge transfer energy": ({"network": {"kwh_per_gb": 1e308}}, "kwh_per_gb: .*at most 1000"),
    "endless decision": ({"mind": {"decide_timeout_s": 1e300}}, r"decide_timeout_s: .*at most 1e\+06"),
    "no time to decide": ({"mind": {"decide_timeout_s": 1e-9}}, "decide_timeout_s: .*at least 0.001"),
    "wild data": (_jobs(owners={"data_sigma": 1000.0}), "data_sigma: .*at most 5"),
    "huge data": (_jobs(owners={"data_median_gb": 1e300}), r"data_median_gb: .*at most 1e\+07"),
    "wild estimates": (_jobs(owners={"estimate_sigma": 1e5}), "estimate_sigma: .*at most 5"),
    "long jobs": (_jobs(durations={"max": "10000000d"}), "durations.max: too long, expected at most 3660d"),
    "wild durations": (_jobs(durations={"sigma": 30.0}), "durations.sigma: .*at most 5"),
    "crossed durations": (
        _jobs(durations={"min": "1h", "max": "1min"}),
        r"durations: max \(1min\) must be .* min \(1h\)",
    ),
    "no duration": (_jobs(durations={"min": "0s", "median": "0s"}), "durations: median and max must be longer than 0"),
    "endless deadlines": (_jobs(deadlines={"low": 1e18, "high": 1e18}), r"deadlines.low: .*at most 10000"),
    "wild bursts": (_jobs(arrivals={"burstiness": 1e9}), "burstiness: .*at most 10"),
    "falling quantiles": (
        _jobs(durations={"quantiles": [[0.5, "1h"], [0.9, "1min"]]}),
        "durations: quantiles: expected at least two, ranks between 0 and 1 and run times above 0, both rising",
    ),
    "no such trace": (_jobs(like="azure"), "like: "),
    "half a day": (_jobs(arrivals={"profile": [1.0] * 12}), "profile: expected 24 rates that are not all 0, got 12"),
    "three shares": (_jobs(arrivals={"burst_shares": [1, 2, 3]}), "burst_shares"),
    "flat batches": (_jobs(arrivals={"batch_alpha": 1e-9}), "batch_alpha: .*at least 0.1"),
    "true is no version": ({"greensched": True}, "greensched: unknown value, expected 1, got True"),
    "endless horizon": ({"horizon": "99999999999d"}, "horizon: too long, expected at most 3660d"),
    "digits without end": ({"horizon": "9" * 400 + "d"}, "horizon: too long"),
    "end of time": ({"start": "9999-12-31T23:00:00Z"}, "start: expected a year from 1900 to 2199"),
    "tiny slots": ({"slot": "1us"}, "28,800,000,000 slots, expected at most 1,000,000: give a longer slot"),
    "a century": ({"horizon": "36500d"}, "horizon: too long, expected at most 3660d"),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_bad_scenarios(tmp_path: Path, case: str) -> None:
    changes, message = CASES[case]
    with pytest.raises(ConfigError, match=message):
        load(write(tmp_path, **changes))


HOSTS = [{"type": "own", "count": 1}]
OWN = {"cores": 4, "mem_gb": 8, "power_w": [50, 100]}


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ({"power_w": [50]}, "power_w: too few items, expected at least 2"),
        ({"power_w": [100, 50]}, "power_w must not fall"),
        ({"gpus": 2}, "gpus and gpu_type belong together"),
        ({"gpus": 1, "gpu_type": "X", "gpu_idle_w": 9, "gpu_max_w": 1}, "must be at least gpu_idle_w"),
        ({"speed": {"general": 0}}, r"speed\.general: out of range, expected at least 0.001, got 0"),
        ({"cores": -1}, "cores: out of range, expected at least 0.001, got -1"),
        ({"power_w": [0, 1e308]}, r"power_w\[1\]: out of range, expected at most 1e\+06"),
        ({"speed": {"general": 1e300}}, "out of range, expected at most 1000"),
        ({"speed": {"general": 1e-300}}, "out of range, expected at least 0.001"),
        ({"gpus": 65, "gpu_type": "X"}, "gpus: out of range, expected at most 64"),
    ],
)
def test_bad_host_types(tmp_path: Path, host: dict[str, Any], message: str) -> None:
    datacenters = [{"name": "a", "zone": "DE", "hosts": HOSTS}]
    with pytest.raises(ConfigError, match=message):
        load(write(tmp_path, host_types={"own": OWN | host}, datacenters=datacenters))
    load(write(tmp_path, host_types={"own": OWN}, datacenters=datacenters))


def test_links_must_not_lead_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("arrival_s,duration_s,cores\n0,1,1\n")
    inside = tmp_path / "project"
    inside.mkdir()
    (inside / "jobs.csv").symlink_to(outside)
    with pytest.raises(ConfigError, match="link that leads out"):
        load(write(inside, workload={"source": "file", "file": "jobs.csv"}))


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_only_plain_files_are_read(tmp_path: Path, kind: str) -> None:
    jobs = tmp_path / "jobs.csv"
    os.mkfifo(jobs) if kind == "pipe" else jobs.mkdir()
    with pytest.raises(ConfigError, match=r"'jobs\.csv' is not a file"):
        load(write(tmp_path, workload={"source": "file", "file": "jobs.csv"}))


def gap(folder: Path, zone: str, cells: list[str]) -> None:
    folder.mkdir(exist_ok=True)
    rows = [f"2022-06-06T{h:02}:00:00Z,{c}" for h, c in enumerate(cells)]
    (folder / f"{zone}.csv").write_text("\n".join(["ts,carbon_gpkwh", *rows, ""]))


CSV = {"source": "csv", "folder": "grid", "forecasts": {"source": "none"}}
FULL = ["300"] * 8


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["300", "300", "", *FULL[3:]], r"has a gap at 2022-06-06T02:00:00Z \(1 missing values\)"),
        (["300", "nan", *FULL[2:]], "has a gap at 2022-06-06T01:00:00Z"),
        (["300", "-5", *FULL[2:]], "is -5 at 2022-06-06T01:00:00Z, expected 0 to 100000"),
        (["300", "1e308", *FULL[2:]], r"is 1e\+308 at 2022-06-06T01:00:00Z, expected 0 to 100000"),
        (["300", "inf", *FULL[2:]], "is inf at 2022-06-06T01:00:00Z"),
        (
            FULL[:6],
            r"covers 2022-06-06T00:00:00Z to 2022-06-06T06:00:00Z, expected all of .* \(start \+ horizon \+ drain\)",
        ),
    ],
)
def test_gaps_and_bad_values_in_signals(tmp_path: Path, cells: list[str], message: str) -> None:
    gap(tmp_path / "grid", "JP-TK", FULL)
    gap(tmp_path / "grid", "DE", cells)
    with pytest.raises(ScenarioError, match=r"s\.yml:\d+  datacenters\[0\]\.zone: carbon_gpkwh of .*" + message):
        validate(write(tmp_path, signals=CSV))
    gap(tmp_path / "grid", "DE", FULL)
    validate(write(tmp_path, signals=CSV))


def test_gaps_and_workload_problems_come_together(tmp_path: Path) -> None:
    gap(tmp_path / "grid", "JP-TK", [*FULL[:7], ""])
    gap(tmp_path / "grid", "DE", ["", *FULL[1:]])
    (tmp_path / "jobs.csv").write_text("arrival_s,duration_s,cores,deadline_s\n5,10,-1,1\n")
    path = write(tmp_path, signals=CSV, workload={"source": "file", "file": "jobs.csv"})
    with pytest.raises(ScenarioError) as error:
        prepare(path, tmp_path / "run")
    report = str(error.value)
    for part in (
        "3 problems",
        "gap at 2022-06-06T00:00:00Z",
        "gap at 2022-06-06T07:00:00Z",
        "cores must be above 0 in line 2",
        "deadline before arrival",
    ):
        assert part in report
    assert not (tmp_path / "run").exists()


def test_a_zone_without_temperature_cannot_have_a_fitted_pue(tmp_path: Path) -> None:
    gap(tmp_path / "grid", "DE", FULL)
    gap(tmp_path / "grid", "JP-TK", FULL)
    datacenters = [
        MINIMAL["datacenters"][0] | {"pue": {"model": "temperature", "mean": 1.3}},
        MINIMAL["datacenters"][1],
    ]
    with pytest.raises(ScenarioError) as error:
        validate(write(tmp_path, signals=CSV, datacenters=datacenters))
    assert "no temperature_c for DE" in str(error.value)
    assert "the yearly mean cannot be fitted" in str(error.value)


def test_zone_without_built_in_site_needs_its_own_facts(tmp_path: Path) -> None:
    gap(tmp_path / "grid", "XX", FULL)
    bare = {"name": "x", "zone": "XX", "hosts": [{"type": "epyc-2021", "count": 1}]}
    with pytest.raises(ScenarioError) as error:
        load(write(tmp_path, signals=CSV, datacenters=[bare]))
    assert "expected lat and lon" in str(error.value)
    assert "expected pue" in str(error.value)
    validate(write(tmp_path, signals=CSV, datacenters=[bare | {"lat": 1.0, "lon": 2.0, "pue": 1.5}]))


def test_tasks_that_fit_nowhere_are_a_counted_warning(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text("arrival_s,duration_s,cores,mem_gb\n0,10,1,1\n0,10,129,1\n0,10,1,9999\n")
    loaded = validate(write(tmp_path, workload={"source": "file", "file": "jobs.csv"}))
    assert loaded.problems.warnings == ["2 of 3 tasks fit no host of any datacenter and will be rejected"]


def test_unknown_gpu_type_of_a_workload(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text("arrival_s,duration_s,cores,gpus,gpu_type\n0,10,1,1,H100\n")
    with pytest.raises(ScenarioError, match="GPU type H100 of the workload is in no datacenter"):
        validate(write(tmp_path, workload={"source": "file", "file": "jobs.csv"}))
