"""Sentences about one job: what its owner asks for, declares and writes, and how far it has come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from greensched.prompts import headers
from greensched.prompts.numbers import NONE, UNKNOWN, figures, percent, quantity, span
from greensched.prompts.untrusted import field, place


@dataclass(frozen=True)
class Caps:
    """The longest fields of free text, in characters after escaping, and the most advisories that are told."""

    user: int = 64
    name: int = 128
    labels: int = 256
    description: int = 1024
    advisory: int = 512
    advisories: int = 20  # the newest

    def __post_init__(self) -> None:
        for name, cap in vars(self).items():
            if cap < 1:
                raise ValueError(f"cap '{name}': expected at least 1, got {cap}")


def demand(cores: float, gpus: float, mem_gb: float, allowed_s: float) -> str:
    """The paper's sentence. ``allowed_s`` is from arrival to deadline (inf: none), in minutes in the text.

    The deadline is counted from the arrival, as the owner gave it, and not from now: so the text of a job is the same
    in every slot in which it is decided. How much of it has passed is told by :func:`so_far`.
    """
    deadline = NONE if allowed_s == math.inf else span(allowed_s)
    wanted = f"CPU={quantity(cores, 'cores')}, GPU={figures(gpus)}, Mem={quantity(mem_gb, 'GB')}"
    return f"{headers.JOB}: {wanted}, Deadline={deadline}."


def declared(
    gpus: float, gpu_type: int, data_gb: float, origin: int, expected_s: float | None, priority: int, words: Words
) -> str:
    """What else the owner declared: kind of GPU, data to bring, where they are, own estimate of the run time."""
    kind = "any" if gpu_type < 0 else _named(words.gpu_types, gpu_type)
    parts = (
        f"GPU type={kind if gpus > 0 else NONE}",
        f"Data={quantity(data_gb, 'GB')}",
        f"Origin={_named(words.origins, origin)}",
        f"Estimate={NONE if expected_s is None else span(expected_s)}",
        f"Priority={priority}",
    )
    return f"{headers.DECLARED}: {', '.join(parts)}."


def texts(user: str, name: str, labels: str, description: str, caps: Caps) -> str:
    """The owner's own words, each in a field."""
    return (
        f"{headers.USER}: {field(user, caps.user)}. {headers.NAME}: {field(name, caps.name)}. "
        f"{headers.LABELS}: {field(labels, caps.labels)}. "
        f"{headers.DESCRIPTION}: {field(description, caps.description)}."
    )


def so_far(waited_s: float, saved_frac: float) -> str:
    """How long the job has waited since its arrival, and the share of its work that checkpoints have kept."""
    return f"{headers.SO_FAR}: waited={span(waited_s)}, done={percent(saved_frac)}."


@dataclass(frozen=True)
class Words:
    """Names that codes of jobs stand for, escaped."""

    gpu_types: tuple[str, ...]
    origins: tuple[str, ...]

    @staticmethod
    def of(gpu_types: Sequence[str], origins: Sequence[str]) -> Words:
        """Escape the names once."""
        return Words(tuple(map(place, gpu_types)), tuple(map(place, origins)))


def _named(names: tuple[str, ...], code: int) -> str:
    return names[code] if 0 <= code < len(names) else UNKNOWN
