"""Named random streams: one scenario seed controls all randomness, and no stream disturbs another.

Each consumer asks for a stream by name (``"signals", "DE", "wind"``). Streams are independent of each other and of the
order in which they are asked for; seed 0 is a seed like any other.
"""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """The generator of the stream called ``names`` under the scenario seed ``seed`` (a non-negative integer)."""
    if seed < 0:
        raise ValueError(f"seed must be 0 or greater, got {seed}")
    key = hashlib.sha256("\x1f".join(str(name) for name in names).encode()).digest()
    words = [int.from_bytes(key[i : i + 4], "little") for i in range(0, 16, 4)]
    low, high = seed & 0xFFFFFFFF, seed >> 32
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([low, high, *words])))
