"""Trace import: rows/s of the Google 2011 loader against plain pandas with the same result; Azure VMs to Parquet.

python benchmarks/traces.py [--quick]

Needs the data pack (``GREENSCHED_DATA``, by default ../shared/data). Google: the pack's nine parts of job_events,
repeated under other job ids. Azure: the pack's 669,435 virtual machines, rewritten to the format of vmtable.
``--quick`` takes a part of both.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from harness import Report

REPO = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPO / "python"), str(REPO / "bridge" / "python")]
from greensched.traces import jobtable  # noqa: E402
from greensched.traces.importing import engine, registry  # noqa: E402
from greensched.traces.importing.contract import Options  # noqa: E402

QUICK = "--quick" in sys.argv[1:]
DATA = Path(os.environ.get("GREENSCHED_DATA", REPO.parent / "shared" / "data"))
COPIES = 4 if QUICK else 48
REPEATS = 1 if QUICK else 2
NAMES = ["time", "missing", "job", "event", "user", "class", "name", "logical"]


def google_parts(folder: Path) -> list[Path]:
    """The pack's parts, each COPIES times in one file, under job ids that differ."""
    sources = sorted((DATA / "traces/raw/google2011/job_events").glob("part-*.csv.gz"))
    parts = []
    for source in sources:
        rows = [line.split(b",", 3) for line in gzip.decompress(source.read_bytes()).splitlines()]
        parts.append(folder / source.stem)
        with parts[-1].open("wb") as stream:
            for copy in range(COPIES):
                suffix = b"%02d" % copy
                stream.write(b"".join(b"%s,%s,%s%s,%s\n" % (t, m, job, suffix, rest) for t, m, job, rest in rows))
    return parts


def with_pandas(parts: list[Path]) -> pd.DataFrame:
    """What anybody would write: read all parts, one row per job by groupby."""
    types = {"time": "int64", "job": "int64", "event": "int64"}
    rows = pd.concat([pd.read_csv(part, header=None, names=NAMES, dtype=types) for part in parts], ignore_index=True)
    jobs = rows.groupby("job")[["user", "class", "name", "logical"]].max()
    starts = rows[rows["event"] == 1].groupby("job")["time"]
    ends = rows[rows["event"].between(2, 6)].sort_values("time").groupby("job").agg({"time": "last", "event": "last"})
    submit = rows[rows["event"] == 0].groupby("job")["time"].min()
    first, last, attempts = starts.min(), starts.max(), starts.size()
    jobs["arrival_s"] = (submit[submit > 0] - 600_000_000) / 1e6
    jobs["queue_s"] = (first - submit[submit > 0]) / 1e6
    jobs["duration_s"] = ((ends["time"] - last[last > 0])[lambda s: s >= 0]) / 1e6
    jobs["attempts"] = attempts
    jobs["status"] = ends["event"].where(~(last.reindex(ends.index) > ends["time"]))
    return jobs


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of this process, of the fastest of some runs each."""
    wall_s, cpu_s = float("inf"), float("inf")
    for _ in range(REPEATS):
        begin, begin_cpu = time.perf_counter(), time.process_time()
        work()
        wall_s, cpu_s = min(wall_s, time.perf_counter() - begin), min(cpu_s, time.process_time() - begin_cpu)
    return wall_s, cpu_s


def same(ours: pd.DataFrame, theirs: pd.DataFrame) -> bool:
    """Whether both ways found the same jobs with the same times and texts."""
    ours = ours.assign(job=ours["job"].astype("int64")).set_index("job").sort_index()
    theirs = theirs.sort_index()
    equal = ours.index.equals(theirs.index)
    for name in ("arrival_s", "queue_s", "duration_s", "attempts"):
        equal &= np.allclose(ours[name].astype(float), theirs[name].astype(float), equal_nan=True, atol=1e-9, rtol=0)
    for mine, other in (("user", "user"), ("name", "name"), ("logical_name", "logical")):
        equal &= bool((ours[mine].fillna("") == theirs[other].fillna("")).all())
    codes = ours["status"].map({"evicted": 2, "failed": 3, "finished": 4, "killed": 5, "lost": 6})
    return bool(equal and np.allclose(codes.astype(float), theirs["status"].astype(float), equal_nan=True))


def google(report: Report, folder: Path) -> None:
    """Rows per second on the same files, same result."""
    parts = google_parts(folder)
    rows = sum(part.read_bytes().count(b"\n") for part in parts)
    size_mb = sum(part.stat().st_size for part in parts) / 1e6
    case = f"google2011, {rows:,} rows in {len(parts)} parts"
    report.add(case, "size", size_mb, "MB")
    out, form = folder / "jobs.parquet", registry.load("google2011")

    def ours(workers: int) -> Callable[[], object]:
        return lambda: engine.import_trace(form, list(map(str, parts)), out, Options(workers=workers))

    def theirs() -> None:
        with_pandas(parts).to_parquet(folder / "pandas.parquet")

    ways: dict[str, Callable[[], object]] = {
        "pandas.read_csv alone, no jobs": lambda: [pd.read_csv(part, header=None, names=NAMES) for part in parts],
        "pandas.read_csv, jobs, Parquet": theirs,
        "trace import, 1 process": ours(1),
    }
    took = {}
    for name, way in ways.items():
        took[name] = timed(way)
        report.add(case, name, rows / took[name][0], "rows/s")
        report.add(case, f"{name}, of CPU time", rows / took[name][1], "rows/s")
    (_, plain), (_, one) = list(took.items())[1:]
    report.add(case, "trace import / pandas, wall time", plain[0] / one[0], "x")
    report.add(case, "trace import / pandas, CPU time", plain[1] / one[1], "x")
    if not QUICK:
        report.add(case, "trace import, 2 processes", rows / timed(ours(2))[0], "rows/s")
    equal = same(jobtable.read(out).to_pandas(), with_pandas(parts))
    report.add(case, "same result (1 = yes)", float(equal), "", 1.0, at_most=False)


def azure(report: Report, folder: Path) -> None:
    """Virtual machines of the pack, as vmtable, to Parquet."""
    pack = pq.read_table(DATA / "traces/normalized/azure_v1_vms.parquet").to_pandas()
    pack = pack.iloc[: 60_000 if QUICK else None]
    created = pack["arrival_s"].to_numpy().astype(np.int64) + 300
    lasted = np.where(pack["censored"], 2_591_700, pack["duration_s"]).astype(np.int64)
    deleted = np.minimum(created + lasted, 2_591_700)
    ident = pd.Series(pack["part"].astype(str) + pack["vm_id"].astype(str).str.zfill(44))
    path = folder / "vmtable.csv"
    group = pack["batch"].astype(str).str.zfill(44)
    table = {"v": ident, "s": group, "d": group, "c": created, "e": deleted, "max": 99.5, "avg": 10.25, "p95": 50.0}
    frame = pd.DataFrame(table).assign(k="Unknown", n=pack["cpu_cores"], m=pack["mem_gb"])
    frame.to_csv(path, header=False, index=False)
    case = f"azure-v1, {len(pack):,} machines"
    report.add(case, "size", path.stat().st_size / 1e6, "MB")
    form = registry.load("azure-v1")
    took, _ = timed(lambda: engine.import_trace(form, [str(path)], folder / "vms.parquet", Options(workers=1)))
    report.add(case, "trace import to Parquet", took, "s", 10.0)
    report.add(case, "rows per second", len(pack) / took, "rows/s")
    kept = jobtable.read(folder / "vms.parquet", ["job"]).num_rows
    report.add(case, "rows kept", kept, "rows", float(len(pack)), at_most=False)


# VmHWM, not ru_maxrss: a child inherits the latter from the process that forked it
MEASURE = (
    "import re, sys; from pathlib import Path; from greensched.traces.importing import engine, registry;"
    "from greensched.traces.importing.contract import Options;"
    "engine.import_trace(registry.load('google2011'), sys.argv[1:-1], Path(sys.argv[-1]), Options(workers=1));"
    "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])"
)


def memory(report: Report, folder: Path) -> None:
    """Peak memory of one process on a file and on one that is many times as long."""
    parts = sorted(folder.glob("part-*"))
    small = parts[1]
    large = folder / "large.csv"
    wanted = (100 if QUICK else 2_000) << 20
    with large.open("wb") as stream:
        number = 0
        while stream.tell() < wanted:
            for part in parts:
                text = part.read_bytes()
                stream.write(text.replace(b",,", b",,%d" % number) if number else text)
            number += 1
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path[:2])}
    for path in (small, large):
        command = [sys.executable, "-c", MEASURE, str(path), str(folder / "measured.parquet")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        case = f"google2011, one file of {path.stat().st_size / 1e6:,.0f} MB"
        report.add(case, "peak memory", int(done.stdout) / 1024, "MB")
    large.unlink()


def main() -> int:
    """Measure, print, write."""
    if not (DATA / "traces").is_dir():
        print(f"no data pack at {DATA}; set GREENSCHED_DATA", file=sys.stderr)
        return 2
    report = Report("traces", QUICK)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as temporary:
        folder = Path(temporary)
        google(report, folder)
        azure(report, folder)
        memory(report, folder)
    return report.write()


if __name__ == "__main__":
    raise SystemExit(main())
