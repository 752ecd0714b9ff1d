"""Writes docs/benchmarks.md from benchmarks/results/*.json; ``--check`` only says whether it is current.

python benchmarks/page.py [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parent.parent
RESULTS = REPO / "benchmarks" / "results"
PAGE = REPO / "docs" / "benchmarks.md"
INTRODUCTION = """# Measured

Made by `python benchmarks/page.py` from `benchmarks/results/*.json`; each file is written by the benchmark of its name.
Absolute times are of a shared machine with two cores and vary by a factor of two; ratios are of one run, side by side.
A target that was missed is shown as missed.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for path in sorted(RESULTS.glob("*.json")):
        if not path.name.endswith(".quick.json"):
            parts.append(_section(json.loads(path.read_text())))
    return "\n".join(parts)


def _section(result: dict[str, Any]) -> str:
    machine = result["machine"]
    lines = [
        f"## {result['name']}",
        "",
        f"`python benchmarks/{result['name']}.py`, {result['when_utc'][:10]}, commit `{result['commit'][:12]}`, "
        f"{machine['cores']} x {machine['cpu']}, {machine['memory_gb']} GB.",
        "",
        "| case | metric | value | unit | target | met |",
        "|---|---|---:|---|---|---|",
    ]
    for row in result["rows"]:
        met = "" if row["met"] is None else ("yes" if row["met"] else "**no**")
        target = row["target"] or ""
        lines.append(f"| {row['case']} | {row['metric']} | {row['value']:.4g} | {row['unit']} | {target} | {met} |")
    return "\n".join([*lines, ""])


def main() -> int:
    """Write or check."""
    text = page()
    if "--check" in sys.argv[1:]:
        current = PAGE.is_file() and PAGE.read_text() == text
        print("docs/benchmarks.md is current" if current else "docs/benchmarks.md is stale: python benchmarks/page.py")
        return 0 if current else 1
    PAGE.write_text(text)
    print(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
