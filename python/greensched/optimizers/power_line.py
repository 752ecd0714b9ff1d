"""The least power that tasks are charged, as a sum over tasks whoever shares a host with whom.

A host draws D(u) above idle, u being the share of its cores that is busy, and tasks pay for it by their busy cores:
what one pays depends on who else is there. But if every task keeps between f_min and f_max of its cores busy, then any
line with

    a * min(1, u / f_min) + b * u <= D(u)    for all u up to f_max, and a, b >= 0

bounds what all tasks of a host pay together, at every instant: they hold a share h of its cores, h <= 1 and
h <= u / f_min, so a * h + b * u <= D(u). Of this each task pays for the cores that it holds (a) and keeps busy (b).
"""

from __future__ import annotations

import numpy as np

from greensched.core.types import F64


def power_line(power_w: F64, least_frac: float, most_frac: float, usual_frac: float) -> tuple[float, float]:
    """The line (a, b), in W of a whole host, that is highest for a task of ``usual_frac``.

    Args:
        power_w: of the host at evenly spaced utilisations from 0 to 1.
        least_frac: share of its cores that every task keeps busy.
        most_frac: share that no task exceeds.
        usual_frac: a task for which the line should be high; any choice is a bound.
    """
    corners = np.linspace(0.0, 1.0, len(power_w))
    u = np.unique(np.clip([*corners, least_frac, most_frac], 0.0, max(most_frac, 0.0)))
    u = u[u > 0]
    if len(u) == 0:
        return 0.0, 0.0
    above_w = np.interp(u, corners, power_w) - power_w[0]
    held = np.minimum(1.0, u / least_frac) if least_frac > 0 else np.ones(len(u))
    # without held cores the steepest line through nothing; with them flatter ones, each as high as it can be
    one, two = np.triu_indices(len(u), 1)
    slopes = np.append((above_w[two] - above_w[one]) / (u[two] - u[one]), (above_w / u).min())
    slopes = np.unique(np.clip(slopes, 0.0, None))
    heights = ((above_w[None, :] - slopes[:, None] * u[None, :]) / held[None, :]).min(axis=1)
    if least_frac <= 0:
        heights = np.minimum(heights, 0.0)  # a task that keeps nothing busy pays nothing
    usable = heights >= 0
    if not usable.any():
        return 0.0, 0.0
    heights, slopes = heights[usable], slopes[usable]
    best = int(np.argmax(heights + slopes * usual_frac))
    return float(heights[best]), float(slopes[best])
