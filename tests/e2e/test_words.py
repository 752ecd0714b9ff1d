"""Jobs in words run in the real world as their meaning says, on each kind of hardware."""

from __future__ import annotations

import re

import numpy as np
import pytest

import greensched
from greensched.scenario.hardware import HOST_TYPES
from greensched.truths import facts, roofline
from greensched.truths.machines import Machine
from greensched.truths.modes import MODES
from greensched.truths.roofline import GpuWork

pytestmark = pytest.mark.java


def scenario(gpu: str) -> dict[str, object]:
    """One cold datacenter (nothing throttles) without noise; nodes of eight GPUs, alike in all else."""
    like = HOST_TYPES[f"{gpu.lower()}-node"]
    node = HOST_TYPES["a100-node"].model_dump(exclude_none=True) | {
        "gpu_type": gpu, "gpu_idle_w": like.gpu_idle_w, "gpu_max_w": like.gpu_max_w,
        "speed": {"general": 1.0, "memory": 1.0, "vector": 1.0, "gpu": like.speed["gpu"]},
    }  # fmt: skip
    return {
        "host_types": {"node": node},
        "greensched": 1,
        "name": "words",
        "start": "2022-01-10T00:00:00Z",
        "horizon": "7d",
        "drain": "120d",
        "end": "drained",
        "slot": "1h",
        "noise": {"time_sigma": 0.0, "power_sigma": 0.0},
        "datacenters": [{"name": "oslo", "zone": "NO", "hosts": [{"type": "node", "count": 40}]}],
        "workload": {"source": "synthetic", "text": "train", "jobs": 60, "gpu_share": 1.0, "stragglers": 0.0},
        "policy": {"name": "random"},
        "baseline": None,
    }


def test_a_description_costs_what_it_means() -> None:
    a100, t4 = (greensched.simulate(scenario(gpu)).jobs for gpu in ("A100", "T4"))
    nodes = [Machine("a", (1.0, 1.0, 1.0), "A100", 1.0), Machine("t", (1.0, 1.0, 1.0), "T4", 0.21)]
    checked = 0
    for a, t in zip(a100.itertuples(), t4.itertuples(), strict=True):
        assert a.description == t.description
        work = meant(a.description)
        if work is None:
            continue
        on = roofline.run(work, a.gpus, a.cores, nodes)
        # neighbours slow it down by 6 % at most, on either
        assert t.run_s / a.run_s == pytest.approx(on.sample_s[1] / on.sample_s[0], rel=0.07)
        gpus_w = on.gpu_util_frac[0] * a.gpus * (400 - 60)
        assert gpus_w * 0.999 < a.it_kwh * 3.6e6 / a.run_s < gpus_w + 459 * a.cores / 128
        checked += 1
    assert checked >= 5
    assert len(np.unique(a100.description)) > 20


def meant(text: str) -> GpuWork | None:
    """What a LoRA run on texts computes, read from its words with the catalogue in hand; None for other work."""
    models = [m for m in facts.models() if m.family == "llm" and named(m, text)]
    texts = [d for d in facts.datasets() if d.unit == "token" and named(d, text)]
    if "LoRA" not in text or not models or not texts:
        return None
    batch = re.search(r"(?:batch(?: size)? |bs[ =])(\d+)", text)
    precision = "bf16" if "bf" in text else "fp16" if "fp16" in text or "half" in text else "fp32"
    size = models[-1].batch if batch is None else int(batch[1])
    return GpuWork(models[-1], MODES["llm"][1], texts[-1], precision, size, 0)


def named(row: facts.Model | facts.Dataset, text: str) -> bool:
    return any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) for name in (row.name, *row.aliases))
