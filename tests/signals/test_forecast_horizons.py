"""Forecasts of 5, 15 and 60 minutes and out to 96 hours: error by horizon, correlation across issues, no leak."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greensched.core.errors import DataError
from greensched.core.streams import stream
from greensched.core.types import ForecastBook, ForecastIssue
from greensched.scenario.forecasts import forecast_tables
from greensched.scenario.load import load
from greensched.scenario.prepare import validate
from greensched.scenario.problems import ScenarioError
from greensched.scenario.slots import load_grid
from greensched.signals import issued
from greensched.signals.forecast import martingale, revisions, sigma_curve, sigma_of_mape
from greensched.signals.issued import IssuedRows
from greensched.signals.zones import CARBON_MAPE_PCT
from tests.scenario.build import write

DE = [{"name": "frankfurt", "zone": "DE", "hosts": [{"type": "epyc-2021", "count": 2}]}]
STEPS = {"5min": 12, "15min": 4, "1h": 1}


@pytest.mark.parametrize("per_hour", STEPS.values())
@pytest.mark.parametrize("zone", sorted(CARBON_MAPE_PCT))
def test_sigma_of_every_zone_grows_and_keeps_the_published_days(zone: str, per_hour: int) -> None:
    mape = CARBON_MAPE_PCT[zone]
    sigma = sigma_curve(mape, 96 * per_hour, per_hour)
    assert (np.diff(sigma) >= 0).all()
    daily = sigma.reshape(4, -1).mean(axis=1)
    assert daily == pytest.approx([sigma_of_mape(m / 100) for m in mape], rel=2e-3)
    if per_hour > 1:
        hourly = sigma_curve(mape, 96)
        assert sigma[0] < 0.55 * hourly[0], "five minutes ahead is easier than an hour"
        mean = sigma.reshape(96, per_hour).mean(axis=1)
        np.testing.assert_allclose(mean[1:], hourly[1:], rtol=0.02)  # the same curve, finer


@pytest.mark.parametrize("per_hour", [12, 4])
def test_errors_at_5_15_and_60_minutes_are_those_of_the_curve(per_hour: int) -> None:
    mape, steps, horizon = CARBON_MAPE_PCT["US-TEX-ERCO"], 60_000, 2 * per_hour
    issues = np.arange(0, steps - horizon, dtype=np.int64)
    actual = np.full(steps, 300.0)
    values = martingale(
        revisions(stream(5, "short"), steps, horizon, per_hour), actual, issues, horizon, mape, per_hour
    )
    error = np.log(values.values / 300.0)
    sigma = sigma_curve(mape, horizon, per_hour)
    np.testing.assert_allclose(error.std(axis=0), sigma, rtol=0.06)
    assert 100 * np.abs(np.expm1(error[:, 0])).mean() < 0.5 * mape[0]


@pytest.mark.parametrize("zone", ["US-CAL-CISO", "DE", "PL"])
def test_the_mean_of_past_issues_is_no_better_than_the_newest(zone: str) -> None:
    """Averages of any of the last days' issues about the same hour, by mean absolute percentage error: within 5 %."""
    hours = 3 * 8760
    issues = np.arange(0, hours - 96, 6, dtype=np.int64)
    values = martingale(
        revisions(stream(3, "mean"), hours, 96), np.full(hours, 250.0), issues, 96, CARBON_MAPE_PCT[zone]
    ).values
    for lead_h in (0, 6, 18, 30):
        of_age = [
            values[16 - age : len(values) - age or None, lead_h + 6 * age] for age in range((95 - lead_h) // 6 + 1)
        ]
        size = min(len(x) for x in of_age)
        newest = np.abs(of_age[0][-size:] / 250.0 - 1).mean()
        for ages in ((0, 1), (0, 4), (0, 1, 2, 3), (0, 2, 4, 8), tuple(range(10))):
            mean = np.mean([of_age[a][-size:] for a in ages], axis=0)
            assert np.abs(mean / 250.0 - 1).mean() > 0.95 * newest, (lead_h, ages)


def test_errors_of_one_hour_go_together_across_issues() -> None:
    hours = 20_000
    issues = np.arange(0, hours - 96, dtype=np.int64)
    values = martingale(
        revisions(stream(1, "x"), hours, 96), np.full(hours, 1.0), issues, 96, CARBON_MAPE_PCT["DE"]
    ).values
    log = np.log(values)
    correlation = [float(np.corrcoef(log[age:, 24], log[: -age or None, 24 + age])[0, 1]) for age in (1, 6, 24)]
    sigma = sigma_curve(CARBON_MAPE_PCT["DE"], 96)
    expected = [sigma[24] / sigma[24 + age] for age in (1, 6, 24)]  # what is still unrevealed is common to both
    assert correlation == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize(("step", "per_hour"), STEPS.items())
def test_a_scenario_chooses_the_step(tmp_path: Path, step: str, per_hour: int) -> None:
    spec = {"step": step, "issue_every": "1h", "horizon": "4d"}
    loaded = load(write(tmp_path, horizon="1h", drain="0h", datacenters=DE, signals={"forecasts": spec}))
    grid = load_grid(loaded)
    meta, tables = forecast_tables(loaded, grid)
    issues = tables["issues"]
    assert meta["synthetic"] is True
    assert set(issues["step_us"].tolist()) == {3_600_000_000 // per_hour}
    assert set(issues["count"].tolist()) == {96 * per_hour}
    assert (issues["first_us"] == issues["issue_us"]).all()
    again = forecast_tables(loaded, grid)[1]["values"]["value"]
    assert np.array_equal(tables["values"]["value"], again)


@pytest.mark.parametrize(
    ("forecasts", "message"),
    [
        ({"step": "10min"}, "step must be 5min, 15min or 1h"),
        ({"step": "15min", "issue_every": "10min"}, "issue_every must be whole steps"),
        ({"step": "5min", "horizon": "14d"}, "revisions of each kind"),
    ],
)
def test_steps_that_cannot_be_had_are_refused(tmp_path: Path, forecasts: dict[str, str], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        validate(write(tmp_path, horizon="300d", slot="1h", signals={"forecasts": forecasts}))


def _visible(tables: dict[str, dict[str, np.ndarray]], t_us: int) -> ForecastBook:
    """What the mind has at ``t_us``: the rule of the protocol, issue by issue."""
    issues, book = tables["issues"], ForecastBook()
    for r in range(len(issues["issue_us"])):
        if issues["issue_us"][r] <= t_us:
            first = int(issues["offset"][r])
            values = tables["values"]["value"][first : first + int(issues["count"][r])]
            times = [float(issues[c][r]) / 1e6 for c in ("issue_us", "first_us", "step_us")]
            book.add(ForecastIssue(times[0], int(issues["datacenter"][r]), "carbon_gpkwh", times[1], times[2], values))
    return book


FOLDER_START_S = 1_654_473_600  # 2022-06-06T00:00Z


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(-6 * 3600, 20 * 3600), min_size=1, max_size=8, unique=True),
    st.integers(0, 23 * 3600),
    st.sampled_from([300, 900, 3600]),
)
def test_a_forecast_issued_after_t_is_unreachable_at_t(tmp_path: Path, at_s: list[int], t_s: int, step_s: int) -> None:
    """Whatever a folder holds of later issues: what can be had at t stays the same to the bit when they change."""
    at_s = sorted({-6 * 3600, *at_s})
    hours = [f"2022-06-{6 + h // 24:02d}T{h % 24:02d}:00:00Z,{100 + h}" for h in range(60)]
    (tmp_path / "g").mkdir(exist_ok=True)
    (tmp_path / "g" / "DE.csv").write_text("\n".join(["ts,carbon_gpkwh", *hours, ""]))
    seen = []
    for poison in (0.0, 7.0):
        issues = []
        for at in at_s:
            first = FOLDER_START_S + at // step_s * step_s
            value = 100.0 + at / 3600 + (poison if at > t_s else 0.0)
            issues.append(IssuedRows(FOLDER_START_S + at, first, step_s, {"carbon_gpkwh": np.full(24, abs(value))}))
        (tmp_path / "g" / "forecasts").mkdir(exist_ok=True)
        (tmp_path / "g" / "forecasts" / "DE.csv").unlink(missing_ok=True)
        issued.add(tmp_path / "g", "DE", issues)
        signals = {"source": "csv", "folder": "g", "forecasts": {"source": "real"}}
        loaded = load(
            write(tmp_path, start="2022-06-06T00:00:00Z", horizon="1d", drain="0h", datacenters=DE, signals=signals)
        )
        _, tables = forecast_tables(loaded, load_grid(loaded))
        assert (tables["issues"]["first_us"] + tables["issues"]["step_us"] > tables["issues"]["issue_us"]).all()
        book = _visible(tables, t_s * 1_000_000)
        assert all(issue.issue_s <= t_s for issue in book.newest.values())
        seen.append({key: (i.issue_s, i.value.tobytes()) for key, i in book.newest.items()})
    assert seen[0] == seen[1]
    assert seen[0], "the newest issue before the run is there from its start"


BAD = {
    "other columns": ("ts,carbon_gpkwh\n", ":1: the columns are ts, carbon_gpkwh, expected issue_ts, ts"),
    "none": ("issue_ts,ts,carbon_gpkwh\n", "no issue"),
    "one row": ("issue_ts,ts,wind_frac\n2022-06-06T00:00Z,2022-06-06T00:00Z,1\n", ":2: an issue of one row"),
    "of the past": (
        "issue_ts,ts,wind_frac\n2022-06-06T02:00Z,2022-06-06T00:00Z,1\n2022-06-06T02:00Z,2022-06-06T01:00Z,1\n",
        ":2: is about an interval that was over when it was issued",
    ),
    "issues go back": (
        "issue_ts,ts,wind_frac\n2022-06-06T02:00Z,2022-06-06T02:00Z,1\n2022-06-06T01:00Z,2022-06-06T01:00Z,1\n",
        ":3: issue .* stands after a later one",
    ),
    "uneven": (
        "issue_ts,ts,wind_frac\n" + "".join(f"2022-06-06T00:00Z,2022-06-06T0{h}:00Z,1\n" for h in (0, 1, 3)),
        ":4: does not follow the row before by 3600 s",
    ),
    "no zone of time": ("issue_ts,ts,wind_frac\n2022-06-06T00:00,2022-06-06T00:00Z,1\n", ":2: .* has no time zone"),
    "a share of 45": ("issue_ts,ts,wind_frac\n2022-06-06T00:00Z,2022-06-06T00:00Z,45\n", ":2: wind_frac is 45"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_bad_forecast_files_say_where_and_what(tmp_path: Path, case: str) -> None:
    text, message = BAD[case]
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        issued.read(tmp_path / "x.csv")


def test_issues_of_several_fetches_come_together(tmp_path: Path) -> None:
    def issue(hour: int, **values: float) -> IssuedRows:
        at = FOLDER_START_S + 3600 * hour
        return IssuedRows(at, at, 3600, {kind: np.array([v, np.nan, v]) for kind, v in values.items()})

    issued.add(tmp_path, "DE", [issue(6, carbon_gpkwh=2.0)])
    issued.add(tmp_path, "DE", [issue(0, carbon_gpkwh=1.0), issue(6, wind_frac=0.5)])
    path = issued.add(tmp_path, "DE", [issue(0, carbon_gpkwh=1.0)])
    back = issued.read(path)
    assert [i.issue_s for i in back] == [FOLDER_START_S, FOLDER_START_S + 6 * 3600]
    assert [sorted(i.values) for i in back] == [["carbon_gpkwh"], ["carbon_gpkwh", "wind_frac"]]
    np.testing.assert_array_equal(back[1].values["wind_frac"], [0.5, np.nan, 0.5])
    with pytest.raises(DataError, match="has other values of carbon_gpkwh"):
        issued.add(tmp_path, "DE", [issue(0, carbon_gpkwh=9.0)])
