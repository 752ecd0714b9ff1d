"""Microsoft Philly: ``cluster_job_log``, one JSON array of jobs with their attempts; local times of Pacific (PST/PDT).

GPUs are those of the last attempt, counted over its machines. A job's run time is that of its last attempt; earlier
ones are counted. Arrivals count from 2017-08-01 00:00 local time, on a clock without summer time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from greensched.traces.importing.contract import Part, Piece, TraceFormat, hashed
from greensched.traces.importing.fields import INT, REAL, TEXT, Field
from greensched.traces.importing.records import Record, batches, json_array
from greensched.traces.importing.tally import Fault

_ZERO = datetime(2017, 8, 1)  # the log gives local times and no zone
_STATUS = {"Pass": "finished", "Killed": "killed", "Failed": "failed", "Running": "running"}
_FIELDS = [
    Field("job", TEXT, empty=False),
    Field("arrival_s", REAL, empty=False),
    Field("queue_s", REAL, low=0),
    Field("duration_s", REAL, low=0),
    Field("gpus", REAL, low=0),
    Field("attempts", INT),
    Field("status", TEXT),
    Field("user", TEXT),
    Field("group", TEXT),
]


class Philly(TraceFormat):
    """Deep-learning jobs of a multi-tenant GPU cluster of Microsoft, August to December 2017."""

    name = "philly"
    title = "Microsoft Philly traces 2017: deep-learning jobs with their attempts and GPUs"
    files = "cluster_job_log (JSON)"
    source = "msr-fiddle/philly-traces, CC BY 4.0"
    time_zero = _ZERO.isoformat() + " local time (Pacific)"

    def pieces(self, part: Part) -> Iterator[Piece]:
        """See :class:`TraceFormat`."""
        for rows in batches(part, _FIELDS, _records):
            lone = rows.numbers("duration_s")
            rows.part.tally.note("jobs without a finished attempt: duration_s is null", int((lone != lone).sum()))
            yield Piece(rows.table, key=hashed(rows.column("job")), lines=rows.lines)

    @classmethod
    def example(cls) -> dict[str, bytes]:
        """See :class:`TraceFormat`."""
        text = """[
  {"status": "Pass", "vc": "ee9e8c", "jobid": "application_1506638472019_10238", "user": "ce2e7a",
   "submitted_time": "2017-10-07 01:24:32",
   "attempts": [
    {"start_time": "2017-10-07 01:25:32", "end_time": "2017-10-07 01:26:32",
     "detail": [{"ip": "m327", "gpus": ["gpu2"]}]},
    {"start_time": "2017-10-07 01:30:00", "end_time": "2017-10-07 02:30:00",
     "detail": [{"ip": "m327", "gpus": ["gpu0", "gpu1"]}, {"ip": "m12", "gpus": ["gpu3"]}]}]},
  {"status": "Killed", "vc": "11cb48", "jobid": "application_1506638472019_10239", "user": "ab",
   "submitted_time": "2017-10-07 03:00:00", "attempts": []},
  {"status": "Failed", "vc": "11cb48", "jobid": "application_1506638472019_10240", "user": "ab",
   "submitted_time": "2017-10-08 03:00:00",
   "attempts": [{"start_time": "None", "end_time": "2017-10-08 04:00:00", "detail": []}]}
]
"""
        return {"cluster_job_log": text.encode()}


def _records(part: Part, faults: list[Fault]) -> Iterator[tuple[int, Record]]:
    for line, value in json_array(part):
        try:
            record = _record(value)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"no field {error}" if isinstance(error, KeyError) else str(error)
            faults.append(Fault(line, what, "a job with jobid, vc, user, status, submitted_time and attempts"))
            continue
        yield line, record


def _record(job: dict[str, Any]) -> Record:
    submitted_s = _seconds(job["submitted_time"])
    if submitted_s is None:
        raise ValueError("submitted_time is missing")
    if job["status"] not in _STATUS:
        raise ValueError(f"unknown status {job['status']!r}"[:60])
    attempts = job["attempts"]
    times = [(_seconds(one.get("start_time")), _seconds(one.get("end_time"))) for one in attempts]
    first, (last, end) = (times[0][0], times[-1]) if times else (None, (None, None))
    if last is not None and end is not None and end < last:
        raise ValueError("end_time is before start_time")
    gpus = sum(len(machine["gpus"]) for machine in attempts[-1]["detail"]) if attempts else 0
    return {
        "job": str(job["jobid"]),
        "arrival_s": repr(submitted_s),
        "queue_s": None if first is None or first < submitted_s else repr(first - submitted_s),
        "duration_s": None if last is None or end is None else repr(end - last),
        "gpus": str(gpus) if gpus else None,
        "attempts": str(len(attempts)) if attempts else None,
        "status": _STATUS[job["status"]],
        "user": str(job["user"]),
        "group": str(job["vc"]),
    }


def _seconds(text: Any) -> float | None:
    """Seconds since the log's zero; some times carry the name of their zone, and None is written out."""
    if text is None or text == "None" or text == "":
        return None
    stamp = datetime.strptime(str(text)[:19], "%Y-%m-%d %H:%M:%S")  # local, see _ZERO
    return (stamp - _ZERO).total_seconds()
