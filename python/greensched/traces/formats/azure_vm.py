"""Azure Public Dataset V1 and V2: ``vmtable.csv.gz``, one row per virtual machine, no header.

Times are seconds on a 300-s grid over 30 days. A machine that is there at either end of the window is cut off by it:
its run time is in ``at_least_s``. V2 gives sizes in buckets; the open ones stand for 30 cores and 70 GB, as in the
publisher's notebook. "GB" is taken as 10^9 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pyarrow as pa

from greensched.traces.importing.columns import mapped, real, where
from greensched.traces.importing.contract import Part, Piece, TraceFormat, hashed
from greensched.traces.importing.fields import INT, REAL, TEXT, Field, Layout
from greensched.traces.importing.rows import Rows, read

END_S = 2_591_700  # last step of the window
_CATEGORIES: dict[str, str | None] = {
    "Delay-insensitive": "Delay-insensitive",
    "Interactive": "Interactive",
    "Unknown": None,
    "Unkown": None,  # so in published files
}
_COMMON = (
    Field("vmid", TEXT, empty=False),
    Field("subscriptionid", TEXT),
    Field("deploymentid", TEXT),
    Field("vmcreated", INT, empty=False, low=0, high=END_S),
    Field("vmdeleted", INT, empty=False, low=0, high=END_S),
    Field("maxcpu"),
    Field("avgcpu", REAL, low=0),
    Field("p95maxcpu"),
    Field("vmcategory", TEXT),
)
_OPEN = {">24": "30", ">64": "70"}


def _buckets(*sizes: str) -> dict[str, str | None]:
    return {size: _OPEN.get(size, size) for size in sizes}


class _Azure(TraceFormat):
    files = "vmtable.csv.gz"
    time_zero = "start of the 30-day window"
    layout: ClassVar[Layout]

    def pieces(self, part: Part) -> Iterator[Piece]:
        """See :class:`TraceFormat`."""
        for rows in read(part, self.layout):
            good = rows.numbers("vmdeleted") >= rows.numbers("vmcreated")
            rows = rows.must(good, "vmdeleted is before vmcreated", "a machine to end after it begins")
            yield self._piece(rows)

    def _piece(self, rows: Rows) -> Piece:
        rows, _ = mapped(rows, "vmcategory", _CATEGORIES)
        rows = self.sized(rows)
        _, category = mapped(rows, "vmcategory", _CATEGORIES)
        created_s, deleted_s = rows.numbers("vmcreated"), rows.numbers("vmdeleted")
        whole = (created_s > 0) & (deleted_s < END_S)
        run_s = (deleted_s - created_s).astype(float)
        notes = rows.part.tally
        notes.note("machines there at an end of the window: duration_s is null, see at_least_s", int((~whole).sum()))
        notes.note(
            "machines that ended in the 300-s step in which they began: duration_s is 0", int((run_s == 0).sum())
        )
        cores, mem_gb = self.sizes(rows)
        table = {
            "job": rows.column("vmid"),
            "arrival_s": real(where(created_s > 0, created_s.astype(float))),
            "duration_s": real(where(whole, run_s)),
            "at_least_s": real(where(~whole, run_s)),
            "cores": cores,
            "mem_gb": mem_gb,
            "cpu_util_frac": real(rows.numbers("avgcpu") / 100.0),
            "service_class": category,
            "status": pa.array(["finished", "running"]).take(pa.array((deleted_s >= END_S).astype(int))),
            "user": rows.column("subscriptionid"),
            "group": rows.column("deploymentid"),
        }
        return Piece(pa.table(table), key=hashed(rows.column("vmid")), lines=rows.lines)

    def sized(self, rows: Rows) -> Rows:
        """Rows whose sizes can be read."""
        return rows

    def sizes(self, rows: Rows) -> tuple[pa.Array, pa.Array]:
        """Cores and GB."""
        return rows.column("vmcorecount"), rows.column("vmmemory")


class AzureV1(_Azure):
    """Azure virtual machines of 2017: 30 days, 2,013,767 machines with their sizes."""

    name = "azure-v1"
    title = "Azure virtual machines 2017 (V1): 30 days, sizes in cores and GB, mean CPU use"
    source = "Azure Public Dataset V1, CC BY 4.0"
    layout = Layout("vmtable (V1)", (*_COMMON, Field("vmcorecount", REAL, low=0.01), Field("vmmemory", REAL, low=0.01)))

    @classmethod
    def example(cls) -> dict[str, bytes]:
        """See :class:`TraceFormat`."""
        rows = (
            "vm+a/1=,sub1,dep1,300,1500,99.4,3.4,10.2,Delay-insensitive,1,1.75",
            "vm+b/2=,sub1,dep1,0,2400,100,6.2,34.0,Interactive,8,56.0",
            "vm+c/3=,sub2,dep2,2188800,2591700,99.6,3.6,7.9,Unkown,2,3.5",
        )
        return {"vmtable.csv": ("\n".join(rows) + "\n").encode()}


class AzureV2(_Azure):
    """Azure virtual machines of 2019: 30 days, 2,695,548 machines with size buckets."""

    name = "azure-v2"
    title = "Azure virtual machines 2019 (V2): 30 days, size buckets, mean CPU use"
    source = "Azure Public Dataset V2, CC BY 4.0"
    layout = Layout("vmtable (V2)", (*_COMMON, Field("vmcorecountbucket", TEXT), Field("vmmemorybucket", TEXT)))
    cores = _buckets("2", "4", "8", "24", ">24")
    memory = _buckets("2", "4", "8", "32", "64", ">64")

    def sized(self, rows: Rows) -> Rows:
        """See :class:`_Azure`."""
        rows, _ = mapped(rows, "vmcorecountbucket", self.cores)
        rows, _ = mapped(rows, "vmmemorybucket", self.memory)
        return rows

    def sizes(self, rows: Rows) -> tuple[pa.Array, pa.Array]:
        """See :class:`_Azure`; open buckets stand for 30 cores and 70 GB."""
        _, cores = mapped(rows, "vmcorecountbucket", self.cores)
        _, memory = mapped(rows, "vmmemorybucket", self.memory)
        for column, bucket in (("vmcorecountbucket", ">24"), ("vmmemorybucket", ">64")):
            count = int((rows.numbers(column) == bucket).sum())
            rows.part.tally.note(f"machines in the open bucket {bucket} of {column}, taken as {_OPEN[bucket]}", count)
        return cores.cast(pa.float64()), memory.cast(pa.float64())

    @classmethod
    def example(cls) -> dict[str, bytes]:
        """See :class:`TraceFormat`."""
        rows = (
            "vm+a/1=,sub1,dep1,300,1500,99.4,3.4,10.2,Delay-insensitive,2,4",
            "vm+b/2=,sub1,dep1,0,2400,100,6.2,34.0,Interactive,>24,>64",
            "vm+c/3=,sub2,dep2,2188800,2591700,99.6,3.6,7.9,Unknown,4,32",
        )
        return {"vmtable.csv": ("\n".join(rows) + "\n").encode()}
