"""The form of an answer: one JSON object, fixed words and free numbers, as a grammar of characters.

    {"us-east": {"energy_kWh": 1.23, "service_time_min": 4.5}, "us-west": {...}}

A :class:`Form` knows the candidate regions and the bounds of each number. From its :class:`Place` in an answer it tells
what can come next, so that a decoder that asks it before every step can write nothing but a valid prediction.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

from greensched.core.types import F64
from greensched.core.units import S_PER_MIN
from greensched.predictors.generate.numbers import Number

ENERGY: Final = "energy_kWh"
SERVICE: Final = "service_time_min"


class Place(NamedTuple):
    """A place in an answer: the part that is being said, what of it has been said, and the number before it."""

    part: int
    said: str
    before: str = ""


class Floor(NamedTuple):
    """How long a job must at least take to need some energy: no hardware draws more than so much at a time.

    Attributes:
        s_per_kwh: seconds of run time that a kWh takes at least.
        wait_s: wait that comes before the run.
        share: of a service time, that is wait where the time is too short for all of it.
    """

    s_per_kwh: float
    wait_s: float
    share: float

    def least_min(self, energy_kwh: float) -> float:
        """Shortest service time, in minutes, in which so much energy can be needed."""
        run_s = self.s_per_kwh * energy_kwh
        return min(run_s + self.wait_s, run_s / max(1.0 - self.share, 1e-9)) / S_PER_MIN


@dataclass(frozen=True)
class Form:
    """What a valid answer looks like.

    Attributes:
        regions: names of the candidate datacenters, in the order of the answer.
        energy_kwh: the energies that each may have.
        service_min: the service times that each may have, in minutes.
        floors: what the energy of each demands of its service time; none: nothing.
    """

    regions: tuple[str, ...]
    energy_kwh: tuple[Number, ...]
    service_min: tuple[Number, ...]
    floors: tuple[Floor, ...] = ()

    def __post_init__(self) -> None:
        if not self.regions or len(set(self.regions)) != len(self.regions):
            raise ValueError("an answer is about at least one region, and about each once")
        parts: list[str | Number] = []
        said = "{"
        for name, energy, service in zip(self.regions, self.energy_kwh, self.service_min, strict=True):
            parts += [f'{said}{json.dumps(name)}: {{"{ENERGY}": ', energy, f', "{SERVICE}": ', service]
            said = "}, "
        object.__setattr__(self, "_parts", (*parts, "}}"))

    @property
    def parts(self) -> tuple[str | Number, ...]:
        """Fixed words and numbers in turn, words first and last."""
        parts: tuple[str | Number, ...] = self.__dict__["_parts"]
        return parts

    @property
    def start(self) -> Place:
        """Before the first character."""
        return Place(0, "")

    def ended(self, place: Place) -> bool:
        """Whether the answer is whole."""
        return place.part == len(self.parts)

    def next(self, place: Place) -> str:
        """The characters that can come next; none when the answer is whole."""
        if self.ended(place):
            return ""
        part = self.parts[place.part]
        if isinstance(part, str):
            return part[len(place.said)]
        after, number = self.parts[place.part + 1], self._number(place.part, place.before)
        assert isinstance(after, str)
        return number.next(place.said) + (after[0] if number.ends(place.said) else "")

    def after(self, place: Place, text: str) -> Place | None:
        """The place after ``text``; None if it cannot come next."""
        for char in text:
            if char not in self.next(place):
                return None
            place = self._step(place, char)
        return place

    def forced(self, place: Place) -> str:
        """The text that must come next, as far as there is no choice: it can be read instead of written."""
        text = ""
        while len(choice := self.next(place)) == 1:
            text += choice
            place = self._step(place, choice)
        return text

    def write(self, energy_kwh: F64, service_min: F64) -> str:
        """The answer that says these numbers, one per region; each as near as it can be written."""
        values = iter([v for row in zip(energy_kwh.tolist(), service_min.tolist(), strict=True) for v in row])
        said: list[str] = []
        for i, part in enumerate(self.parts):
            said.append(part if isinstance(part, str) else self._number(i, said[i - 2]).write(next(values)))
        return "".join(said)

    def example(self) -> str:
        """The form for a reader, with words in place of numbers."""
        return "".join(part if isinstance(part, str) else "<number>" for part in self.parts)

    def _step(self, place: Place, char: str) -> Place:
        part = self.parts[place.part]
        if isinstance(part, str):
            said = place.said + char
            return Place(place.part + 1, "", place.before) if said == part else place._replace(said=said)
        if char in self._number(place.part, place.before).next(place.said):
            return place._replace(said=place.said + char)
        return self._step(Place(place.part + 1, "", place.said), char)  # the number is over

    def _number(self, index: int, before: str) -> Number:
        """The numbers that a part can be, after the number ``before``."""
        number = self.parts[index]
        assert isinstance(number, Number)
        if index % 4 == 1 or not self.floors:  # an energy: words, energy, words, service time, words, ...
            return number
        return _raised(number, self.floors[index // 4].least_min(float(before)))


@lru_cache(4096)
def _raised(number: Number, least: float) -> Number:
    return replace(number, least=min(max(number.least, least), number.most))


def schema(regions: Sequence[str]) -> dict[str, Any]:
    """JSON Schema of an answer, of what all servers understand: bounds on numbers are refused by some of them."""
    number = {"type": "number"}
    row = {
        "type": "object",
        "properties": {ENERGY: number, SERVICE: number},
        "required": [ENERGY, SERVICE],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {name: row for name in regions},
        "required": list(regions),
        "additionalProperties": False,
    }
