"""Real arrivals, sizes and run times, with text that agrees with them: the workload ``hybrid``.

The text is synthetic and labelled so. A job's run time on the reference machine is exactly the trace's; its description
names an application, of the job's size, and the amount of work that takes this long.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from greensched.core.types import F64, I64
from greensched.traces import enrich
from greensched.traces.table import Jobs
from greensched.truths import applications
from greensched.truths.applications import Applications
from greensched.truths.costs import usual_sample_s
from greensched.truths.described import Meanings, put_into_words
from greensched.truths.kinds_of_work import Network
from greensched.truths.roofline import needed_gpus

_LEAST_SAMPLES = 200.0  # in the shortest job of a group, so that whole numbers of them tell the run time
AGREES_FRAC = 0.006
"""How far the amount of work in a text may be from the run time, unless a note says so."""


def give_text(seed: int, jobs: Jobs, split: str, apps: int) -> tuple[Jobs, Meanings]:
    """Text and meaning for the jobs of a trace.

    Args:
        seed: of the scenario.
        jobs: with run times, cores and GPUs; a submission's jobs share an application.
        split: see :mod:`greensched.truths.splits`.
        apps: number of recurring applications.

    Returns:
        The jobs in the same order with their text; their notes say what is synthetic, and how many texts agree less.
    """
    # of small shares of a GPU alone nothing could be drawn; what fits them is looked for among the others
    most_gpus = max(1.0, float(jobs.gpus.max(initial=0.0)))
    share = float((jobs.gpus > 0).mean()) if len(jobs) else 0.0
    drawn = applications.draw(seed, split, apps, share, most_gpus)
    app = _assign(seed, jobs, drawn)
    told, meanings = put_into_words(seed, jobs, drawn, app, split, 0.0, exact=True)
    agreed_s = meanings.amounts.samples * meanings.sample_s
    off = np.abs(agreed_s / np.maximum(jobs.duration_s, 1e-9) - 1.0) > AGREES_FRAC
    told.notes = [
        *told.notes,
        f"names, owners, labels and descriptions are synthetic (split {split}); times and sizes are the trace's",
        *(
            [f"the texts of {int(off.sum())} of {len(jobs)} jobs agree with their run times only roughly"]
            if off.any()
            else []
        ),
    ]
    return told, meanings


def _assign(seed: int, jobs: Jobs, apps: Applications) -> I64:
    """An application for each submission: of its kind, fit for its GPUs, in small enough steps for its run times."""
    # tasks with and without GPUs of one submission do different work
    parts = dataclasses.replace(jobs, group=2 * jobs.group + (jobs.gpus > 0))
    group, rank = enrich.ranks(seed, parts)
    n = len(rank)
    shortest_s, gpus = np.full(n, np.inf), np.full(n, np.inf)
    np.minimum.at(shortest_s, group, jobs.duration_s)
    np.minimum.at(gpus, group, jobs.gpus)
    need, sample_s = _demands(apps)
    chosen = np.zeros(n, np.int64)
    classes, member_of = np.unique(
        np.column_stack([gpus, np.floor(np.log2(np.maximum(shortest_s, 1e-3)))]), axis=0, return_inverse=True
    )
    for c, (held, log_s) in enumerate(classes.tolist()):
        rows = np.flatnonzero(member_of.ravel() == c)
        right = np.flatnonzero((apps.gpu > 0) == (held > 0))
        fine = right[(need[right] <= held) & (sample_s[right] * _LEAST_SAMPLES <= 2.0**log_s)]
        if not len(fine):
            fine = right[np.argsort(need[right] + sample_s[right], kind="stable")[:1]]
        chosen[rows] = enrich.match(rank[rows], fine, apps.longer, apps.popularity)
    return chosen[group]


def _demands(apps: Applications) -> tuple[F64, F64]:
    """GPUs that each application needs at least, and the seconds of a sample at its usual size."""
    need = [needed_gpus(r.kind.model, r.kind.mode) if isinstance(r.kind, Network) else 0.0 for r in apps.rows]
    return np.array(need), np.array([usual_sample_s(row) for row in apps.rows])
