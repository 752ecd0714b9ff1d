"""Synthetic forecasts that behave like a forecaster's: a seeded martingale of revisions.

Let A(k) be the value of hour k and F(m, k) what was issued at the start of hour m. Each hour j reveals a little about
every later hour: an innovation s(i) * eps_j(k) with i = k - j, correlated along k. The forecast error is the sum of
what is still unrevealed, so that

    log F(m, k) = log A(k) + sum_{j=m..k} s(k - j) * eps_j(k) - sigma(h)^2 / 2,      h = k - m + 1,

with sum_{i<h} s(i)^2 = sigma(h)^2. Hence the newest issue is the best one, and mixing in older issues (the same error
plus independent noise) only hurts. sigma(h) is set so that the mean absolute percentage error of days 1 to 4 equals the
measured one. F(m, k) depends on A(k) alone: never on what comes after the hour it predicts.

The series of one zone share their revisions: whoever expects too much wind expects too little carbon. Were their errors
independent, they would be several looks at one truth, and fusing them would beat the calibrated error of carbon by a
fifth; sharing _SHARED_WEATHER of the revisions leaves a linear fusion less than a twentieth.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64, I64
from greensched.signals.zones import SOLAR_MAPE_PCT, WIND_MAPE_PCT, ZoneFacts, zones

MODEL = "martingale of revisions, calibrated to the CarbonCast day-1..4 MAPE of 2021 H2"
FORECAST_KINDS = ("carbon_gpkwh", "wind_frac", "solar_frac", "renewable_frac")
_SHARED_WEATHER = 0.8  # correlation of a renewable's revisions with carbon's, sign reversed; least gain by fusion in
# US-TEX-ERCO, US-CAL-CISO and DE: at 0.6 and at 0.9 the worst of them gains more
_ALONG_VALID_TIMES = 0.95  # correlation of one hour's revisions between neighbouring valid hours
_GENERIC_MAPE_PCT = (6.0, 10.0, 12.0, 13.0)  # a zone without published errors: near the median of CARBON_MAPE_PCT
_CARBON_PER_RENEWABLE = 1.8  # change of log intensity per unit of renewable share (see synthetic.py)


@dataclass(frozen=True)
class Issues:
    """Forecast issues of one series: row r was issued at the start of ``issue_step[r]`` and begins with its value."""

    issue_step: I64
    values: F64  # (issues, horizon); NaN where the actual is missing


def mape_pct(zone: str, kind: str) -> tuple[float, ...]:
    """Published (or derived) mean absolute percentage error per day ahead, in percent."""
    facts = zones().get(zone)
    if kind == "wind_frac":
        return WIND_MAPE_PCT
    if kind == "solar_frac":
        return SOLAR_MAPE_PCT
    carbon = facts.carbon_mape_pct if facts is not None else _GENERIC_MAPE_PCT
    if kind == "renewable_frac":
        return _renewable_mape_pct(facts, carbon)
    return carbon


def _renewable_mape_pct(facts: ZoneFacts | None, carbon: tuple[float, ...]) -> tuple[float, ...]:
    """Error of the renewable share that would explain the measured carbon error, at most 40 %."""
    mean = facts.renewable_frac if facts is not None else 0.3
    return tuple(min(m / (_CARBON_PER_RENEWABLE * max(mean, 0.02)), 40.0) for m in carbon)


def sigma_of_mape(mape_frac: float) -> float:
    """Sigma of a lognormal error of mean 1 whose mean absolute error is ``mape_frac`` (a fraction)."""
    return 2.0 * NormalDist().inv_cdf(0.5 * (mape_frac / 2.0 + 1.0))


def sigma_curve(daily_mape_pct: tuple[float, ...], steps: int, per_hour: int = 1) -> F64:
    """Sigma of each step ahead: non-decreasing, and averaging to the given error over each of the four days.

    With steps shorter than an hour the variance grows in proportion to time within the first half hour: the present is
    known. No such error is published; it is continued from the hourly one.
    """
    target = np.array([sigma_of_mape(m / 100.0) for m in daily_mape_pct])
    knots = target.copy()
    centres = 24.0 * np.arange(len(target)) + 12.0
    day = 24 * per_hour
    lead = (np.arange(max(steps, day * len(target))) + 0.5) / per_hour
    early = lead < 0.5
    for _ in range(200):
        sigma = np.interp(lead, np.concatenate([[0.0], centres]), np.concatenate([[0.45 * knots[0]], knots]))
        beyond = lead > centres[-1]
        sigma[beyond] = knots[-1] + (lead[beyond] - centres[-1]) / 24.0 * max(knots[-1] - knots[-2], 0.0)
        sigma[early] = sigma[~early][0] * np.sqrt(lead[early] / 0.5)
        sigma = np.maximum.accumulate(sigma)
        daily = sigma[: day * len(target)].reshape(len(target), day).mean(axis=1)
        knots = np.maximum.accumulate(knots * target / daily)
    result: F64 = sigma[:steps]
    return result


def zone_revisions(seed: int, zone: str, kind: str, steps: int, horizon: int, per_hour: int = 1) -> F64:
    """Revisions of one series of a zone, for :func:`martingale`; those of a renewable mostly mirror carbon's.

    Args:
        seed: of the run.
        zone: grid zone.
        kind: one of ``FORECAST_KINDS``.
        steps: length of the actual series.
        horizon: steps per issue.
        per_hour: steps per hour.
    """
    common = revisions(stream(seed, "forecasts", zone), steps, horizon, per_hour)
    if kind == "carbon_gpkwh":
        return common
    own = revisions(stream(seed, "forecasts", zone, kind), steps, horizon, per_hour)
    mixed: F64 = np.sqrt(1.0 - _SHARED_WEATHER**2) * own - _SHARED_WEATHER * common
    return mixed


def martingale(
    reveal: F64, actual: F64, issue_steps: I64, horizon: int, daily_mape_pct: tuple[float, ...], per_hour: int = 1
) -> Issues:
    """Issue forecasts of an even series.

    Args:
        reveal: :func:`revisions` of this series, for as many steps and as long a horizon.
        actual: values, from step 0; non-negative, NaN where missing.
        issue_steps: steps at whose start a forecast is issued.
        horizon: steps per issue; what lies beyond the end of ``actual`` is NaN.
        daily_mape_pct: mean absolute percentage error of days 1..4, percent.
        per_hour: steps per hour.
    """
    n = len(actual)
    sigma = sigma_curve(daily_mape_pct, horizon, per_hour)
    step = np.sqrt(np.diff(np.concatenate([[0.0], sigma**2])).clip(min=0.0))
    # unrevealed[k, i]: what hour k's value still hides when the hours k - i .. k are to come
    rows = np.arange(n)[:, None] - np.arange(horizon)[None, :] + horizon
    unrevealed = np.cumsum(step[None, :] * reveal[rows, np.arange(horizon)[None, :]], axis=1)
    valid = issue_steps[:, None] + np.arange(horizon)[None, :]
    inside = valid < n
    k = np.where(inside, valid, 0)
    error = unrevealed[k, np.arange(horizon)[None, :]] - 0.5 * sigma[None, :] ** 2
    values = np.where(inside, actual[k] * np.exp(error), np.nan)
    return Issues(issue_steps, values)


def revisions(rng: np.random.Generator, steps: int, horizon: int, per_hour: int = 1) -> F64:
    """eps[horizon + j, i]: unit normal revision made in step j about the value i steps later, correlated along i.

    Rows reach from ``horizon`` steps before the series to its end at ``steps``.
    """
    eps = rng.standard_normal((steps + horizon, horizon))
    along = _ALONG_VALID_TIMES ** (1.0 / per_hour)
    fresh = np.sqrt(1.0 - along**2)
    for i in range(1, horizon):
        eps[:, i] = along * eps[:, i - 1] + fresh * eps[:, i]
    return eps
