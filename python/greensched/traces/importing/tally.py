"""What became of the rows: kept, malformed, left out by a rule, and what else is worth saying."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greensched.core.errors import DataError

ADVICE = "mend the file, or skip and count such rows with --lenient"


@dataclass
class Count:
    """How many, and where the first is (file:line)."""

    rows: int = 0
    first: str = ""

    def add(self, rows: int, first: str) -> None:
        """Count more; the first place stays."""
        self.rows += rows
        self.first = self.first or first


@dataclass(frozen=True)
class Fault:
    """A row that is not what the format promises."""

    line: int
    what: str
    expected: str


@dataclass
class Tally:
    """Counts of one part, or of a whole import.

    Attributes:
        lenient: count malformed rows instead of raising at the first.
        read: data rows seen, malformed ones included.
        malformed: kind of fault -> count.
        left_out: rule -> count; the format's own rules, in both modes.
        notes: things that are kept and may matter -> count.
        facts: what a file's header says about the whole trace.
    """

    lenient: bool = False
    read: int = 0
    malformed: dict[str, Count] = field(default_factory=dict)
    left_out: dict[str, Count] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    def faults(self, path: Path, faults: Iterable[Fault]) -> None:
        """Malformed rows: an error that names the first by line, or counts.

        Raises:
            DataError: there is one, and the import is strict.
        """
        for fault in sorted(faults, key=lambda f: f.line):
            place = f"{path}:{fault.line}"
            if not self.lenient:
                raise DataError(f"{place}: {fault.what}; expected {fault.expected}; {ADVICE}")
            kind = f"{fault.what.split(': ')[0]}; expected {fault.expected}"
            self.malformed.setdefault(kind, Count()).add(1, place)

    def leave_out(self, rule: str, rows: int, place: str) -> None:
        """Rows that a rule of the format leaves out."""
        if rows:
            self.left_out.setdefault(rule, Count()).add(rows, place)

    def note(self, text: str, rows: int = 1) -> None:
        """Something to say about rows that are kept."""
        if rows:
            self.notes[text] = self.notes.get(text, 0) + rows

    def add(self, other: Tally) -> None:
        """Take in the counts of a later part."""
        self.read += other.read
        for mine, theirs in ((self.malformed, other.malformed), (self.left_out, other.left_out)):
            for reason, count in theirs.items():
                mine.setdefault(reason, Count()).add(count.rows, count.first)
        for text, rows in other.notes.items():
            self.note(text, rows)
        for name, value in other.facts.items():
            self.facts.setdefault(name, value)

    def report(self) -> dict[str, Any]:
        """For the metadata."""
        return {
            "rows_read": self.read,
            "malformed": {r: {"rows": c.rows, "first": c.first} for r, c in self.malformed.items()},
            "left_out": {r: {"rows": c.rows, "first": c.first} for r, c in self.left_out.items()},
            "notes": dict(self.notes),
            "facts": dict(self.facts),
        }


def lines(report: dict[str, Any]) -> list[str]:
    """The report of a file's metadata in words, one line per reason."""
    said = [f"rows read: {report['rows_read']}, rows written: {report['rows_written']}"]
    for heading, key in (("malformed, skipped", "malformed"), ("left out", "left_out")):
        for reason, count in report[key].items():
            where = f" (first: {count['first']})" if count["first"] else ""
            said.append(f"{heading}: {count['rows']} {reason}{where}")
    said += [f"note: {rows} {text}" for text, rows in report["notes"].items()]
    return said
