"""What every benchmark shares: rows of ``case, metric, value, unit, target, met``, a table, and a JSON file.

Each benchmark is a script: ``python benchmarks/<name>.py [--quick]``. It prints a table and writes
``benchmarks/results/<name>.json`` (``<name>.quick.json`` with ``--quick``) with the machine and the commit.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    """One measured figure. ``target`` is what the issue asked for, None where it asked for nothing."""

    case: str
    metric: str
    value: float
    unit: str
    target: str | None = None
    met: bool | None = None


def _machine() -> dict[str, object]:
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory_gb, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _commit() -> str:
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=RESULTS.parent)
    dirty = subprocess.run(
        ["git", "status", "--porcelain", "--", ":(top,exclude)benchmarks/results"],
        capture_output=True,
        text=True,
        cwd=RESULTS.parent,
    )
    return head.stdout.strip() + ("+uncommitted" if dirty.stdout.strip() else "")


class Report:
    """Collects rows, prints them as they come, writes the JSON at the end."""

    def __init__(self, name: str, quick: bool) -> None:
        self._name = f"{name}.quick" if quick else name
        self._rows: list[Row] = []
        print(f"{'case':<40} {'metric':<34} {'value':>14} {'unit':<10} {'target':<12} met", flush=True)

    def add(
        self, case: str, metric: str, value: float, unit: str, target: float | None = None, at_most: bool = True
    ) -> None:
        """Record one figure; with ``target`` it is judged (``at_most``: value <= target, else value >= target)."""
        value = float(value)  # numpy numbers, and what comes of comparing them, are no JSON
        met = None if target is None else (value <= target if at_most else value >= target)
        shown = None if target is None else f"{'<=' if at_most else '>='} {target:g}"
        row = Row(case, metric, value, unit, shown, met)
        self._rows.append(row)
        verdict = "" if met is None else ("yes" if met else "NO")
        print(f"{case:<40} {metric:<34} {value:>14.6g} {unit:<10} {shown or '':<12} {verdict}", flush=True)

    def write(self) -> int:
        """Write ``benchmarks/results/<name>.json``; returns the exit code: 1 if a target was missed."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{self._name}.json"
        content = {
            "name": self._name,
            "when_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": " ".join([Path(sys.executable).name, *sys.argv]),
            "machine": _machine(),
            "commit": _commit(),
            "rows": [asdict(row) for row in self._rows],
        }
        path.write_text(json.dumps(content, indent=1) + "\n")
        missed = sum(row.met is False for row in self._rows)
        print(f"wrote {path}; targets missed: {missed}")
        return 1 if missed else 0
