"""Standard Workload Format 2.2 of the Parallel Workloads Archive: 18 columns, ``;`` comments, -1 for unknown.

Whole CPUs per process; memory in kilobytes per process. What the header says (start, machine, partitions) is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from greensched.core.types import F64
from greensched.traces.importing.columns import GB_PER_KIB, labelled, lists, real, where
from greensched.traces.importing.contract import Part, Piece, TraceFormat, hashed
from greensched.traces.importing.fields import INT, REAL, Field, Layout
from greensched.traces.importing.rows import Rows, read
from greensched.traces.importing.text import head

_FACTS = ("Computer", "Installation", "UnixStartTime", "TimeZoneString", "MaxProcs", "MaxJobs")
_HEADER_BYTES = 1 << 20
_STATUS = {0: "failed", 1: "finished", 2: "running", 3: "finished", 4: "failed", 5: "killed"}
_LAYOUT = Layout(
    "SWF 2.2",
    (
        Field("job", INT, empty=False, low=0),
        Field("submit", REAL, empty=False),
        Field("wait", REAL, empty=False),
        Field("run", REAL, empty=False, low=-1),
        Field("procs", INT, empty=False, low=-1),
        Field("avg_cpu", REAL, empty=False),
        Field("used_mem", REAL, empty=False),
        Field("req_procs", INT, empty=False, low=-1),
        Field("req_time", REAL, empty=False, low=-1),
        Field("req_mem", REAL, empty=False),
        Field("status", INT, empty=False, low=-1, high=5),
        Field("uid", INT, empty=False),
        Field("gid", INT, empty=False),
        Field("executable", INT, empty=False),
        Field("queue", INT, empty=False),
        Field("partition", INT, empty=False),
        Field("preceding", INT, empty=False),
        Field("think", REAL, empty=False),
    ),
    delimiter=" ",
    comment=b";",
)


class Swf(TraceFormat):
    """Logs of parallel machines (NASA iPSC, LCG, and many more)."""

    name = "swf"
    title = "Standard Workload Format 2.2: logs of supercomputers and grids"
    files = "*.swf or *.swf.gz"
    source = "Parallel Workloads Archive, free for research, cite the log"
    time_zero = "start of the log; report.facts.UnixStartTime where the header has it"

    def pieces(self, part: Part) -> Iterator[Piece]:
        """See :class:`TraceFormat`."""
        part.tally.facts.update(_facts(part))
        for rows in read(part, _LAYOUT):
            yield Piece(_table(rows), key=hashed(rows.column("job")), lines=rows.lines)

    @classmethod
    def example(cls) -> dict[str, bytes]:
        """See :class:`TraceFormat`."""
        text = (
            "; Version: 2.2\n; UnixStartTime: 1132444805\n; MaxProcs: 128\n"
            "    1     0   10  100   4  80.5 1024   8   3600  -1  1  3  1  -1  1  2 -1 -1\n"
            "    2    60   -1 1451  -1    -1   -1   8     -1 512  0  4  1   7  1 -1  1 60\n"
            "    3    70    0   -1   1    -1   -1  -1   1200  -1  5  3 -1  -1 -1  1 -1 -1\n"
        )
        return {"log.swf": text.encode()}


def _facts(part: Part) -> dict[str, str]:
    text = head(part, _HEADER_BYTES).decode("utf-8", errors="replace")
    found = re.findall(r"^; *(\w+) *: *(.*?)\s*$", text, flags=re.MULTILINE)
    return {name: value for name, value in found if name in _FACTS}


def _known(rows: Rows, name: str) -> F64:
    values: F64 = rows.numbers(name).astype(float)
    return np.where(values < 0, np.nan, values)


def _text(rows: Rows, name: str) -> Any:
    column = rows.column(name)
    return pc.if_else(pc.less(column, 0), pa.scalar(None, pa.int64()), column).cast(pa.string())


def _table(rows: Rows) -> pa.Table:
    procs, asked = _known(rows, "procs"), _known(rows, "req_procs")
    procs, asked = where(procs > 0, procs), where(asked > 0, asked)
    procs = np.where(np.isnan(procs), asked, procs)
    run_s, cpu_s = _known(rows, "run"), _known(rows, "avg_cpu")
    used, wanted = _known(rows, "used_mem"), _known(rows, "req_mem")
    status = pa.array([_STATUS.get(code) for code in range(6)], pa.string())
    code = rows.column("status")
    preceding = _text(rows, "preceding")
    with np.errstate(divide="ignore", invalid="ignore"):
        util = where((run_s > 0) & (cpu_s > 0), cpu_s / run_s)
    table = {
        "job": rows.column("job").cast(pa.string()),
        "arrival_s": real(rows.numbers("submit")),
        "queue_s": real(_known(rows, "wait")),
        "duration_s": real(run_s),
        "cores": real(procs),
        "mem_gb": real(np.where(np.isnan(wanted), used, wanted) * GB_PER_KIB * procs),
        "cpu_util_frac": real(util),
        "expected_s": real(_known(rows, "req_time")),
        "status": status.take(pc.if_else(pc.less(code, 0), pa.scalar(None, pa.int64()), code)),
        "user": _text(rows, "uid"),
        "group": _text(rows, "gid"),
        "name": _text(rows, "executable"),
        "labels": labelled(queue=_text(rows, "queue"), partition=_text(rows, "partition")),
        "after": lists(preceding.fill_null(""), ","),
    }
    return pa.table(table)
