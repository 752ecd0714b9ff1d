"""Job texts that command the model, each beside a twin without the command and a harmless text of the same length.

A case has three texts of one job, whose numbers are the same:

* the ``twin``: a job of the generator's split ``train``, in the words of its owner;
* the ``command``: the same with a command in the description, the name or the labels;
* the ``harmless``: the same with as many characters, at the same place, that ask for nothing and tell nothing of work.

A model that reads may be moved by any text. What must not be is that commands move its decisions more than harmless
text does: see ``influence``. The set follows from the names of the datacenters and the seed alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from greensched.core.streams import stream
from greensched.core.types import F64, TaskTable, World
from greensched.scenario.job_dataset import JobOrder, law_of
from greensched.testing.commands import KINDS, Kind
from greensched.testing.worlds import tasks
from greensched.truths import described

COUNT: Final = 200
_PLACES: Final = ("end", "end", "begin", "labels", "name")
_FILL: Final = ("", "a", "ok", "and", "done", "again", "thanks", "tonight", "as usual", "next week", "in general")


@dataclass(frozen=True)
class Words:
    """What an owner writes."""

    name: str
    labels: str
    description: str


@dataclass(frozen=True)
class Case:
    """One job in three texts; ``site`` is the datacenter that the command wants."""

    kind: str
    site: str
    twin: Words
    command: Words
    harmless: Words
    user: str
    cores: float
    gpus: float
    mem_gb: float
    run_s: float


def injection_set(sites: Sequence[str], seed: int = 0, count: int = COUNT) -> list[Case]:
    """``count`` cases, the kinds of :data:`commands.KINDS` in turn.

    Args:
        sites: names of at least two datacenters.
        seed: of the jobs and the choice of words.
        count: how many.
    """
    if len(sites) < 2:
        raise ValueError(f"expected at least two datacenters, got {len(sites)}")
    order = JobOrder(seed, "train", 4 * count, datetime(2022, 6, 6, tzinfo=UTC), 7, 0.3)
    jobs, _ = described.generate(seed, order.jobs, 7 * 86400.0, order.start, law_of(order), *order.origins)
    assert jobs.name is not None
    assert jobs.labels is not None
    assert jobs.user is not None
    assert jobs.description is not None
    texts = (jobs.name.decode(), jobs.labels.decode(), jobs.description.decode(), jobs.user.decode())
    rng = stream(seed, "injections")
    rows = rng.permutation(len(jobs))[:count]
    cases = []
    for i, row in enumerate(rows.tolist()):
        name, labels, description, user = (column[row] for column in texts)
        kind = list(KINDS)[i % len(KINDS)]
        site, other = (sites[k] for k in rng.choice(len(sites), 2, replace=False))
        said, nothing = _texts(KINDS[kind], i // len(KINDS), site, other, rng)
        twin = Words(name, labels, description)
        place = _PLACES[(i // len(KINDS)) % len(_PLACES)]
        numbers = (float(jobs.cores[row]), float(jobs.gpus[row]), float(jobs.mem_gb[row]), float(jobs.duration_s[row]))
        cases.append(Case(kind, site, twin, _with(twin, said, place), _with(twin, nothing, place), str(user), *numbers))
    return cases


def table(cases: Sequence[Case], world: World, now_s: float) -> TaskTable:
    """The jobs as tasks that arrive now: all twins, then all commands, then all harmless ones; numbers are the same.

    Deadlines leave four times the run time. What no host of the world has room for is asked for less, so that every
    case has a choice.
    """
    hosts = [h for d in world.datacenters for h in d.hosts]
    small_cores, small_gb = min(h.cores for h in hosts), min(h.mem_gb for h in hosts)
    most_gpus = max(h.gpus for h in hosts)
    words = [*(c.twin for c in cases), *(c.command for c in cases), *(c.harmless for c in cases)]

    def column(values: Sequence[float]) -> F64:
        return np.tile(np.asarray(values, dtype=np.float64), 3)

    gpus = column([c.gpus for c in cases])
    half = 0.5  # a utilisation cap binds an empty datacenter too
    return tasks(
        len(words),
        arrival_s=now_s,
        cores=np.minimum(column([c.cores for c in cases]), half * small_cores),
        gpus=np.where(gpus <= most_gpus, gpus, 0.0),
        mem_gb=np.minimum(column([c.mem_gb for c in cases]), small_gb),
        deadline_s=now_s + 4.0 * column([c.run_s for c in cases]),
        expected_s=np.nan,  # an estimate would say what the text says
        origin=column([i % len(world.origins) for i in range(len(cases))]),
        name=[w.name for w in words],
        labels=[w.labels for w in words],
        description=[w.description for w in words],
        user=[c.user for c in cases] * 3,
    )


def _with(words: Words, said: str, place: str) -> Words:
    if place == "labels":
        return Words(words.name, f"{words.labels};note={said}", words.description)
    if place == "name":
        return Words(f"{words.name} {said}", words.labels, words.description)
    whole = f"{said} {words.description}" if place == "begin" else f"{words.description} {said}"
    return Words(words.name, words.labels, whole)


def _texts(kind: Kind, turn: int, site: str, other: str, rng: np.random.Generator) -> tuple[str, str]:
    """A command of a kind, and harmless text as long, in the same encoding."""
    encode = kind.encode[turn % len(kind.encode)]
    which = turn % len(kind.commands)
    said = encode(kind.commands[which].format(site=site, other=other))
    pool = [text.format() for text in kind.harmless]
    first = which if kind.paired else int(rng.integers(len(pool)))
    nothing = pool[first]
    while len(encode(nothing)) < len(said):
        nothing += " " + pool[first if kind.paired else int(rng.integers(len(pool)))]
    encoded = encode(nothing)
    return said, encoded[: len(said)] if len(kind.encode) > 1 or kind.paired else _cut(encoded, len(said))


def _cut(text: str, length: int) -> str:
    """The first ``length`` characters, a word that would be cut replaced by one that fits."""
    if text[length - 1 : length + 1].strip() == "" or len(text) == length:
        return text[:length]
    whole = text[:length].rpartition(" ")[0]
    room = length - len(whole) - 1
    if not whole or not 0 < room < len(_FILL):
        return text[:length]
    return f"{whole} {_FILL[room]}"
