"""Azure packing trace 2020: SQLite with the tables ``vm`` and ``vmType``.

``vm(vmId, tenantId, vmTypeId, priority, starttime, endtime)``: days, negative before the 14-day window, no end if it
runs on. ``vmType(id, vmTypeId, machineId, core, memory, hdd, ssd, nic)``: demand as a share of one machine, once for
each kind of machine that can hold it. Shares are those of the kind that holds most types; a type that it cannot hold
has no demand. Priority 0 is the higher one and becomes 1.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from greensched.core.errors import DataError
from greensched.traces.importing.columns import labelled, real
from greensched.traces.importing.contract import Machine, Part, Piece, TraceFormat, hashed, largest
from greensched.traces.importing.fields import INT, REAL, TEXT, Field, typed, within_limits
from greensched.traces.importing.rows import Rows
from greensched.traces.importing.tally import Fault

_DAY_S = 86_400.0
_BATCH = 50_000
_TABLES = {
    "vm": ("vmId", "tenantId", "vmTypeId", "priority", "starttime", "endtime"),
    "vmType": ("vmTypeId", "machineId", "core", "memory"),
}
_FIELDS = [
    Field("vmId", TEXT, empty=False),
    Field("tenantId", TEXT),
    Field("vmTypeId", TEXT, empty=False),
    Field("priority", INT, low=0, high=1),
    Field("starttime", REAL, empty=False),
    Field("endtime", REAL),
]


class AzurePacking2020(TraceFormat):
    """Requests for virtual machines to one Azure zone, with what each takes of the machines that can hold it."""

    name = "azure-packing2020"
    title = "Azure packing trace 2020: requests for virtual machines over 14 days"
    files = "packing_trace_zone_a_v1.sqlite"
    source = "Azure Public Dataset, trace for packing 2020, CC BY 4.0"
    time_zero = "start of the 14-day window"
    machine = Machine("azure-packing2020", 40.0, 256.0)

    def pieces(self, part: Part) -> Iterator[Piece]:
        """See :class:`TraceFormat`."""
        try:
            with part.path.open("rb") as stream:
                head = stream.read(16)
        except OSError as error:
            raise DataError(f"{part.path}: {(error.strerror or str(error)).lower()}; expected a trace file") from error
        if head != b"SQLite format 3\0":
            raise DataError(f"{part.path}: no SQLite database; expected {self.files}, unpacked")
        address = f"{part.path.resolve().as_uri()}?mode=ro&immutable=1"
        try:
            with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
                database.text_factory = _decoded
                yield from self._read(database, part)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise DataError(f"{part.path}: damaged SQLite database ({error}); download it again") from error

    def _read(self, database: sqlite3.Connection, part: Part) -> Iterator[Piece]:
        for table, columns in _TABLES.items():
            have = [row[1] for row in database.execute(f"pragma table_info({table})")]
            missing = [name for name in columns if name not in have]
            if missing:
                raise DataError(f"{part.path}: table {table} has no column {', '.join(missing)}; it has {have}")
        sizes = _sizes(database, part)
        cursor = database.execute("select rowid, vmId, tenantId, vmTypeId, priority, starttime, endtime from vm")
        while rows := cursor.fetchmany(_BATCH):
            yield _piece(_typed(rows, part), sizes, largest(self, part.options))
        part.advance(part.path.stat().st_size)

    @classmethod
    def example(cls) -> dict[str, bytes]:
        """See :class:`TraceFormat`."""
        vms = [(0, 1, 10, 0, -3.5, 0.25), (1, 1, 11, 1, 0.5, 0.75), (2, 2, 10, 1, 13.0, None)]
        types = [(0, 10, 0, 0.5, 0.25), (1, 10, 1, 0.25, 0.125), (2, 11, 0, 0.05, 0.1)]
        with contextlib.closing(sqlite3.connect(":memory:")) as database:
            database.execute(
                "create table vm (vmId integer, tenantId integer, vmTypeId integer, priority integer, "
                "starttime real, endtime real)"
            )
            database.execute(
                "create table vmType (id integer, vmTypeId integer, machineId integer, core real, memory real, "
                "hdd real, ssd real, nic real)"
            )
            database.executemany("insert into vm values (?,?,?,?,?,?)", vms)
            database.executemany("insert into vmType values (?,?,?,?,?,0.0,0.01,0.01)", types)
            database.commit()
            return {"packing_trace_zone_a_v1.sqlite": database.serialize()}


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8")


def _sizes(database: sqlite3.Connection, part: Part) -> dict[str, tuple[float, float]]:
    """Shares of cores and memory by type, on the kind of machine that holds most types."""
    kinds = database.execute(
        "select machineId from vmType group by machineId order by count(distinct vmTypeId) desc, machineId limit 1"
    ).fetchone()
    if kinds is None:
        raise DataError(f"{part.path}: table vmType is empty; expected the sizes of virtual machines")
    part.tally.facts["machineId"] = str(kinds[0])
    rows = database.execute("select rowid, vmTypeId, core, memory from vmType where machineId is ?", kinds)
    sizes, faults = {}, []
    for number, kind, core, memory in rows:
        if all(isinstance(v, int | float) and 0 <= v <= 1 for v in (core, memory)):
            sizes[str(kind)] = (float(core), float(memory))
        else:
            faults.append(Fault(number, f"vmType: core {core!r}, memory {memory!r}", "shares of a machine from 0 to 1"))
    part.tally.faults(part.path, faults)
    return sizes


def _typed(rows: list[tuple[Any, ...]], part: Part) -> Rows:
    faults: list[Fault] = []
    lines = np.array([row[0] for row in rows], np.int64)
    texts = {
        field.name: [None if row[i] is None else str(row[i]) for row in rows] for i, field in enumerate(_FIELDS, 1)
    }
    table, lines = typed(texts, lines, _FIELDS, faults)
    table, lines = within_limits(table, lines, _FIELDS, faults)
    part.tally.read += len(rows)
    part.tally.faults(part.path, faults)
    return Rows(table, lines, part)


def _piece(rows: Rows, sizes: dict[str, tuple[float, float]], machine: Machine) -> Piece:
    begin, end = rows.numbers("starttime"), rows.numbers("endtime")
    good = ~(end < begin)
    if not good.all():
        return _piece(
            rows.must(good, "endtime is before starttime", "a machine to end after it begins"), sizes, machine
        )
    share = np.array([sizes.get(kind, (np.nan, np.nan)) for kind in rows.numbers("vmTypeId")]).reshape(-1, 2)
    notes = rows.part.tally
    notes.note("machines that run on after the trace: duration_s is null", int(np.isnan(end).sum()))
    notes.note("machines that began before the window: arrival_s is negative", int((begin < 0).sum()))
    notes.note("machines of a type without a size: cores and mem_gb are null", int(np.isnan(share[:, 0]).sum()))
    priority = rows.column("priority")
    table = {
        "job": rows.column("vmId"),
        "arrival_s": real(begin * _DAY_S),
        "duration_s": real((end - begin) * _DAY_S),
        "cores": real(share[:, 0] * machine.cores),
        "cores_norm_frac": real(share[:, 0]),
        "mem_gb": real(share[:, 1] * machine.mem_gb),
        "mem_norm_frac": real(share[:, 1]),
        "priority": pc.subtract(1, priority),
        "status": pa.array(["finished", "running"]).take(pa.array(np.isnan(end).astype(int))),
        "user": rows.column("tenantId"),
        "labels": labelled(vm_type=rows.column("vmTypeId")),
    }
    return Piece(pa.table(table), key=hashed(rows.column("vmId")), lines=rows.lines)
