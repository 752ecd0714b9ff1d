"""``greensched bound``: how far a run was from the best that anybody could have done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from greensched.core.errors import DataError

_KG_PER_G = 1e-3
_SLA_WEIGHT_G_PER_MIN = 10.0  # as of the policy `greensched`


def bound(
    folder: Annotated[Path, typer.Argument(help="Run folder of a privileged run.")],
    sla_weight_g_per_min: Annotated[
        float | None, typer.Option(min=0.0, help="Grams that a minute late counts; else the policy's weight, or 10.")
    ] = None,
) -> None:
    """Print what the jobs of a run cost, and what they would have cost at least (minutes for 50,000 jobs)."""
    import numpy as np

    from greensched.core.types import TaskState
    from greensched.core.units import S_PER_MIN
    from greensched.optimizers.clairvoyant import clairvoyant_bound
    from greensched.optimizers.clairvoyant_starts import Deadlines
    from greensched.results.folder import RunFolder
    from greensched.results.foresight import foresight_of

    if not (folder / "input" / "run.json").is_file():
        raise DataError(f"{folder}: no input/run.json here; expected a run folder")
    run = RunFolder(folder)
    weight = sla_weight_g_per_min
    if weight is None:
        weight = float(run.config["policy"].get("sla_weight_g_per_min", _SLA_WEIGHT_G_PER_MIN))
    seen, jobs = foresight_of(run), run.jobs
    done = np.asarray(jobs["state"]) == TaskState.FINISHED
    late_s = np.maximum(0.0, np.asarray(jobs["finish_s"])[done] - seen.deadline_s[done])
    carbon_g = float(np.nansum(jobs["dynamic_g"]) + np.nansum(jobs["transfer_g"]))
    late_g = float(late_s.sum()) * weight / S_PER_MIN
    soft = clairvoyant_bound(seen, weight / S_PER_MIN)
    hard = clairvoyant_bound(seen, 0.0, Deadlines.HARD, like=soft)
    more_frac = soft.most_g / soft.value_g - 1.0 if soft.value_g > 0 else 0.0
    print(f"{int(done.sum())} of {len(done)} jobs finished, {int((late_s > 0).sum())} of them late")
    for what, grams in (
        ("carbon of the jobs", carbon_g),
        ("  at least, if nobody is late who need not be", hard.of(done)),
        (f"carbon and {weight:g} g per minute late", carbon_g + late_g),
        ("  at least, whoever decides", soft.of(done)),
        ("  at least, if there were room for all", soft.unlimited_g),
    ):
        print(f"{what:<46} {grams * _KG_PER_G:12.3f} kg")
    print(f"other prices of capacity would prove at most {100 * more_frac:.2g} % more")
