"""What crosses between world and mind, as typed struct-of-arrays.

Everything here is what an operator could know at that instant; truth about a task appears only in :class:`Reports`,
after the task has ended. Names, units and codes are those of ``bridge/PROTOCOL.md``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]

NO_DEADLINE_US = np.iinfo(np.int64).max
SIGNAL_KINDS = (
    "carbon_gpkwh",
    "marginal_gpkwh",
    "wind_frac",
    "solar_frac",
    "renewable_frac",
    "price_per_kwh",
    "temperature_c",
)


class TaskState(IntEnum):
    """States of a task (PROTOCOL.md §5)."""

    WAITING = 0
    PENDING = 1
    DEFERRED = 2
    TRANSFERRING = 3
    QUEUED = 4
    RUNNING = 5
    PAUSED = 6
    FINISHED = 7
    FAILED = 8
    REJECTED = 9


class Action(IntEnum):
    """What a policy can do with a task (PROTOCOL.md §4)."""

    PLACE = 0
    DEFER = 1
    REJECT = 2
    SCALE = 3
    PAUSE = 4
    RESUME = 5
    MIGRATE = 6


class DecisionStatus(IntEnum):
    """How a decision came about."""

    OPTIMAL = 0
    FEASIBLE_TIME_LIMIT = 1
    FALLBACK_GREEDY = 2
    FALLBACK_LOCAL = 3
    INFEASIBLE = 4
    REJECTED = 5
    HEURISTIC = 6


@dataclass(frozen=True)
class HostType:
    """Published facts about one kind of host in one datacenter.

    ``power_w`` is the wall power of the host without its GPUs at evenly spaced CPU utilisations from 0 to 1.
    ``speed`` is relative to the reference host, one value per work class.
    """

    type: str
    count: int
    cores: float
    mem_gb: float
    gpus: int
    gpu_type: int
    gpu_idle_w: float
    gpu_max_w: float
    power_w: tuple[float, ...]
    speed: tuple[float, ...]
    mips: float = 1000.0  # of one core, for virtual machines
    embodied_g_per_core_h: float = 0.0


@dataclass(frozen=True)
class Datacenter:
    """Published facts about one datacenter (``run.json``: ``datacenters``)."""

    index: int
    name: str
    region: str
    zone: str
    lat: float
    lon: float
    utilisation_cap_frac: float
    price_per_kwh: float | None
    pue: dict[str, Any]
    hosts: tuple[HostType, ...]

    @property
    def cores(self) -> float:
        """All cores of all hosts."""
        return float(sum(h.count * h.cores for h in self.hosts))

    @property
    def gpus(self) -> float:
        """All GPUs of all hosts."""
        return float(sum(h.count * h.gpus for h in self.hosts))


@dataclass(frozen=True)
class World:
    """The static part of a run, known from the start.

    ``rtt_ms`` and ``gbps`` have shape (origins, datacenters); ``home`` (origins,) is the datacenter in the task's own
    region.
    """

    run_id: str
    scenario: str
    start_utc: str
    horizon_s: float
    slot_s: float
    mode: str
    seed: int
    privileged: bool
    datacenters: tuple[Datacenter, ...]
    work_classes: tuple[str, ...]
    gpu_types: tuple[str, ...]
    origins: tuple[str, ...]
    home: I32
    rtt_ms: F64
    gbps: F64
    kwh_per_gb: float

    @property
    def n_datacenters(self) -> int:
        """Number of candidate datacenters."""
        return len(self.datacenters)


@dataclass
class TaskTable:
    """What the owners of some tasks declared; one entry per task in every field (PROTOCOL.md §2.2)."""

    task: I64
    job: I64
    arrival_s: F64
    deadline_s: F64  # inf: none
    cores: F64
    gpus: F64
    gpu_type: I32
    mem_gb: F64
    data_gb: F64
    origin: I32
    priority: I32
    expected_s: F64  # NaN: the owner gave no estimate
    name: Sequence[str]
    labels: Sequence[str]
    user: Sequence[str]
    description: Sequence[str] = ()  # the owner's free text; not given: empty for every task

    def __post_init__(self) -> None:
        if len(self.description) == 0:
            self.description = [""] * len(self.task)

    def __len__(self) -> int:
        return len(self.task)

    def rows_of(self, wanted: I64) -> NDArray[np.intp]:
        """Where tasks stand in the table, all of which it holds."""
        order = np.argsort(self.task, kind="stable")
        rows: NDArray[np.intp] = order[np.searchsorted(self.task, wanted, sorter=order)]
        return rows

    def take(self, index: NDArray[np.intp]) -> TaskTable:
        """The rows ``index``, in that order."""
        columns: dict[str, Any] = {}
        for f in dataclasses.fields(self):
            values = getattr(self, f.name)
            columns[f.name] = values[index] if isinstance(values, np.ndarray) else [values[i] for i in index]
        return TaskTable(**columns)


@dataclass
class DatacenterState:
    """The state of every datacenter now, in the order of ``World.datacenters`` (PROTOCOL.md §4, ``observe``).

    Signal values that are missing are NaN, never 0.
    """

    free_cores: F64
    free_gpus: F64
    free_mem_gb: F64
    max_free_cores: F64
    max_free_gpus: F64
    running: I32
    queued: I32
    queued_cores: F64
    queued_gpus: F64
    queued_mem_gb: F64
    inbound: I32
    inbound_cores: F64
    inbound_gpus: F64
    inbound_mem_gb: F64
    used_cores: F64
    utilisation_frac: F64
    it_w: F64
    pue: F64
    carbon_gpkwh: F64
    marginal_gpkwh: F64
    wind_frac: F64
    solar_frac: F64
    renewable_frac: F64
    price_per_kwh: F64
    temperature_c: F64
    down: I32  # 1: without power, takes no task
    failed_cores: F64  # neither free nor used: of hosts that failed or are out of service, or held back by a cap


@dataclass(frozen=True)
class ForecastIssue:
    """One forecast as it was issued: ``value[k]`` holds for [first_s + k * step_s, first_s + (k + 1) * step_s)."""

    issue_s: float
    datacenter: int
    kind: str
    first_s: float
    step_s: float
    value: F64


@dataclass
class ForecastBook:
    """All forecasts issued so far; knows the newest one per datacenter and kind."""

    newest: dict[tuple[int, str], ForecastIssue] = field(default_factory=dict)

    def add(self, issue: ForecastIssue) -> None:
        """File a forecast; an older issue never replaces a newer one."""
        key = (issue.datacenter, issue.kind)
        known = self.newest.get(key)
        if known is None or known.issue_s <= issue.issue_s:
            self.newest[key] = issue

    def at(self, datacenter: int, kind: str, t_s: float) -> float:
        """Newest forecast value for instant ``t_s``; NaN where no issue covers it."""
        issue = self.newest.get((datacenter, kind))
        if issue is None:
            return float("nan")
        k = int((t_s - issue.first_s) // issue.step_s)
        return float(issue.value[k]) if 0 <= k < len(issue.value) else float("nan")


@dataclass(frozen=True)
class Advisory:
    """What an operator announces about a datacenter, in words; whether, when and how it comes true is not said."""

    issue_s: float
    dc: int
    text: str


@dataclass
class AdvisoryBook:
    """All advisories issued so far, in the order in which they were told; one that is told again counts once."""

    issued: tuple[Advisory, ...] = ()

    def add(self, told: Sequence[Advisory]) -> None:
        """File what was told."""
        if told:
            self.issued = tuple(dict.fromkeys((*self.issued, *told)))


@dataclass
class Reports:
    """What really happened to tasks that have ended (PROTOCOL.md §4, ``reports``)."""

    task: I64
    decision: I64
    state: I32
    dc: I32
    placed_s: F64
    queued_s: F64
    start_s: F64
    finish_s: F64
    it_kwh: F64
    dynamic_kwh: F64
    idle_kwh: F64
    transfer_kwh: F64
    dynamic_g: F64
    idle_g: F64
    transfer_g: F64
    cost: F64
    attempts: I32  # more than 1: interrupted, so that its energy is not that of one run

    def __len__(self) -> int:
        return len(self.task)


@dataclass
class Options:
    """Ways to run a task: datacenter, start instant and scale, one entry per option."""

    dc: I32
    start_s: F64
    scale: F64

    def __len__(self) -> int:
        return len(self.dc)

    @staticmethod
    def now_everywhere(n_datacenters: int, now_s: float) -> Options:
        """The default: every datacenter, now, at scale 1."""
        return Options(np.arange(n_datacenters, dtype=np.int32), np.full(n_datacenters, now_s), np.ones(n_datacenters))


@dataclass
class Predictions:
    """Predicted outcome for every (task, option); shape (tasks, options). NaN: the option is impossible.

    ``energy_kwh``: the task's own dynamic IT energy times PUE, without any share of idle.
    ``service_time_s``: from the option's start to finish, staging and queueing included.
    ``wait_s``: the part of it before the task holds cores.
    ``quantiles``: optional, level -> (energy_kwh, service_time_s).
    """

    energy_kwh: F64
    service_time_s: F64
    wait_s: F64
    quantiles: dict[float, tuple[F64, F64]] = field(default_factory=dict)


Truth = Callable[[I64, Options], Predictions]


@dataclass
class Observation:
    """Everything a policy may know at ``t_s``. ``tasks`` are those that need a decision now."""

    seq: int
    t_s: float
    world: World
    tasks: TaskTable
    state: DatacenterState
    forecasts: ForecastBook
    progress: dict[int, float] = field(default_factory=dict)
    truth: Truth | None = None  # privileged runs only
    advisories: tuple[Advisory, ...] = ()  # all that were issued so far


@dataclass
class Decisions:
    """One row per decided task; an asked task that is absent stays pending.

    ``propensity``: the probability with which the decision was taken as it was, given what was known; 1 where the
    policy left nothing to chance, NaN where it cannot be told. Not given: 1 for every task. It stays in the mind's log:
    the world is not told.
    """

    task: I64
    action: I32
    dc: I32
    until_s: F64
    scale: F64
    status: I32
    energy_kwh: F64
    service_time_s: F64
    reason: Sequence[str]
    propensity: F64 = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if len(self.propensity) == 0:
            self.propensity = np.ones(len(self.task))

    def __len__(self) -> int:
        return len(self.task)
