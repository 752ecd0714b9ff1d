"""What datacenters and customers of a CloudSim file are called, and what a name stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from greensched.scenario.cloudsim.document import Document, Entry
from greensched.scenario.problems import did_you_mean

_SHOWN = 20  # names in a message
_COMPARED = 10_000  # names among which the one that was perhaps meant is looked for


@dataclass
class Named:
    """What names stand for, each a position or several: a name as the file has it, or that of one copy."""

    datacenters: dict[str, list[int]]
    customers: dict[str, list[int]]


def named(document: Document) -> Named:
    """All names of a document."""
    return Named(
        stands_for(document.datacenters, datacenter_names(document)),
        stands_for(document.customers, customer_names(document)),
    )


def datacenter_names(document: Document) -> list[list[str]]:
    """Names of the copies of each datacenter."""
    return _copies(document.datacenters, "datacenter", lambda text: slug(text, 50))


def customer_names(document: Document) -> list[list[str]]:
    """Names of the copies of each customer."""
    return _copies(document.customers, "customer", str)


def stands_for(entries: list[Entry], copies: list[list[str]]) -> dict[str, list[int]]:
    """Positions by name; an entry's own name stands for all its copies, and for those of its namesakes."""
    places: dict[str, list[int]] = {}
    before = 0
    for entry, names in zip(entries, copies, strict=True):
        given = entry.values["name"]
        for i, name in enumerate(names, before):
            places.setdefault(name, []).append(i)
            if given and name != given:
                places.setdefault(given, []).append(i)
        before += len(names)
    return places


def expected(kind: str, name: str, known: Iterable[str]) -> str:
    """The message about a name that stands for nothing."""
    names = list(islice(known, _COMPARED))
    more = ", ..." if len(names) > _SHOWN else ""
    return (
        f"the file has no {kind} '{name}', expected one of {', '.join(names[:_SHOWN])}{more}{did_you_mean(name, names)}"
    )


def slug(text: str, most: int) -> str:
    """The text as a name of ours: lower case letters, digits, dot, underscore, hyphen."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.strip().lower())[:most].strip("-") or "unnamed"


def _copies(entries: list[Entry], kind: str, spell: Callable[[str], str]) -> list[list[str]]:
    """Unique names of the copies of each entry: the given one, numbered if there are several; else ``kind7``."""
    taken: dict[str, int] = {}
    result: list[list[str]] = []
    before = 0
    for entry in entries:
        given, amount = entry.values["name"], entry.values["amount"]
        base = spell(given) if given else ""
        result.append([_unique(base, kind, k, amount, before, taken) for k in range(amount)])
        before += amount
    return result


def _unique(given: str, kind: str, k: int, amount: int, before: int, taken: dict[str, int]) -> str:
    """A name that is not in ``taken``, which has all names so far, each with the last number that was added to it."""
    base = given if given and amount == 1 else (f"{given}-{k + 1}" if given else f"{kind}{before + k + 1}")
    name = base
    while name in taken:
        taken[base] += 1
        name = f"{base}-{taken[base]}"
    taken[name] = 1
    return name
