"""What a trace format is: one class. Built-in ones and those of plug-ins (group ``greensched.traces``) are alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from greensched.core.types import I64
from greensched.traces.enrich import DeadlineRule
from greensched.traces.importing.tally import Tally


@dataclass(frozen=True)
class Machine:
    """The largest machine of a trace that gives demand as a share of it: an assumption, since such traces hide it."""

    name: str
    cores: float
    mem_gb: float

    @property
    def text(self) -> str:
        """For the metadata."""
        return f"{self.name}: assumed {self.cores:g} cores and {self.mem_gb:g} GB in the largest machine"


@dataclass(frozen=True)
class Options:
    """Choices of one import.

    Attributes:
        lenient: count and skip malformed rows instead of raising at the first.
        machine: converts normalised demand; None: the format's own assumption.
        deadlines: rule that derives deadlines; None: none are derived (the scenario's rule does, when it is run).
        seed: of the deadlines.
        workers: processes; None: as many as there are cores and parts.
        block_bytes: text handled at a time.
    """

    lenient: bool = False
    machine: Machine | None = None
    deadlines: DeadlineRule | None = None
    seed: int = 0
    workers: int | None = None
    block_bytes: int = 4 << 20


def _ignore(done: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Part:
    """One file being read: where it is, what to do with its bad rows, whom to tell how many bytes are done."""

    path: Path
    tally: Tally
    options: Options = Options()
    advance: Callable[[int], None] = field(default=_ignore, repr=False)


@dataclass(frozen=True)
class Piece:
    """Some rows of a part.

    Attributes:
        rows: columns of the job table; or of a partial table, for a format that gathers.
        kind: name of the partial table.
        key: one 64-bit number per row: equal for rows that must meet (gathering formats), or that may not both exist.
            None: rows have no identity.
        lines: line of each row, for the message about one that exists twice.
    """

    rows: pa.Table
    kind: str = "jobs"
    key: I64 | None = None
    lines: I64 | None = None


class TraceFormat(ABC):
    """A published trace format.

    Attributes:
        name: as on the command line.
        title: one line on what the trace holds.
        files: what to give to ``trace import``.
        source: who published it, under which terms.
        time_zero: what ``arrival_s`` counts from.
        machine: assumption behind normalised demand; None: demand is in real units.
        gathers: rows of one job are spread over lines and files; pieces are partial tables that meet in ``gather``.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    files: ClassVar[str]
    source: ClassVar[str]
    time_zero: ClassVar[str]
    machine: ClassVar[Machine | None] = None
    gathers: ClassVar[bool] = False

    @abstractmethod
    def pieces(self, part: Part) -> Iterator[Piece]:
        """Read a file, piece by piece, in bounded memory.

        Raises:
            DataError: the file is no file of this format, or has a malformed row and the import is strict.
        """

    @classmethod
    @abstractmethod
    def example(cls) -> dict[str, bytes]:
        """Small files of the format: name -> content. They import without a fault; tests break them in many ways."""

    def compact(self, kind: str, rows: pa.Table) -> pa.Table:
        """Fewer rows that say the same as ``rows``: parts of one thing brought together, in any order and grouping."""
        return rows

    def relay(self, tables: dict[str, pa.Table]) -> list[Piece]:
        """Between reading and gathering: rows of one key to pieces with another key. Default: everything stays."""
        return []

    def gather(self, tables: dict[str, pa.Table], options: Options, tally: Tally) -> pa.Table:
        """Rows of the job table from all partial tables with the same keys."""
        raise NotImplementedError(f"{type(self).__name__} gathers nothing")

    @property
    def relayed(self) -> tuple[str, ...]:
        """Kinds of pieces that go through ``relay``."""
        return ()


def largest(format_: TraceFormat | type[TraceFormat], options: Options) -> Machine:
    """The machine that normalised demand is a share of."""
    machine = options.machine or format_.machine
    assert machine is not None  # only formats with normalised demand ask
    return machine


def hashed(*columns: Any) -> I64:
    """One 64-bit number per row of the given columns (arrays of text or numbers): the same in every process."""
    import pandas as pd

    total = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else pa.array(column)
        integers = pa.types.is_integer(array.type) and array.null_count == 0
        values = array.to_numpy() if integers else np.asarray(array.cast(pa.string()).fill_null(""), dtype=object)
        # mixed, not added: (a, b) and (b, a) are two things
        total = total * np.uint64(0x9E3779B97F4A7C15) + pd.util.hash_array(values, categorize=False)
    return total.view(np.int64)
