"""The block `advisories`: what is drawn, what is refused, and what a run with it does."""

from __future__ import annotations

import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core.frames import read_frame, read_frames
from greensched.feedback.log import FeedbackLog
from greensched.scenario.advisory_events import NEVER_US, Event, events
from greensched.scenario.heat import Wave, rise_c
from greensched.scenario.load import load
from greensched.scenario.prepare import prepare
from greensched.scenario.problems import ScenarioError
from greensched_bridge.inside import run_world_inside
from tests.scenario.build import write
from tests.worlds import jobs_table

H_US = 3_600_000_000
J_PER_KWH = 3.6e6
PUE = {"model": "temperature", "base": 1.2, "t0_c": -50.0, "slope_per_c": 0.01}
HOSTS = {
    "slow": {"cores": 1, "mem_gb": 8, "power_w": [100, 200]},
    "fast": {"cores": 1, "mem_gb": 8, "power_w": [50, 100], "speed": {c: 2 for c in ("general", "memory", "vector")}},
}


def entry(kind: str, **keys: Any) -> dict[str, Any]:
    sizes: dict[str, dict[str, Any]] = {
        "maintenance": {"lasts": "1h"},
        "heat_wave": {"lasts": "4h", "by_c": 10.0},
        "curtailment": {"lasts": "1h", "cap": 0.5},
        "refresh": {"from": "epyc-2021", "to": "xeon-2019"},
    }
    return {"kind": kind, "datacenter": "frankfurt", "at": "1h"} | sizes[kind] | keys


def warm() -> list[dict[str, Any]]:
    """The PUE of the first depends on the temperature."""
    return [
        {"name": "frankfurt", "zone": "DE", "hosts": [{"type": "epyc-2021", "count": 2}], "pue": PUE},
        {"name": "tokyo", "zone": "JP-TK", "hosts": [{"type": "xeon-2019", "count": 4}]},
    ]


def folder_of(folder: Path, advisories: dict[str, Any], **changes: Any) -> Path:
    prepare(write(folder, advisories=advisories, **({"datacenters": warm()} | changes)), folder / "run")
    return folder / "run"


def rows(run: Path) -> list[tuple[float, int, str]]:
    """What is announced: hour, datacenter, text."""
    path = run / "input" / "advisories.gsf"
    if not path.exists():
        return []
    t = read_frame(path).table("advisories")
    return list(zip((t["issue_us"] / H_US).tolist(), t["dc"].tolist(), t["text"], strict=True))


def drawn(folder: Path, law: dict[str, Any], **changes: Any) -> list[Event]:
    scenario = {"horizon": "60d", "drain": "0s", "datacenters": warm()} | changes
    loaded = load(write(folder, advisories={"random": [law]}, **scenario))
    found = events(loaded)
    loaded.problems.raise_if_any()
    return found


def test_a_schedule_becomes_what_the_world_reads(tmp_path: Path) -> None:
    schedule = [
        entry("maintenance", first=1, notice="30min", text="Host 2 leaves."),
        entry("curtailment", datacenter="tokyo", at="2h", notice="0s"),
        entry("refresh", **{"datacenter": "tokyo", "at": "3h", "from": "xeon-2019", "to": "epyc-2021", "count": 3}),
        entry("heat_wave", at="4h", notice="1h", happens=False),
        entry("curtailment", at="5h", notice="2h", cancelled="90min"),
    ]
    run = folder_of(tmp_path, {"schedule": schedule})
    told = rows(run)
    assert [(at, dc) for at, dc, _ in told] == [(0.0, 1), (0.5, 0), (2.0, 1), (3.0, 0), (3.0, 0), (3.5, 0)]
    assert told[1][2] == "Host 2 leaves."
    t = read_frame(run / "input" / "faults.gsf").table("faults")
    columns = ("start_us", "end_us", "kind", "dc", "first", "count")
    assert list(zip(*(t[c].tolist() for c in columns), strict=True)) == [
        (0, 3 * H_US, 3, 1, 4, 3),  # the new hosts are not there yet
        (H_US, 2 * H_US, 3, 0, 1, 1),
        (2 * H_US, 3 * H_US, 4, 1, 0, 0),
        (3 * H_US, NEVER_US, 3, 1, 0, 3),
    ]
    np.testing.assert_array_equal(t["cap_frac"], [np.nan, np.nan, 0.5, np.nan])
    for name in ("advisories.gsf", "faults.gsf"):
        assert stat.S_IMODE((run / "input" / name).stat().st_mode) == 0o600, "no mind may read what is to come"


def test_without_a_block_nothing_is_written_that_was_not(tmp_path: Path) -> None:
    run = folder_of(tmp_path, {})
    assert not (run / "input" / "advisories.gsf").exists()
    assert not (run / "input" / "faults.gsf").exists()


def test_what_begins_after_the_run_is_not_announced(tmp_path: Path) -> None:
    done = prepare(write(tmp_path, advisories={"schedule": [entry("maintenance", at="8h")]}), tmp_path / "run")
    assert done.warnings == [
        "1 advisories are about a time after the end of the run (horizon + drain): they never happen and are not issued"
    ]
    assert rows(tmp_path / "run") == []


def _random(**keys: Any) -> dict[str, Any]:
    return {"random": [{"kind": "maintenance", "per_month": 5, "size": [0.1, 0.5]} | keys]}


def _one(kind_: str, **keys: Any) -> dict[str, Any]:
    return {"schedule": [entry(kind_) | keys]}


@pytest.mark.parametrize(
    ("block", "path", "words"),
    [
        (_one("maintenance", datacenter="frankfort"), "advisories.schedule[0].datacenter", "did you mean 'frankfurt'"),
        (_one("maintenance", hosts=3), "advisories.schedule[0].first", "0 to 1"),
        (_one("maintenance", host=1), "advisories.schedule[0].host", "did you mean 'hosts'"),
        (_one("maintenance", kind="maintainance"), "advisories.schedule[0]", "did you mean 'maintenance'"),
        (_one("maintenance", lasts="0s"), "advisories.schedule[0]", "longer than 0"),
        (_one("maintenance", cancelled="2d"), "advisories.schedule[0]", "before it is announced"),
        (_one("curtailment", cap=40), "advisories.schedule[0].cap", "at most 1"),
        (_one("heat_wave", datacenter="tokyo"), "advisories.schedule[0]", "a pue with model temperature"),
        (_one("heat_wave", by_c=99.0), "advisories.schedule[0].by_c", "at most 40"),
        (_one("refresh", **{"from": "epyc-2022"}), "advisories.schedule[0].from", "did you mean 'epyc-2021'"),
        (_one("refresh", to="epyc-2022"), "advisories.schedule[0].to", "did you mean 'epyc-"),
        (_one("refresh", count=3), "advisories.schedule[0].count", "expected 1 to 2"),
        (_one("refresh", old="x"), "advisories.schedule[0].old", "one of at, cancelled, count, datacenter, from"),
        (_random(size=[0.5, 0.1]), "advisories.random[0]", "the smaller one first"),
        (_random(size=[0.5, 1.1]), "advisories.random[0]", "of 0 to 1"),
        (_random(to="epyc-2021"), "advisories.random[0]", "to belongs to kind refresh"),
        (_random(kind="refresh"), "advisories.random[0]", "the type of the hosts that come"),
        (_random(kind="refresh", to="x"), "advisories.random[0].to", "unknown host type 'x'"),
        (_random(datacenters=["x"]), "advisories.random[0].datacenters[0]", "frankfurt"),
        (_random(kind="heat_wave", size=[1, 9], datacenters=["tokyo"]), "advisories.random[0]", "nothing at tokyo"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, block: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(ScenarioError) as error:
        prepare(write(tmp_path, advisories=block, datacenters=warm()), tmp_path / "out")
    assert [p.path for p in error.value.problems] == [path]
    assert words in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_refresh_takes_what_none_before_has_taken(tmp_path: Path) -> None:
    at: dict[str, Any] = {"datacenter": "tokyo", "from": "xeon-2019", "to": "epyc-2021"}
    schedule = [
        entry("refresh", **(at | {"count": 1})), entry("refresh", **(at | {"at": "2h"})),
        entry("refresh", **(at | {"at": "3h", "count": 1})),
    ]  # fmt: skip
    with pytest.raises(ScenarioError, match=r"schedule\[2\]\.count: the refreshes above take all xeon-2019"):
        prepare(write(tmp_path, advisories={"schedule": schedule}, datacenters=warm()), tmp_path / "out")
    run = folder_of(tmp_path, {"schedule": schedule[:2]})
    t = read_frame(run / "input" / "faults.gsf").table("faults")
    assert list(zip(t["first"].tolist(), t["count"].tolist(), strict=True)) == [(4, 1), (5, 3), (0, 1), (1, 3)]


@pytest.mark.parametrize("kind", ["maintenance", "curtailment", "refresh", "heat_wave"])
def test_seeds_draw_different_events_at_the_rate_that_was_asked_for(tmp_path: Path, kind: str) -> None:
    law = {"kind": kind, "per_month": 30.0, "size": [0.25, 0.5] if kind != "heat_wave" else [3, 12], "notice": "8h"}
    law |= {"to": "fast"} if kind == "refresh" else {}
    zero, one = (drawn(tmp_path, law, seed=seed, host_types=HOSTS) for seed in (0, 1))
    assert drawn(tmp_path, law, seed=0, host_types=HOSTS) == zero
    assert not {e.start_us for e in zero} & {e.start_us for e in one}, "seed 0 is a seed like any other"
    if kind != "refresh":  # which ends when everything has been replaced
        for dc in {e.dc for e in zero}:
            assert 35 < sum(e.dc == dc for e in zero) < 90, "a Poisson process of mean 60"
    assert {e.dc for e in zero} == ({0} if kind == "heat_wave" else {0, 1}), "heat only where it is felt"
    for e in zero:
        assert 2 * H_US <= e.start_us - e.issue_us <= 8 * H_US or e.issue_us == 0
        assert e.kind != "maintenance" or 1 <= e.count <= e.of_hosts / 2
        assert e.kind != "heat_wave" or 3 <= e.by_c <= 12


def test_streams_are_apart(tmp_path: Path) -> None:
    """Another law, or a datacenter more, changes nothing about what was there."""
    first, second = _random()["random"][0], _random(kind="curtailment")["random"][0]
    base: dict[str, Any] = {"horizon": "30d", "datacenters": warm()}
    alone = events(load(write(tmp_path, advisories={"random": [first]}, **base)))
    both = events(load(write(tmp_path, advisories={"random": [first, second]}, **base)))
    assert both[: len(alone)] == alone
    assert {e.start_us for e in alone}.isdisjoint(e.start_us for e in both[len(alone) :])
    third = {"name": "paris", "zone": "ES", "hosts": [{"type": "epyc-2021", "count": 2}]}
    more = events(load(write(tmp_path, advisories={"random": [first]}, **(base | {"datacenters": [*warm(), third]}))))
    assert [e for e in more if e.dc < 2] == alone


def test_false_alarms_and_cancellations(tmp_path: Path) -> None:
    law = _random(per_month=100.0)
    every = events(load(write(tmp_path, advisories=law | {"false_alarms": 0.3, "cancellations": 0.5}, horizon="60d")))
    off = [e for e in every if e.cancel_us is not None]
    false = [e for e in every if not e.happens and e.cancel_us is None]
    assert 0.2 < len(false) / len(every) < 0.4
    assert 0.25 < len(off) / len(every) < 0.45
    assert all(not e.happens and e.issue_us <= e.cancel_us <= e.start_us for e in off if e.cancel_us is not None)
    run = folder_of(tmp_path, law | {"false_alarms": 1.0}, horizon="30d")
    assert len(rows(run)) > 100
    assert not (run / "input" / "faults.gsf").exists(), "nothing happens"


def play(folder: Path, advisories: dict[str, Any], execution: str = "exact", pue: Any = 1.0) -> Path:
    """One core and two tasks, of 600 s from 0 s and of 100 s from 400 s, both using all of it; an hour."""
    folder.mkdir()
    (folder / "jobs.csv").write_text("arrival_s,duration_s,cores,mem_gb,data_gb\n0,600,1,1,0\n400,100,1,1,0\n")
    truth = {"cpu_util_quantiles": [[0, 1], [1, 1]], "phased_share": 0.0, "interference": 0.0}
    scenario = write(
        folder, advisories=advisories, host_types=HOSTS, horizon="1h", drain="0s", mode="immediate",
        execution=execution, noise={"time_sigma": 0.0, "power_sigma": 0.0},
        workload={"source": "file", "file": "jobs.csv", "truth": truth},
        datacenters=[{"name": "frankfurt", "zone": "DE", "hosts": [{"type": "slow", "count": 1}], "pue": pue}],
    )  # fmt: skip
    prepare(scenario, folder / "run")
    assert run_world_inside(folder / "run").exit_code == 0
    return folder / "run"


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
@pytest.mark.parametrize("execution", ["exact", "cloudsim"])
@pytest.mark.parametrize(
    ("announced", "second", "joules"),
    [
        # the second follows the first; 100 W for an hour and 100 W more for 700 s
        (None, (600, 700), 3600 * 100 + 700 * 100),
        # drained at 600 s, off until 1000 s
        (entry("maintenance", at="300s", lasts="700s"), (1000, 1100), 3200 * 100 + 700 * 100),
        # held back until 1000 s, but the host idles meanwhile
        (entry("curtailment", at="300s", lasts="700s", cap=0.0), (1000, 1100), 3600 * 100 + 700 * 100),
        # a new host of twice the speed and half the power takes it at 500 s; the old one goes when it is empty
        (
            entry("refresh", **{"at": "500s", "from": "slow", "to": "fast"}),
            (500, 550),
            600 * 200 + 50 * 100 + (3100 - 50) * 50,
        ),
        (entry("maintenance", at="300s", lasts="700s", happens=False), (600, 700), 3600 * 100 + 700 * 100),
        (entry("curtailment", at="300s", lasts="700s", cap=0.0, cancelled="60s"), (600, 700), 4300 * 100),
    ],
    ids=["nothing", "maintenance", "curtailment", "refresh", "false alarm", "called off"],
)
def test_what_is_announced_happens(
    tmp_path: Path, execution: str, announced: Any, second: tuple[float, float], joules: float
) -> None:
    run = play(tmp_path / "w", {"schedule": [] if announced is None else [announced]}, execution)
    jobs, hosts = jobs_table(run), read_frame(run / "world" / "hosts.gsf").table("hosts")
    assert (jobs["start_s"][0], jobs["finish_s"][0]) == pytest.approx((0, 600)), "what runs goes on"
    assert (jobs["start_s"][1], jobs["finish_s"][1]) == pytest.approx(second)
    assert float(hosts["it_kwh"].sum()) * J_PER_KWH == pytest.approx(joules, rel=1e-9)
    assert jobs["attempts"].tolist() == [1, 1], "nothing is interrupted"


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_a_heat_wave_raises_the_pue_by_its_degrees(tmp_path: Path) -> None:
    """0.01 per degree: from 10 to 50 min the rise is up to 8 degrees, all of it in the middle half."""
    wave = entry("heat_wave", at="10min", lasts="40min", by_c=8.0)
    plain, hot = (play(tmp_path / n, {"schedule": s}, pue=PUE) for n, s in (("plain", []), ("hot", [wave])))
    pues = [
        np.array([f.table("datacenters")["pue"][0] for f in read_frames(run / "world" / "datacenters.gsf")])
        for run in (plain, hot)
    ]
    ramp = [float(np.sin(np.pi / 2 * x)) ** 2 for x in (0.25, 0.75)]  # middles of the two slots of the rise
    rise = [0.0, 0.0, *ramp, 1.0, 1.0, 1.0, 1.0, *ramp[::-1], 0.0, 0.0]
    np.testing.assert_allclose(pues[1] - pues[0], 0.08 * np.array(rise), atol=1e-12)
    one, other = (read_frame(run / "input" / "forecasts.gsf") for run in (plain, hot))
    assert one.meta == other.meta
    np.testing.assert_array_equal(one.table("values")["value"], other.table("values")["value"])
    label = read_frame(hot / "input" / "signals.gsf").meta["labels"]["0.temperature_c"]
    assert label["source"].endswith("; raised by heat waves of the scenario")


@pytest.mark.java
@pytest.mark.usefixtures("world_jar")
def test_nobody_is_told_before(tmp_path: Path) -> None:
    schedule = [entry("curtailment", at=f"{m}min", lasts="1min", notice="5min", cap=0.9) for m in range(5, 60, 3)]
    run = play(tmp_path / "w", {"schedule": schedule})
    log, told = FeedbackLog.open(run / "feedback.sqlite"), 0
    for delta in log.deltas():
        assert all(a.issue_s <= delta.t_s for a in delta.advisories)
        told += len(delta.advisories)
    log.close()
    assert told > 1


def test_no_rise_outside_and_all_of_it_inside() -> None:
    wave = Wave(0, 100, 500, 10.0, ())
    at = np.array([0.0, 100.0, 150.0, 200.0, 400.0, 450.0, 500.0, 600.0])
    np.testing.assert_allclose(rise_c(wave, at), [0, 0, 5, 10, 10, 5, 0, 0], atol=1e-12)


def test_what_the_texts_say_is_true(tmp_path: Path) -> None:
    """Every time of day, every 'tomorrow' and every share of a text is that of its event."""
    begin, checked = datetime(2022, 6, 6, tzinfo=UTC), 0
    for kind, size in (("maintenance", [0.1, 0.9]), ("curtailment", [0, 1])):
        law = {"random": [{"kind": kind, "per_month": 300.0, "size": size, "notice": "5d", "lasts_sigma": 1.0}]}
        scenario = write(tmp_path, advisories=law, horizon="30d", datacenters=warm())
        found = sorted(events(load(scenario)), key=lambda e: (e.issue_us, e.dc))
        prepare(scenario, tmp_path / kind)
        for event, (_, dc, text) in zip(found, rows(tmp_path / kind), strict=True):
            times = (begin + timedelta(microseconds=t) for t in (event.issue_us, event.start_us, event.end_us))
            issue, start, end = times
            assert dc == event.dc
            clocks = re.findall(r"\d\d:\d\d", text)
            assert set(clocks) <= {f"{start:%H:%M}", f"{end:%H:%M}"}, text
            shares = [float(x) for x in re.findall(r"([\d.]+)(?: ?%| per cent) of", text)]
            assert shares == pytest.approx([100 * event.cap_frac] * len(shares), rel=5e-3), text
            if "tomorrow" in text:
                assert ((start - timedelta(hours=5)).date() - issue.date()).days in (0, 1), text
            checked += len(clocks) + len(shares) + ("tomorrow" in text)
    assert checked > 300
