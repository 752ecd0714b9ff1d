"""The workload block: what jobs there are, what owners declare, and the laws of the hidden truth."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from greensched.scenario.base import Model
from greensched.scenario.quantities import Alpha, DataGb, DurationUs, Factor, Fraction, Sigma, Weight, format_duration
from greensched.scenario.sources import Window
from greensched.traces.arrivals import EVEN_BURSTS
from greensched.traces.presets import presets

Pair = Annotated[tuple[Fraction, Fraction], Field(strict=False)]
Pairs = Annotated[tuple[Pair, ...], Field(strict=False, min_length=2)]
DurationPair = Annotated[tuple[Fraction, DurationUs], Field(strict=False)]
Shares = Annotated[tuple[Weight, Weight, Weight, Weight], Field(strict=False)]


class Deadlines(Model):
    """deadline = arrival + max(min, factor x true run time), at most 10^12 s.

    No public trace has deadlines: they are always derived.

    The rule is named in tasks.gsf and in the report. It takes the true run time, as an owner who knows the job would;
    so a task's slack carries information about its run time, to every predictor alike.
    """

    distribution: Literal["uniform", "lognormal"] = "uniform"
    """Law of the factor."""
    low: Factor = 1.5
    """Uniform: least factor."""
    high: Factor = 6.0
    """Uniform: greatest factor."""
    median: Factor = 2.5
    """Lognormal: median factor (values below 1.1 become 1.1)."""
    sigma: Sigma = 0.6
    """Lognormal: sigma."""
    min: DurationUs = 600_000_000
    """Least time allowed to a job."""
    none_share: Fraction = 0.0
    """Share of jobs without a deadline. Such a job may wait forever for the cleanest datacenter."""

    @model_validator(mode="after")
    def _ordered(self) -> Deadlines:
        if self.high < self.low:
            raise ValueError(f"high ({self.high:g}) must be at least low ({self.low:g})")
        return self


class Owners(Model):
    """What owners declare beyond the demand."""

    estimate_sigma: Sigma = 0.4
    """Sigma of the lognormal error of the owner's run-time estimate."""
    estimate_missing: Fraction = 0.3
    """Share of jobs whose owner gives no estimate."""
    data_median_gb: DataGb = 0.1
    """Median input data (GB) of jobs that have any. Assumed; the traces say nothing. Moving 1 GB costs about as much
    energy as an hour on one core."""
    data_sigma: Sigma = 1.5
    """Sigma of log data size; a size is at most 10^7 GB."""
    data_none: Fraction = 0.3
    """Share of jobs without input data."""
    apps: Annotated[int, Field(ge=12, le=100_000)] = 240
    """Recurring applications (names, labels, owners)."""


class Truth(Model):
    """Laws of what is true and hidden. Only the world reads what is drawn from them."""

    cpu_util_quantiles: Pairs = ((0.0, 0.01), (0.25, 0.03), (0.50, 0.19), (0.75, 0.67), (0.90, 1.0), (1.0, 1.0))
    """(rank, used / requested CPU). Default: Google 2019 sample, use above the request clipped."""
    gpu_util_quantiles: Pairs = ((0.0, 0.0), (0.50, 0.12), (0.75, 0.92), (0.90, 1.0), (1.0, 1.0))
    """(rank, GPU utilisation). Default: from the GPU power distribution of Acme."""
    phased_share: Fraction = 0.1
    """Share of jobs over ten minutes whose utilisation changes in phases."""
    interference: Annotated[float, Field(ge=0.0, le=100.0)] = 1.0
    """Scale of the slowdown by other tasks on the same host; 0: none."""

    @model_validator(mode="after")
    def _quantiles(self) -> Truth:
        for name in ("cpu_util_quantiles", "gpu_util_quantiles"):
            ranks = [r for r, _ in getattr(self, name)]
            if ranks != sorted(ranks) or ranks[0] != 0.0 or ranks[-1] != 1.0:
                raise ValueError(f"{name}: ranks must rise from 0 to 1")
        return self


class _Common(Model):
    deadlines: Deadlines = Deadlines()
    """Deadline rule."""
    owners: Owners = Owners()
    """What owners declare."""
    truth: Truth = Truth()
    """Hidden truth."""
    origins: dict[str, Weight] = Field(default={})
    """Relative share of jobs per datacenter name (as home); overrides `load_share`."""


class Durations(Model):
    """Lognormal body with a truncated Pareto tail, or quantiles."""

    median: DurationUs = 1_500_000_000
    """Median run time (Azure V1: 1,500 s)."""
    sigma: Sigma = 1.4
    """Sigma of log run time (Azure V1: robust 1.35)."""
    tail_share: Fraction = 0.05
    """Share of jobs in the tail."""
    tail_alpha: Alpha = 1.9
    """Pareto exponent of the tail (Azure V1, top 5 %: 1.9; batch CPU clusters 0.75-0.95)."""
    min: DurationUs = 10_000_000
    """Shortest run time."""
    max: DurationUs = 86_400_000_000
    """Longest run time."""
    app_share: Fraction = 0.6
    """Share of the variance of log run time that the application explains."""
    size_corr: Annotated[float, Field(ge=-0.95, le=0.95)] = 0.0
    """Correlation of log run time with log cores (Azure V1: 0.12)."""
    quantiles: Annotated[tuple[DurationPair, ...], Field(strict=False)] = ()
    """(rank, run time), instead of median, sigma and tail: ranks between 0 and 1, both rising, at least two. What would
    run longer than `max` runs for `max`."""

    @model_validator(mode="after")
    def _ordered(self) -> Durations:
        ranks, times = [r for r, _ in self.quantiles], [t for _, t in self.quantiles]
        rising = all(a < b for values in (ranks, times) for a, b in pairwise(values))
        if ranks and not (rising and len(ranks) > 1 and ranks[0] > 0 and ranks[-1] < 1 and times[0] > 0):
            raise ValueError(
                "quantiles: expected at least two, ranks between 0 and 1 and run times above 0, both rising"
            )
        if self.median <= 0 or self.max <= 0:
            raise ValueError("median and max must be longer than 0")
        if self.max < self.min:
            raise ValueError(f"max ({format_duration(self.max)}) must be at least min ({format_duration(self.min)})")
        return self


class Arrivals(Model):
    """Batches arrive as a Poisson process with a daily and weekly rhythm."""

    diurnal: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.35
    """Amplitude of the daily rate."""
    peak_hour: Annotated[float, Field(ge=0.0, lt=24.0)] = 15.0
    """Local solar hour of the origin at which the daily rate is greatest."""
    weekend: Annotated[float, Field(ge=0.0, le=1000.0)] = 0.8
    """Rate at weekends relative to weekdays."""
    profile: Annotated[tuple[Weight, ...], Field(strict=False)] = ()
    """Rate in each of the 24 local solar hours of the origin, any scale, instead of `diurnal` and `peak_hour`."""
    burstiness: Annotated[float, Field(ge=0.0, le=10.0)] = 0.5
    """Coefficient of variation of the random factor on the rate."""
    burst_shares: Shares = EVEN_BURSTS
    """How much of the factor's log variance is remembered for a minute, ten minutes, two hours and a day; any scale."""
    batch_alpha: Alpha = 1.1
    """Pareto exponent of batch sizes (Azure V1)."""
    batch_cap: Annotated[int, Field(ge=1)] = 1400
    """Largest batch (Azure V1: 1,404); a small workload caps at a fiftieth of its jobs."""

    @model_validator(mode="after")
    def _whole_day(self) -> Arrivals:
        if self.profile and (len(self.profile) != 24 or sum(self.profile) <= 0):
            raise ValueError(f"profile: expected 24 rates that are not all 0, got {len(self.profile)}")
        return self


Split = Literal["train", "test", "new-words-dev", "new-words", "new-phrasing", "drift"]


class SyntheticWorkload(_Common):
    """Jobs from the project's own generator."""

    source: Literal["synthetic"]
    """Which kind of workload this is."""
    text: Split | None = None
    """Describe every job in words, of this split, and let what it costs follow from what they mean
    (docs/generator.md); absent: names and labels that only hint at it."""
    stragglers: Fraction = 0.003
    """With text: share of jobs that take longer than their words and the laws of physics say."""
    jobs: Annotated[int, Field(ge=1, le=100_000_000)] = 5000
    """Number of jobs."""
    like: Literal["azure-v1", "google2011", "alibaba-gpu-2023"] | None = None
    """A public trace from whose fitted laws arrivals, run times, sizes and `gpu_share` are taken where they are not
    given here (`traces/presets.json`; Google 2011 has no sizes)."""
    durations: Durations = Durations()
    """Run times."""
    arrivals: Arrivals = Arrivals()
    """Arrivals."""
    gpu_share: Fraction = 0.08
    """Share of jobs that use GPUs; 0 where no datacenter has any."""
    gpu_typed_share: Fraction = 0.33
    """Share of GPU jobs that ask for one GPU type (Alibaba GPU v2023: 33 %)."""

    @model_validator(mode="before")
    @classmethod
    def _like(cls, given: Any) -> Any:
        """What is not given comes from the preset; a name that is none is the field's own error."""
        preset = (
            presets().get(given["like"]) if isinstance(given, dict) and isinstance(given.get("like"), str) else None
        )
        if preset is None:
            return given
        durations = {"size_corr": preset.size_corr, "min": f"{preset.min_s:f}s", "max": f"{preset.max_s:f}s"}
        durations |= {"quantiles": [(rank, f"{seconds:f}s") for rank, seconds in preset.quantiles]}
        merged = {"gpu_share": preset.gpu_share} | given
        for name, defaults in (("arrivals", preset.arrivals), ("durations", durations)):
            own = given.get(name, {})
            if isinstance(own, dict):
                if name == "arrivals" and {"diurnal", "peak_hour"} & own.keys():
                    defaults = {key: value for key, value in defaults.items() if key != "profile"}
                if {"median", "sigma", "tail_share", "tail_alpha"} & own.keys():
                    defaults = {key: value for key, value in defaults.items() if key != "quantiles"}
                merged[name] = defaults | own
        return merged


class TraceWorkload(_Common):
    """Jobs of a public trace in the data pack (--data)."""

    source: Literal["azure-v1", "google2011", "alibaba-gpu-2023"]
    """Which trace: Azure V1 virtual machines, Google 2011 jobs (no resource requests: sizes are drawn), or Alibaba GPU
    v2023 pods."""
    jobs: Annotated[int, Field(ge=1)] | None = None
    """Sample to this many jobs (seeded, whole submissions first); absent: all jobs of the window."""
    window: Window = Window()
    """Part of the trace."""
    max_duration: DurationUs | None = None
    """Leave out jobs that run longer."""


class FileWorkload(_Common):
    """Jobs from a CSV or Parquet file, or from a public trace that `greensched trace import` wrote (docs/traces.md).

    Columns: arrival_s, duration_s, cores (required); mem_gb, gpus, gpu_type, deadline_s, expected_s, data_gb, origin (a
    datacenter name), priority, name, labels, user, description (optional). Where a value is not given, mem_gb is 4 GB
    per core (with a warning that counts them), gpus is none, and expected_s, data_gb, origin and priority are drawn as
    for other sources; an empty deadline_s means none, no such column means the deadline rule.
    """

    source: Literal["file"]
    """Which kind of workload this is."""
    file: str
    """Path relative to the scenario file or to --data."""
    jobs: Annotated[int, Field(ge=1)] | None = None
    """Sample to this many jobs; absent: all."""
    window: Window = Window()
    """Part of the file: what arrives before its start is left out, and the run begins there."""
    max_duration: DurationUs | None = None
    """Leave out jobs that run longer."""


class HybridWorkload(_Common):
    """Arrivals, sizes and run times of a real trace, with text that agrees with them, labelled synthetic."""

    source: Literal["hybrid"]
    """Which kind of workload this is."""
    trace: Literal["azure-v1", "google2011", "alibaba-gpu-2023", "file"]
    """Which trace: one of the data pack (--data), or that of `file`."""
    file: str | None = None
    """With trace `file`: path relative to the scenario file or to --data, as for source `file`."""
    text: Split = "train"
    """Split of the words (docs/generator.md)."""
    jobs: Annotated[int, Field(ge=1)] | None = None
    """Sample to this many jobs (seeded, whole submissions first); absent: all jobs of the window."""
    window: Window = Window()
    """Part of the trace."""
    max_duration: DurationUs | None = None
    """Leave out jobs that run longer."""

    @model_validator(mode="after")
    def _file_where_asked(self) -> HybridWorkload:
        if (self.trace == "file") != (self.file is not None):
            raise ValueError("trace: file and the key file belong together: give both or neither")
        return self

    def without_text(self) -> TraceWorkload | FileWorkload:
        """The workload whose jobs get text."""
        rest = self.model_dump(exclude={"source", "trace", "file", "text"})
        if self.file is not None:
            return FileWorkload.model_validate({"source": "file", "file": self.file, **rest})
        return TraceWorkload.model_validate({"source": self.trace, **rest})


class CloudsimWorkload(Model):
    """VMs and cloudlets of the customers of a CloudSim file (docs/cloudsim-files.md). A VM is a task."""

    source: Literal["cloudsim"]
    """Which kind of workload this is."""
    file: str
    """Path relative to the scenario file or to --data."""
    document: Annotated[int, Field(ge=1)] | None = None
    """Which document of the file, from 1; absent: its only one."""
    deadlines: Deadlines | None = None
    """Deadline rule, applied to what a VM's cloudlets take on it; absent: VMs have no deadline."""
    homes: dict[str, str] = Field(default={})
    """Datacenter that a customer's VMs call home, by customer; default: by time zone where the file has any, else the
    first with room."""


DrawnWorkload = SyntheticWorkload | TraceWorkload | FileWorkload | HybridWorkload
"""Workloads of which what the source leaves open is drawn."""
Workload = Annotated[DrawnWorkload | CloudsimWorkload, Field(discriminator="source")]
