"""Google ClusterData 2019 (v3): ``collection_events`` and ``instance_events`` as exported from BigQuery.

Read as JSON lines (nested ``resource_request``, numbers as text), as CSV with flat columns (``resource_request.cpus``),
and as the sample on Kaggle: Python's text of a dict (``{'cpus': 0.1, 'memory': 0.01}``), whole numbers as reals, arrays
that are broken over lines. Collections are jobs, instances are tasks; alloc sets are left out. Event types differ from
2011's.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from greensched.core.errors import DataError
from greensched.traces.importing import events
from greensched.traces.importing.columns import labelled, lists, real
from greensched.traces.importing.contract import Machine, Options, Part, Piece, TraceFormat, largest
from greensched.traces.importing.fields import REAL, TEXT, Field
from greensched.traces.importing.records import Record, batches, json_lines, quoted_csv
from greensched.traces.importing.rows import Rows
from greensched.traces.importing.tally import Fault, Tally
from greensched.traces.importing.text import first_line

TYPES = events.EventTypes(0, 3, {4: "evicted", 5: "failed", 6: "finished", 7: "killed", 8: "lost"})
JOBS, TASKS = "collection_events", "instance_events"
_FIELDS = [
    Field("time", REAL, empty=False, low=0),
    Field("type", REAL, empty=False, low=0, high=10),
    Field("collection_id", REAL, empty=False, low=0, high=2**53),
    Field("instance_index", REAL, low=0, high=2**53),
    Field("collection_type", REAL, low=0, high=1),
    Field("scheduling_class", REAL, low=0, high=3),
    Field("priority", REAL, low=-1, high=1000),
    Field("user", TEXT),
    Field("collection_name", TEXT),
    Field("collection_logical_name", TEXT),
    Field("parent_collection_id", TEXT),
    Field("start_after_collection_ids", TEXT),
    Field("scheduler", TEXT),
    Field("resource_request.cpus", REAL, low=0),
    Field("resource_request.memory", REAL, low=0),
]
_NAMES = ["user", "name", "logical_name", "after", "scheduler", "parent"]
_SCHEDULERS = {"0": "default", "1": "batch", "0.0": "default", "1.0": "batch"}


class Google2019(TraceFormat):
    """Eight Borg cells in May 2019; one cell, or a sample of all."""

    name = "google2019"
    title = "Google ClusterData 2019: collections or instances of Borg cells over 31 days"
    files = "exports of collection_events, of instance_events, or of both (JSON lines or CSV)"
    source = "Google ClusterData 2019, CC BY 4.0"
    time_zero = "600 s of trace time: 00:00 PDT on 1 May 2019"
    machine = Machine("google2019", 64.0, 256.0)
    gathers = True

    def pieces(self, part: Part) -> Iterator[Piece]:
        """See :class:`TraceFormat`."""
        line = first_line(part)
        if line.startswith("{"):
            yield from _pieces(batches(part, _FIELDS, _json), set())
        elif line:
            header = _header(part, line)

            def records(part: Part, faults: list[Fault]) -> Iterator[tuple[int, Record]]:
                for number, record in quoted_csv(part, faults, header):
                    yield number, _request(record)

            yield from _pieces(batches(part, _FIELDS, records), set(header))

    def compact(self, kind: str, rows: pa.Table) -> pa.Table:
        """See :class:`TraceFormat`."""
        return events.together(rows, ["job", "task"] if kind == TASKS else ["job"])

    def gather(self, tables: dict[str, pa.Table], options: Options, tally: Tally) -> pa.Table:
        """See :class:`TraceFormat`."""
        what, rows = events.with_names(tables, JOBS, TASKS, _NAMES, tally)
        life, notes = events.columns(rows, TYPES)
        for text, count in notes.items():
            tally.note(f"{what} {text}", count)
        return pa.table(life | _columns(rows, largest(self, options)))

    @classmethod
    def example(cls) -> dict[str, bytes]:
        """See :class:`TraceFormat`."""
        jobs = (
            '{"time":"0","type":"0","collection_id":"330587238433","scheduling_class":"1","collection_type":"0",'
            '"priority":"200","user":"u+/=","collection_name":"n","collection_logical_name":"l","scheduler":"0"}',
            '{"time":"700000000","type":"0","collection_id":"7","scheduling_class":"0","collection_type":"0",'
            '"priority":"103","user":"u2","collection_name":"n2","collection_logical_name":"l2","scheduler":"1",'
            '"start_after_collection_ids":["5","6"]}',
            '{"time":"690000000","type":"0","collection_id":"9","scheduling_class":"0","collection_type":"1"}',
        )
        tasks = (
            "time,type,collection_id,priority,instance_index,resource_request.cpus,resource_request.memory",
            "700000000,0,7,103,0,0.25,0.125",
            "701000000,3,7,103,0,0.25,0.125",
            "731000000,6,7,103,0,0.25,0.125",
            "0,0,330587238433,200,4,0.01,0.02",
            "9223372036854775807,6,330587238433,200,4,0.01,0.02",
        )
        return {
            "collection_events.json": ("\n".join(jobs) + "\n").encode(),
            "instance_events.csv": ("\n".join(tasks) + "\n").encode(),
        }


def _header(part: Part, line: str) -> list[str]:
    try:
        header = next(csv.reader([line], strict=True))
    except (csv.Error, StopIteration):
        header = line.split(",")
    kaggle = {"instance_events_type": "type"}
    header = [kaggle.get(name.strip(), name.strip()) for name in header]
    missing = [name for name in ("time", "type", "collection_id") if name not in header]
    if missing or len(set(header)) < len(header):
        why = f"no column {', '.join(missing)}" if missing else "two columns of one name"
        raise DataError(
            f"{part.path}:1: {why}; expected JSON lines, or a CSV header of collection_events or instance_events"
        )
    return header


def _json(part: Part, faults: list[Fault]) -> Iterator[tuple[int, Record]]:
    for number, value in json_lines(part, faults):
        record: Record = {}
        for name, item in value.items():
            if name == "resource_request" and isinstance(item, dict):
                record |= {f"{name}.{k}": None if v is None else str(v) for k, v in item.items()}
            elif name == "start_after_collection_ids" and isinstance(item, list):
                record[name] = " ".join(map(str, item))
            elif item is not None:
                record[name] = str(item)
        yield number, record


def _request(record: Record) -> Record:
    """Python's or JSON's text of a dict to its two numbers; other text stays and is found to be no number."""
    text = record.get("resource_request")
    if not text:
        return record
    for name in ("cpus", "memory"):
        record[f"resource_request.{name}"] = _member(text, name)
    return record


def _member(text: str, name: str) -> str | None:
    if not text.strip("{} \n"):
        return None
    for item in text.strip("{} \n").split(","):
        key, colon, value = item.partition(":")
        if key.strip(" '\"\n") == name and colon:
            value = value.strip(" '\"\n")
            return None if value in ("None", "null", "nan") else value
    return text


def _pieces(batches_: Iterator[Rows], header: set[str]) -> Iterator[Piece]:
    for rows in batches_:
        rows = _whole(rows)
        rows = rows.leave_out(rows.numbers("collection_type") == 1, "events of alloc sets, which are no jobs")
        instance = ~np.isnan(rows.numbers("instance_index"))
        for chosen, kind in ((~instance, JOBS), (instance, TASKS)):
            if chosen.any():
                yield _piece(rows.keep(chosen), kind)


def _whole(rows: Rows) -> Rows:
    """Rows whose numbers of things are whole."""
    for name in ("time", "type", "collection_id", "instance_index", "collection_type", "priority"):
        values = rows.numbers(name)
        rows = rows.must(np.isnan(values) | (values == np.floor(values)), f"{name} is not whole", "a whole number")
    late = rows.numbers("time")
    good = (late < 2.0**50) | (late >= 2.0**63 - 1)
    return rows.must(good, "time is far after the trace", "microseconds of the trace, or 2^63-1 for after its end")


def _piece(rows: Rows, kind: str) -> Piece:
    time = rows.numbers("time")
    # as a float 2^63-1 is 2^63, which no 64-bit integer holds
    time_us = np.where(time >= 2.0**50, events.AFTER_US, np.minimum(time, 2.0**50).astype(np.int64))
    job = pa.array(rows.numbers("collection_id").astype(np.int64))
    keys: dict[str, Any] = {"job": job}
    facts = {
        "class": _integers(rows, "scheduling_class"),
        "priority": _integers(rows, "priority"),
        "user": rows.column("user"),
        "name": rows.column("collection_name"),
        "logical_name": rows.column("collection_logical_name"),
        "after": pc.utf8_trim(
            pc.replace_substring_regex(rows.column("start_after_collection_ids"), r"[^0-9]+", " "), " "
        ),
        "scheduler": rows.column("scheduler"),
        "parent": rows.column("parent_collection_id"),
    }
    if kind == TASKS:
        keys["task"] = _integers(rows, "instance_index")
        facts["cores_norm_frac"] = rows.column("resource_request.cpus")
        facts["mem_norm_frac"] = rows.column("resource_request.memory")
    table = events.partial(time_us, rows.numbers("type").astype(np.int64), TYPES, keys, facts)
    return Piece(table, kind, job.to_numpy())


def _integers(rows: Rows, name: str) -> Any:
    return rows.column(name).cast(pa.int64(), safe=False)


def _columns(rows: pa.Table, machine: Machine) -> dict[str, Any]:
    have = set(rows.column_names)
    scheduler = rows.column("scheduler").combine_chunks()
    words = pa.array(list(_SCHEDULERS.values())).take(pc.index_in(scheduler, pa.array(list(_SCHEDULERS))))
    after = rows.column("after").combine_chunks()
    told = pc.if_else(pc.equal(after, ""), pa.scalar(None, pa.string()), after)
    labels = {"scheduler": words, "parent": rows.column("parent").combine_chunks()}
    table = {name: rows.column(name) for name in ("job", "priority", "user", "name", "logical_name")}
    table["service_class"] = rows.column("class")
    if "task" in have:
        table["task"] = rows.column("task")
        table["labels"] = labelled(**labels, start_after=told)
        demand = (("cores_norm_frac", "cores", machine.cores), ("mem_norm_frac", "mem_gb", machine.mem_gb))
        for norm, name, scale in demand:
            table[norm] = rows.column(norm)
            table[name] = real(rows.column(norm).to_numpy(zero_copy_only=False) * scale)
    else:
        table["labels"] = labelled(**labels)
        table["after"] = lists(after, " ")
    return table
