"""What an answer may say at most: a factor around the analytic prediction, and what hardware can draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, Predictions
from greensched.core.units import S_PER_MIN
from greensched.predictors.envelope import LONGEST_S
from greensched.predictors.generate.form import Floor, Form
from greensched.predictors.generate.numbers import Number

_SMALLEST = 1e-9  # what a number of nine decimals can say
_MARGIN = 0.999  # of the envelope, so that no rounding leaves it
_FORM_MARGIN = 0.99  # of it, for answers under the grammar: their numbers have four figures
_SAME = 1e-9  # minutes and back


def shared(service_s: F64, prior: Predictions) -> F64:
    """The wait in s that is part of a service time: as physics says, and the same share of a shorter time.

    So what a model says beyond the prior is run time, and what it says below takes from both.
    """
    with np.errstate(invalid="ignore", divide="ignore"):  # a service time of 0 has no share
        share = np.where(prior.service_time_s > 0, prior.wait_s / prior.service_time_s, 0.0)
    wait_s: F64 = np.minimum(prior.wait_s, service_s * share)
    return wait_s


def plausible(
    energy_kwh: F64, service_s: F64, prior: Predictions, most_kwh_per_s: F64, most_off: float
) -> NDArray[np.bool_]:
    """Which pairs are within ``most_off`` times the prior, more or less, and within the envelope; NaN is not."""
    run_s = service_s - shared(service_s, prior)
    most_off *= 1 + _SAME
    fine: NDArray[np.bool_] = (
        (energy_kwh >= prior.energy_kwh / most_off)
        & (energy_kwh <= prior.energy_kwh * most_off)
        & (service_s >= prior.service_time_s / most_off)
        & (service_s <= np.minimum(prior.service_time_s * most_off, LONGEST_S))
        & (energy_kwh <= _MARGIN * most_kwh_per_s * run_s)
    )
    return fine


def form_of(regions: tuple[str, ...], prior: Predictions, most_kwh_per_s: F64, most_off: float) -> Form:
    """The form of an answer about ``regions`` that is :func:`plausible`, whatever numbers it takes.

    Args:
        regions: their names.
        prior: of one job, arrays of shape (regions,).
        most_kwh_per_s: of the same shape.
        most_off: factor around the prior.
    """
    energies, services, floors = [], [], []
    columns = (prior.energy_kwh, prior.service_time_s, prior.wait_s, most_kwh_per_s)
    for kwh, service_s, wait_s, kwh_per_s in zip(*(c.tolist() for c in columns), strict=True):
        longest_s = min(service_s * most_off, LONGEST_S)
        per_s = max(_FORM_MARGIN * kwh_per_s, 1e-300)
        services.append(_number(service_s / most_off / S_PER_MIN, longest_s / S_PER_MIN))
        energies.append(_number(kwh / most_off, min(kwh * most_off, per_s * (longest_s - wait_s))))
        floors.append(Floor(1.0 / per_s, wait_s, wait_s / service_s if service_s > 0 else 0.0))
    return Form(regions, tuple(energies), tuple(services), tuple(floors))


def _number(least: float, most: float) -> Number:
    most = max(most, _SMALLEST)
    return Number(min(least, most), most)
