"""Facts and machines that the tests work with by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from greensched.traces.arrivals import ArrivalLaw
from greensched.traces.laws import DurationLaw
from greensched.traces.table import Jobs
from greensched.truths import described
from greensched.truths.described import Law, Meanings
from greensched.truths.facts import Dataset, Model, Tool
from greensched.truths.machines import Machine

IMAGES = Dataset("pictures", (), "image", 1000.0, 1.0, "image", 0.0, "known")
TEXTS = Dataset("texts", (), "text", 1000.0, 100.0, "token", 1.0, "known")
NET = Model("net", (), "llm", 1e9, 2e9, None, "token", 8, "known")
TOOL = Tool("tool", (), "etl", ("load",), "GB", 0.5, (0.5, 0.25, 0.25), 0.1, 0.8, 2.0, (), "known")
XEON = Machine("xeon", (1.0, 1.0, 1.0))
SLOW = Machine("slow", (0.5, 1.0, 0.25))
A100 = Machine("a100", (1.0, 1.0, 1.0), "A100", 1.0)
T4 = Machine("t4", (1.0, 1.0, 1.0), "T4", 65 / 312)
DURATION = DurationLaw(1500.0, 1.4, 0.05, 1.9, 10.0, 86_400.0)
ARRIVALS = ArrivalLaw(0.35, 0.8, 0.5, 1.1, 1400)
WEEK_S = 7 * 86_400.0


def law(split: str, **changes: object) -> Law:
    """The usual laws for a split."""
    usual: dict[str, object] = {
        "split": split, "apps": 200, "app_share": 0.6, "gpu_share": 0.4, "host_gpus": 8.0, "duration": DURATION,
        "arrivals": ARRIVALS,
    }  # fmt: skip
    return Law(**(usual | changes))  # type: ignore[arg-type]


def jobs(seed: int, n: int, split: str = "train", **changes: object) -> tuple[Jobs, Meanings]:
    """Described jobs of a week in June at two origins."""
    start = datetime(2022, 6, 6, tzinfo=UTC)
    return described.generate(
        seed, n, WEEK_S, start, law(split, **changes), np.array([0.0, 10.0]), np.array([1.0, 2.0])
    )
