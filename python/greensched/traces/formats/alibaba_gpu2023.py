"""Alibaba GPU cluster trace v2023: ``openb_pod_list_*.csv``, one row per pod, with header, seconds.

A share of a GPU (``gpu_milli``) is possible where a pod has one GPU. A pod that is deleted at the last instant of the
trace is cut off by its end. Arrivals are sparse before 9,960,000 s.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from greensched.traces.importing.columns import GB_PER_MIB, mapped, real, where
from greensched.traces.importing.contract import Part, Piece, TraceFormat, hashed
from greensched.traces.importing.fields import INT, TEXT, Field, Layout
from greensched.traces.importing.rows import Rows, read

END_S = 12_902_960
_PHASES: dict[str, str | None] = {
    "Succeeded": "finished",
    "Failed": "failed",
    "Running": "running",
    "Pending": "waiting",
    "Unknown": None,
}
_LAYOUT = Layout(
    "openb_pod_list",
    (
        Field("name", TEXT, empty=False),
        Field("cpu_milli", INT, low=0),
        Field("memory_mib", INT, low=0),
        Field("num_gpu", INT, empty=False, low=0, high=1024),
        Field("gpu_milli", INT, empty=False, low=0, high=1000),
        Field("gpu_spec", TEXT),
        Field("qos", TEXT),
        Field("pod_phase", TEXT),
        Field("creation_time", INT, empty=False, low=0),
        Field("deletion_time", INT, low=0),
        Field("scheduled_time", INT, low=0),
    ),
    header=True,
)


class AlibabaGpu2023(TraceFormat):
    """Pods of a production cluster in which jobs share GPUs."""

    name = "alibaba-gpu2023"
    title = "Alibaba GPU cluster trace v2023: pods with shares of GPUs"
    files = "openb_pod_list_default.csv (or another openb_pod_list)"
    source = "Alibaba cluster trace programme, gpu-v2023"
    time_zero = "creation of the first pod"

    def pieces(self, part: Part) -> Iterator[Piece]:
        """See :class:`TraceFormat`."""
        for rows in read(part, _LAYOUT):
            yield _piece(rows)

    @classmethod
    def example(cls) -> dict[str, bytes]:
        """See :class:`TraceFormat`."""
        rows = (
            "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,"
            "creation_time,deletion_time,scheduled_time",
            "openb-pod-0000,12000,16384,1,1000,,LS,Running,0,12902960,0",
            "openb-pod-0001,6000,12288,1,460,T4|P100,LS,Failed,427061,500000,427100",
            "openb-pod-0002,8000,1024,8,1000,V100M32,BE,Succeeded,427062,428062,427062",
            "openb-pod-0003,11908,4096,0,0,,Burstable,Pending,9960000,9961000,",
        )
        return {"openb_pod_list_default.csv": ("\n".join(rows) + "\n").encode()}


def _piece(rows: Rows) -> Piece:
    rows, status = mapped(rows, "pod_phase", _PHASES)
    created_s, deleted_s, start_s = (
        rows.numbers(f"{n}_time").astype(float) for n in ("creation", "deletion", "scheduled")
    )
    good = ~((start_s < created_s) | (deleted_s < start_s))  # a time that is not given is no fault
    if not good.all():
        return _piece(rows.must(good, "times out of order", "creation_time <= scheduled_time <= deletion_time"))
    whole = deleted_s < END_S
    count, milli = rows.numbers("num_gpu"), rows.numbers("gpu_milli")
    notes = rows.part.tally
    notes.note("pods that were never scheduled: queue_s and duration_s are null", int(np.isnan(start_s).sum()))
    notes.note(
        "pods there at the end of the trace: duration_s is null, see at_least_s", int((deleted_s >= END_S).sum())
    )
    table = {
        "job": rows.column("name"),
        "arrival_s": real(created_s),
        "queue_s": real(start_s - created_s),
        "duration_s": real(where(whole, deleted_s - start_s)),
        "at_least_s": real(where(~whole, deleted_s - start_s)),
        "cores": real(rows.numbers("cpu_milli") / 1000.0),
        "mem_gb": real(rows.numbers("memory_mib") * GB_PER_MIB),
        "gpus": real(np.where(count == 1, milli / 1000.0, count)),
        "gpu_type": rows.column("gpu_spec"),
        "service_class": rows.column("qos"),
        "status": status,
    }
    return Piece(pa.table(table), key=hashed(rows.column("name")), lines=rows.lines)
