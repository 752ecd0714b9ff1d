"""How much of what an operator knows a prompt tells: levels, each with all of the one before and one section more.

The order is from what is certain to what anybody may say. First the job's demand and the paper's own context. Then
what else the owner declared in numbers, facts that do not change in a run (hardware, network), what is measured now,
what is forecast, and last what people wrote: the owner, then operators. So no level below ``+text`` holds a word that a
user wrote, and what a section adds is measured on top of everything that is more reliable than it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from greensched.core.errors import ConfigError, UnknownNameError


class Section(Enum):
    """A source of context; the values are in the order in which levels add them."""

    JOB = "job"
    PAPER = "paper"
    DECLARED = "declared"
    HARDWARE = "hardware"
    NETWORK = "network"
    STATE = "state"
    FORECASTS = "forecasts"
    TEXT = "text"
    ADVISORIES = "advisories"


_ORDER: Final = tuple(Section)
LEVELS: Final[dict[str, frozenset[Section]]] = {
    **{
        s.value if s in (Section.JOB, Section.PAPER) else f"+{s.value}": frozenset(_ORDER[: i + 1])
        for i, s in enumerate(_ORDER)
    },
    "full": frozenset(_ORDER),
}
"""Name -> sections. ``full`` is everything, also when there will be more."""


@dataclass(frozen=True)
class Level:
    """A level as it was named, and the sections that it tells."""

    name: str
    sections: frozenset[Section]

    @staticmethod
    def of(name: str) -> Level:
        """The level of that name; ``full-text-advisories`` is ``full`` without these two sections.

        Raises:
            UnknownNameError: no such level or section.
            ConfigError: a section is left out that the level does not have, or the job itself.
        """
        base, *without = name.split("-")
        if base not in LEVELS:
            raise UnknownNameError("prompt level", base, LEVELS)
        left = set(LEVELS[base])
        for word in without:
            if word not in (known := [s.value for s in _ORDER]):
                raise UnknownNameError("section of a prompt", word, known)
            section = Section(word)
            if section is Section.JOB or section not in left:
                why = (
                    "a prompt is about a job"
                    if section is Section.JOB
                    else f"'{base}' has no such section to leave out"
                )
                raise ConfigError(f"prompt level '{name}': '-{word}': {why}")
            left.remove(section)
        return Level(name, frozenset(left))

    def __contains__(self, section: Section) -> bool:
        return section in self.sections
