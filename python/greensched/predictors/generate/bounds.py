"""What an answer may say at most: a factor around the analytic prediction, and what hardware can draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from greensched.core.types import F64, Predictions
from greensched.core.units import S_PER_MIN
from greensched.predictors.envelope import LONGEST_S
from greensched.predictors.generate.form import Form
from greensched.predictors.generate.numbers import Number

_SMALLEST = 1e-9  # what a number of nine decimals can say
_MARGIN = 0.999  # of the envelope, so that no rounding leaves it
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


def form_of(regions: tuple[str, ...], energy_kwh: F64, service_s: F64, most_off: float) -> Form:
    """The form of an answer about ``regions``, its numbers within ``most_off`` times the prior, more or less."""
    energies = tuple(_number(value, most_off) for value in energy_kwh.tolist())
    services = tuple(_number(min(value, LONGEST_S / most_off) / S_PER_MIN, most_off) for value in service_s.tolist())
    return Form(regions, energies, services)


def _number(prior: float, most_off: float) -> Number:
    most = max(prior * most_off, _SMALLEST)
    return Number(min(prior / most_off, most), most)
