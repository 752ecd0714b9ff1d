"""Where the mind spends its time. Wall-clock, so it never enters the feedback log or a decision."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

PARTS = ("mirror", "predict", "optimise", "log", "total")


class Latency:
    """One row of microseconds per answered observation."""

    def __init__(self) -> None:
        self._tasks: list[int] = []
        self._rows_us: list[tuple[float, ...]] = []

    def add(self, tasks: int, mirror_s: float, predict_s: float, decide_s: float, log_s: float) -> None:
        """Record one answer; ``decide_s`` includes the prediction."""
        optimise_s = decide_s - predict_s
        parts_s = (mirror_s, predict_s, optimise_s, log_s, mirror_s + decide_s + log_s)
        self._tasks.append(tasks)
        self._rows_us.append(tuple(1e6 * s for s in parts_s))

    def summary(self) -> dict[str, float | int]:
        """Count, tasks, and p50, p99 and maximum of every part in microseconds per answer."""
        result: dict[str, float | int] = {"answers": len(self._tasks), "tasks": sum(self._tasks)}
        if self._rows_us:
            us = np.array(self._rows_us)
            for part, column in zip(PARTS, us.T, strict=True):
                p50, p99 = np.percentile(column, [50, 99])
                result |= {f"{part}_p50_us": p50, f"{part}_p99_us": p99, f"{part}_max_us": column.max()}
            result["total_us_per_task"] = float(us[:, -1].sum()) / max(1, sum(self._tasks))
        return {k: round(v, 3) if isinstance(v, float) else v for k, v in result.items()}


def write(path: Path, figures: Mapping[str, Any]) -> None:
    """Write figures as JSON, atomically."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)
