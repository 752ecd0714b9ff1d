"""Collecting every problem of a scenario before anything runs, each with its place, cause and cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from greensched.core.errors import ConfigError

Path = tuple[str | int, ...]


def path_text(path: Path) -> str:
    """("datacenters", 3, "pue") as "datacenters[3].pue"."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint such as ``(did you mean 'x'?)`` with a leading space, or nothing."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.51)  # FR is no slip of the pen for KR
    return f" (did you mean '{near[0]}'?)" if near else ""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong."""

    place: str  # "file.yml:12" or "--set workload.jobs"
    path: str
    message: str
    order: int = 0

    def __str__(self) -> str:
        return f"{self.place}  {self.path}: {self.message}" if self.path else f"{self.place}  {self.message}"


@dataclass
class Places:
    """Where each path of the resolved scenario was written."""

    file: str
    lines: dict[Path, int] = field(default_factory=dict)
    overrides: dict[Path, str] = field(default_factory=dict)
    elsewhere: dict[Path, str] = field(default_factory=dict)
    """Files of the paths that a second file has written."""

    def override(self, path: Path, text: str) -> None:
        """Note that ``--set text=...`` replaced what was at ``path``: nothing below it comes from a line any more."""
        depth = len(path)
        self.lines = {p: line for p, line in self.lines.items() if p[:depth] != path}
        self.overrides = {p: other for p, other in self.overrides.items() if p[:depth] != path} | {path: text}

    def of(self, path: Path) -> tuple[str, int]:
        """Text of the place and an order for sorting; the nearest enclosing path that was written."""
        for n in range(len(path), -1, -1):
            if path[:n] in self.overrides:
                return f"--set {self.overrides[path[:n]]}", 10**9
            if path[:n] in self.lines:
                line = self.lines[path[:n]]
                return f"{self.elsewhere.get(path[:n], self.file)}:{line}", line
        return f"{self.file}:1", 1


class ScenarioError(ConfigError):
    """A scenario cannot run; ``problems`` lists every reason found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems), key=lambda p: (p.order, p.path, p.message))
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} in the scenario:"
        super().__init__("\n".join([head, *(f"  {p}" for p in self.problems)]))


class Collector:
    """Gathers problems by path."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.problems: list[Problem] = []
        self.warnings: list[str] = []

    def add(self, path: Path, message: str) -> None:
        """Note a problem at a path."""
        place, order = self.places.of(path)
        self.problems.append(Problem(place, path_text(path), message, order))

    def unknown(self, path: Path, kind: str, name: str, known: Iterable[str]) -> None:
        """Note an unknown name."""
        names = sorted(known)
        self.add(path, f"unknown {kind} '{name}', expected one of {', '.join(names)}{did_you_mean(name, names)}")

    def raise_if_any(self) -> None:
        """Raise all problems at once."""
        if self.problems:
            raise ScenarioError(self.problems)


def get(data: object, path: Path) -> object:
    """The raw value at a path, or None."""
    for part in path:
        if isinstance(data, Mapping) and part in data:
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data
