"""Champion and challenger: an update serves only if it is better on what neither learned from.

*Loss* of a report: the mean of abs(ln(predicted / true)) of energy and of service time, each at most ``WORST``. Logs,
since errors are relative; a bound, since a single absurd report must not decide.

*Newest reports*, held back from training: the mean loss must fall, and not by luck. Tested by a paired bootstrap, one
sided: whole answers are drawn again (their reports share the state of the datacenters, so they are no independent
witnesses), and the gain must stay above zero in 95 % of the draws. Wilcoxon's signed-rank test asks whether the median
difference is zero, of independent pairs; here a mean counts, of pairs that are not independent.

*Older reports*, never trained on by anybody: the mean loss may rise by a share only, or the model has forgotten. Places
where the champion itself has become wrong have changed, so that older reports say nothing about them; they are left
out, as long as they are a minority. When most places seem to have changed at once it is the reports that are doubted.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64, I64
from greensched.learning.evidence import Bool, Evidence

WORST = 3.0  # a factor of 20
FEWEST = 30  # reports; fewer judge nobody
_DRAWS, _LEVEL = 2000, 0.05
_MOST_CLUSTERS = 2000
_ONE_WORSE_FRAC = 0.05
"""Energy or service time alone may get worse by this share of itself, or of what both together win if that is more."""
_SMALL_LOSS = 0.02  # about two per cent: more than twice as wrong is allowed below this only
_CHANGED, _FEWEST_PER_PLACE = 1.5, 20
Said = tuple[F64, F64]
"""Energy in kWh and service time in s, a value per report."""


@dataclass(frozen=True)
class Score:
    """How well a predictor did on some reports."""

    reports: int
    loss: float
    energy_loss: float
    service_loss: float
    energy_rmspe_frac: float
    service_rmspe_frac: float
    energy_median_error_frac: float
    service_median_error_frac: float


@dataclass(frozen=True)
class Verdict:
    """Whether the challenger is to serve, why, and the figures behind it.

    ``gain``: how much lower its mean loss on the newest reports is; ``gain_low``: the lower bound of that at 95 %.
    """

    promoted: bool
    reason: str
    gain: float
    gain_low: float
    newest: dict[str, Score]
    older: dict[str, Score]

    def as_json(self) -> dict[str, Any]:
        """Plain values; missing is None."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def losses(said: Said, e: Evidence) -> tuple[F64, F64]:
    """Of energy and of service time, per report; a prediction that is no positive number is as bad as can be."""
    found = []
    for predicted, true in ((said[0], e.energy_kwh), (said[1], e.service_s)):
        with np.errstate(invalid="ignore", divide="ignore"):
            error = np.abs(np.log(predicted / true))
        found.append(np.minimum(np.nan_to_num(error, nan=WORST, posinf=WORST), WORST))
    return found[0], found[1]


def loss(said: Said, e: Evidence) -> F64:
    """Per report: the mean of both."""
    energy, service = losses(said, e)
    both: F64 = 0.5 * (energy + service)
    return both


def score(said: Said, e: Evidence) -> Score:
    """The figures of one predictor; NaN without reports."""
    if len(e) == 0:
        return Score(0, *[float("nan")] * 7)
    energy, service = losses(said, e)
    error = [np.abs(predicted / true - 1.0) for predicted, true in zip(said, (e.energy_kwh, e.service_s), strict=True)]
    rmspe = [float(np.sqrt(np.mean(x**2))) for x in error]
    median = [float(np.median(x)) for x in error]
    return Score(
        len(e), 0.5 * float((energy + service).mean()), float(energy.mean()), float(service.mean()), *rmspe, *median
    )


def judge(
    newest: Evidence,
    older: Evidence,
    champion: tuple[Said, Said],
    challenger: tuple[Said, Said],
    *,
    forget_frac: float,
    seed: int,
) -> Verdict:
    """Decide between two predictors by what they say about the ``newest`` and about ``older`` reports.

    Args:
        newest: held back from the challenger's training.
        older: from before these, learned from by neither.
        champion: what it says about both.
        challenger: likewise.
        forget_frac: by which share the loss on older reports may rise.
        seed: of the bootstrap.
    """
    before, after = (loss(who[0], newest) for who in (champion, challenger))
    gain = float((before - after).mean()) if len(newest) else float("nan")
    low = _lower_bound(before - after, newest.seq, seed)
    steady = _steady(newest, older, champion)
    kept = older.take(steady)
    scores_new = {"champion": score(champion[0], newest), "challenger": score(challenger[0], newest)}
    scores_old = {
        name: score((who[1][0][steady], who[1][1][steady]), kept)
        for name, who in (("champion", champion), ("challenger", challenger))
    }
    fault = _fault(scores_new, scores_old, low, forget_frac)
    if len(newest) >= FEWEST and all(map(np.array_equal, champion[0], challenger[0])):
        fault = f"not better on the newest {len(newest)} reports: it predicts them as the champion does"
    reason = fault or f"loss {scores_new['challenger'].loss:.4f} instead of {scores_new['champion'].loss:.4f}"
    return Verdict(fault is None, reason, gain, low, scores_new, scores_old)


def _fault(new: dict[str, Score], old: dict[str, Score], low: float, forget_frac: float) -> str | None:
    """Why the challenger must not serve; None if nothing speaks against it."""
    champion, challenger = new["champion"], new["challenger"]
    if challenger.reports < FEWEST:
        return f"only {challenger.reports} reports to judge by, at least {FEWEST} are needed"
    if not low > 0:
        return (
            f"not better on the newest {challenger.reports} reports: loss {challenger.loss:.4f}, champion "
            f"{champion.loss:.4f}, and at 95 % the gain may be as low as {low:.4f}"
        )
    for what in ("energy", "service"):
        was, now = getattr(champion, f"{what}_loss"), getattr(challenger, f"{what}_loss")
        if now > min(was + _ONE_WORSE_FRAC * max(was, champion.loss - challenger.loss), max(2.0 * was, _SMALL_LOSS)):
            return f"{what} alone got worse on the newest reports: loss {now:.4f} instead of {was:.4f}"
    if old["challenger"].reports >= FEWEST:
        was, now = old["champion"].loss, old["challenger"].loss
        if now > was * (1 + forget_frac):
            return (
                f"forgets: on {old['challenger'].reports} older reports its loss is {now:.4f} instead of {was:.4f}, "
                f"a rise of {now / was - 1:.0%} where {forget_frac:.0%} is allowed"
            )
    return None


def _lower_bound(gain: F64, cluster: I64, seed: int) -> float:
    """The 5 % quantile of the mean gain over draws of whole clusters."""
    if len(gain) == 0:
        return float("nan")
    _, of = np.unique(cluster, return_inverse=True)
    of = of * min(int(of.max()) + 1, _MOST_CLUSTERS) // (int(of.max()) + 1)  # neighbours together, if there are many
    total, count = np.bincount(of, weights=gain), np.bincount(of)
    k = len(count)
    times = stream(seed, "learning", "bootstrap").multinomial(k, np.full(k, 1 / k), size=_DRAWS)
    return float(np.quantile((times @ total) / (times @ count), _LEVEL))


def _steady(newest: Evidence, older: Evidence, champion: tuple[Said, Said]) -> Bool:
    """Which older reports are from places that have not changed since."""
    now, then = (loss(said, e) for said, e in zip(champion, (newest, older), strict=True))
    changed, judged = [], 0
    for dc in np.unique(older.dc):
        here_now, here_then = now[newest.dc == dc], then[older.dc == dc]
        if min(len(here_now), len(here_then)) >= _FEWEST_PER_PLACE:
            judged += 1
            if here_now.mean() > _CHANGED * here_then.mean():
                changed.append(int(dc))
    if 2 * len(changed) >= judged:
        return np.ones(len(older), dtype=bool)
    steady: Bool = ~np.isin(older.dc, changed)
    return steady


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    return None if isinstance(value, float) and not np.isfinite(value) else value
