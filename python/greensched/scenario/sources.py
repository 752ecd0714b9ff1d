"""Where signals and forecasts come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from greensched.scenario.base import Model
from greensched.scenario.quantities import DurationUs


class Forecasts(Model):
    """Forecasts, each with its issue time."""

    source: Literal["synthetic", "real", "none"] = "synthetic"
    """`synthetic`: a seeded martingale of revisions with the error published for real forecasts; `real`: with signals
    of source csv, the issues in `forecasts/` of the folder (`greensched signal fetch SOURCE --forecast` writes them);
    else CarbonCast's (needs --data; second half of 2021, 13 zones, daily at 00:00 UTC)."""
    step: DurationUs = 3_600_000_000
    """Interval of the values of a synthetic issue: 5, 15 or 60 minutes."""
    issue_every: DurationUs = 6 * 3_600_000_000
    """Time between synthetic issues; whole steps."""
    horizon: DurationUs = 96 * 3_600_000_000
    """How far a synthetic issue looks ahead; whole steps, at most 14 days."""


class Signals(Model):
    """Grid and weather signals."""

    source: Literal["synthetic", "data", "csv", "flat"] = "synthetic"
    """`synthetic`: built-in grids from published statistics; `data`: the folder given by --data; `csv`: `folder`;
    `flat`: every zone has the same intensity at all times, and any name is a zone."""
    carbon_gpkwh: Annotated[float, Field(ge=0.0, le=1e5)] | None = None
    """Intensity of the source flat (g/kWh); default: the mean of the built-in zones."""
    folder: str | None = None
    """Folder of <zone>.csv or <zone>.parquet files, relative to the scenario file or to --data (source csv only);
    `greensched signal import` and `fetch` write such folders. Columns: ts (start of the interval, ISO 8601 in UTC,
    evenly spaced) and carbon_gpkwh (g/kWh), both in every row of the run; marginal_gpkwh, wind_frac, solar_frac,
    renewable_frac, price_per_kwh, temperature_c (optional; an empty cell is missing). A zone that is not built in
    takes `lat` and `lon` in its datacenters."""
    intensity: Literal["lca", "direct"] = "lca"
    """Average carbon intensity: life cycle (default) or direct combustion. Of source data it chooses; with source csv
    a folder that says otherwise is an error."""
    interpolation: Literal["hold", "linear"] = "hold"
    """From hourly values to slots. `hold`: the hour's value in all its slots. `linear`: lines through the mid-points of
    the hours, corrected so that each hour keeps its mean; the value of now then leans towards the next hour's and hints
    at it, which no operator could know, so do not judge policies with it (`prepare` warns)."""
    marginal: Literal["none", "synthetic"] = "none"
    """Marginal intensity where the source has none: leave out, or a labelled synthetic one."""
    forecasts: Forecasts = Forecasts()
    """What the mind is told about the future."""


class Window(Model):
    """Part of a trace."""

    start: DurationUs = 0
    """Offset into the trace at which the run starts."""
    compress: Annotated[float, Field(ge=1e-3, le=1e6)] = 1.0
    """Divide arrival times by this: 2 puts two hours of trace into one hour of the run. Run times stay."""
