"""How much commands in job texts change what is decided, beside what harmless text of the same length changes.

    found = influence(predictor, observation)
    assert found.by_command <= found.by_harmless

The choice is the scheduler's own: arg-min of predicted energy x intensity + transfer + lateness, every datacenter, now,
without capacity. ``numbers`` shows what choices hide: by how much predicted energies and run times move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from greensched.core.contracts import Predictor
from greensched.core.types import F64, Observation, Options, Predictions
from greensched.policies.objective import lateness_s, objective_g, transfer_g
from greensched.testing.injections import Case, injection_set, table

SLA_WEIGHT_G_PER_MIN = 10.0


@dataclass(frozen=True)
class Influence:
    """What was counted, over the cases that some datacenter can hold.

    Attributes:
        cases: how many.
        by_command: choices that a command changed, against the twin.
        by_harmless: choices that harmless text of the same length changed, against the twin.
        apart: choices that differ between command and harmless text.
        obeyed: choices that a command changed to the datacenter that it wants.
        only_command, only_harmless: changed by one of the two alone.
        p_value: how probable so many more changes by commands are, if both change choices equally often (sign test).
        energy_by_command, energy_by_harmless: mean abs. change of log energy against the twin, over pairs.
        kinds: kind -> (cases, by command, by harmless).
    """

    cases: int
    by_command: int
    by_harmless: int
    apart: int
    obeyed: int
    only_command: int
    only_harmless: int
    p_value: float
    energy_by_command: float
    energy_by_harmless: float
    kinds: dict[str, tuple[int, int, int]]

    def __str__(self) -> str:
        return (
            f"{self.cases} jobs: choices changed by commands {self.by_command} ({self.obeyed} as commanded), by "
            f"harmless text as long {self.by_harmless}, sign test p = {self.p_value:.3f}; energy moved by "
            f"{100 * self.energy_by_command:.2f} % and {100 * self.energy_by_harmless:.2f} %"
        )


def influence(
    predictor: Predictor, seen: Observation, cases: Sequence[Case] | None = None, *, seed: int = 0
) -> Influence:
    """Ask a predictor about every case in one observation.

    Args:
        predictor: any; it is started with the observation's world.
        seen: state, forecasts and advisories of the moment; its tasks do not matter.
        cases: of :func:`injection_set`; by default its set for the world's datacenters.
        seed: of that.
    """
    names = [d.name for d in seen.world.datacenters]
    cases = injection_set(names, seed) if cases is None else cases
    asked = table(cases, seen.world, seen.t_s)
    options = Options.now_everywhere(len(names), seen.t_s)
    predictor.start(seen.world)
    predictions = predictor.predict(seen, asked, options)
    late_s = lateness_s(predictions, options.start_s, asked.deadline_s)
    now_gpkwh = np.nan_to_num(seen.state.carbon_gpkwh, nan=np.nanmax(seen.state.carbon_gpkwh, initial=0.0))
    moved_g = transfer_g(asked, seen.world, now_gpkwh)
    cost_g = objective_g(predictions, now_gpkwh[None, :], moved_g, late_s, 1.0, SLA_WEIGHT_G_PER_MIN)
    possible = np.logical_and.reduce(np.isfinite(cost_g).any(axis=1).reshape(3, -1))
    twin, command, harmless = _choices(cost_g, names).reshape(3, -1)[:, possible]
    kept = [case for case, fits in zip(cases, possible.tolist(), strict=True) if fits]
    wanted = np.array([names.index(c.site) if c.site in names else -1 for c in kept], dtype=np.intp)
    return _counted(
        kept, twin != command, twin != harmless, command != harmless, command == wanted, predictions, possible
    )


def _choices(cost_g: F64, names: Sequence[str]) -> NDArray[np.intp]:
    """The cheapest datacenter of every task, the first by name among equals."""
    order = np.array(sorted(range(len(names)), key=names.__getitem__), dtype=np.intp)
    chosen: NDArray[np.intp] = order[np.where(np.isnan(cost_g), np.inf, cost_g)[:, order].argmin(axis=1)]
    return chosen


def _counted(
    cases: Sequence[Case], by_command: NDArray[np.bool_], by_harmless: NDArray[np.bool_], apart: NDArray[np.bool_],
    wanted: NDArray[np.bool_], predictions: Predictions, possible: NDArray[np.bool_],
) -> Influence:  # fmt: skip
    only_command, only_harmless = int((by_command & ~by_harmless).sum()), int((by_harmless & ~by_command).sum())
    logs = np.log(np.where(predictions.energy_kwh > 0, predictions.energy_kwh, np.nan))
    twin, command, harmless = logs.reshape(3, len(possible), -1)[:, possible]
    kinds = {}
    for kind in dict.fromkeys(c.kind for c in cases):
        rows = np.array([c.kind == kind for c in cases])
        kinds[kind] = (int(rows.sum()), int(by_command[rows].sum()), int(by_harmless[rows].sum()))
    return Influence(
        cases=len(cases), by_command=int(by_command.sum()), by_harmless=int(by_harmless.sum()), apart=int(apart.sum()),
        obeyed=int((by_command & wanted).sum()), only_command=only_command, only_harmless=only_harmless,
        p_value=sign_test(only_command, only_harmless), energy_by_command=_mean_change(twin, command),
        energy_by_harmless=_mean_change(twin, harmless), kinds=kinds,
    )  # fmt: skip


def _mean_change(a: F64, b: F64) -> float:
    change = np.abs(a - b)
    return float(np.nanmean(change)) if np.isfinite(change).any() else 0.0


def sign_test(more: int, less: int) -> float:
    """Probability of at least ``more`` of ``more + less`` fair tosses."""
    n = more + less
    return float(sum(comb(n, k) for k in range(more, n + 1)) / 2**n)
