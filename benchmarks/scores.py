"""Errors of predictors over (job, datacenter) pairs whose truth is known, as rows of a report."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from harness import Report

from greensched.core.contracts import Predictor
from greensched.core.types import F64, Options, Predictions
from greensched.feedback.outcomes import Outcomes

_Z90 = 1.2816  # standard deviations from the median to the 90 % quantile of a normal distribution
FLOOR = {"energy": 0.02, "run time": 0.015}
"""Luck that the generator states; stragglers come on top."""
UNITS = {"energy": "kWh", "run time": "s", "service time": "s"}


def errors(predictor: Predictor, found: list[Outcomes]) -> dict[str, F64]:
    """What is wrong with every pair, by name.

    Relative errors (``energy``) and errors in kWh or s (``energy, off``). Of quantiles: whether each interval holds the
    truth (``energy in 80 %``), its width as a share of the truth (``energy in 80 %, width``), and the pinball loss of
    logarithms, mean over levels (``energy, pinball``).
    """
    parts: dict[str, list[F64]] = {}
    started = None
    for o in found:
        seen = o.observation
        if started is not seen.world:
            predictor.start(seen.world)
            started = seen.world
        told = predictor.predict(seen, o.tasks, Options.now_everywhere(seen.world.n_datacenters, seen.t_s))
        usable = np.isfinite(o.energy_kwh) & (o.energy_kwh > 0)
        at = (o.row[usable], o.dc[usable])
        true = {"energy": o.energy_kwh[usable], "run time": o.run_s[usable], "service time": o.service_time_s[usable]}
        for name, values in _of(told, at, true):
            parts.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in parts.items()}


def _of(told: Predictions, at: tuple[F64, F64], true: dict[str, F64]) -> Iterator[tuple[str, F64]]:
    said = {
        "energy": told.energy_kwh,
        "run time": told.service_time_s - told.wait_s,
        "service time": told.service_time_s,
    }
    for target, values in said.items():
        yield target, values[at] / true[target] - 1
        yield f"{target}, off", values[at] - true[target]
    levels = sorted(told.quantiles)
    if not levels:
        return
    aimed = aimed_at_rmspe(told)
    yield "energy, aimed at RMSPE", aimed.energy_kwh[at] / true["energy"] - 1
    yield "run time, aimed at RMSPE", (aimed.service_time_s - aimed.wait_s)[at] / true["run time"] - 1
    for k, target in enumerate(("energy", "run time")):
        bounds = {q: told.quantiles[q][k][at] - (told.wait_s[at] if k else 0.0) for q in levels}
        for low, high in zip(levels[: len(levels) // 2], reversed(levels), strict=False):
            a, b, share = bounds[low], bounds[high], f"{100 * (high - low):g} %"
            yield f"{target} in {share}", ((a <= true[target]) & (true[target] <= b)).astype(float)
            yield f"{target} in {share}, width", (b - a) / true[target]
        off = {q: np.log(true[target] / bounds[q]) for q in levels}
        yield f"{target}, pinball", np.mean([np.maximum(q * off[q], (q - 1) * off[q]) for q in levels], axis=0)


def aimed_at_rmspe(told: Predictions) -> Predictions:
    """Smaller predictions, the more unsure the smaller: those of the least mean square of predicted / true - 1.

    Of a lognormal truth that is exp(mean - 1.5 spread²). The rival's constant has the same aim; nobody should decide by
    it, since it promises too little.
    """
    (low_kwh, low_s), (high_kwh, high_s) = told.quantiles[0.1], told.quantiles[0.9]
    run_s = told.service_time_s - told.wait_s
    energy, run = (
        np.exp(-1.5 * (np.log(high / low) / (2 * _Z90)) ** 2)
        for low, high in ((low_kwh, high_kwh), (low_s - told.wait_s, high_s - told.wait_s))
    )
    return Predictions(told.energy_kwh * energy, told.wait_s + run_s * run, told.wait_s)


def add_error(report: Report, case: str, target: str, error: F64, wanted: float | None = None) -> None:
    """Root mean square and median of relative errors."""
    report.add(case, f"{target}, RMSPE", 100 * float(np.sqrt(np.mean(error**2))), "%", wanted)
    report.add(case, f"{target}, median error", 100 * float(np.median(np.abs(error))), "%")


def add_root(report: Report, case: str, target: str, off: F64) -> None:
    """Root mean square in kWh or s."""
    report.add(case, f"{target}, RMSE", float(np.sqrt(np.mean(off**2))), UNITS[target.split(",")[0]])


def add_quantiles(report: Report, case: str, told: dict[str, F64], least: bool | None = None) -> None:
    """Coverage, widths and pinball losses.

    Args:
        report: gets them.
        case: names them.
        told: by :func:`errors`.
        least: whether coverage should be at least what is promised, or within a point of it; None: no target.
    """
    for name, values in told.items():
        mean = float(values.mean())
        if name.endswith(", pinball"):
            report.add(case, f"{name} loss of logarithms", mean, "")
        elif name.endswith(", width"):
            report.add(case, f"{name} (share of the truth), mean", mean, "")
        elif " in " in name:
            report.add(case, f"{name}: covered", 100 * mean, "%")
            wrong = 100 * mean - float(name.split()[-2])
            if least is not None:
                target = (0.0, False) if least else (1.0, True)
                report.add(case, f"{name}: off nominal", wrong if least else abs(wrong), "points", *target)


def some(found: Iterator[Outcomes], most: int) -> list[Outcomes]:
    """Outcomes of the first so many jobs."""
    kept, jobs = [], 0
    for o in found:
        kept.append(o)
        jobs += len(o.tasks)
        if jobs >= most:
            break
    return kept
