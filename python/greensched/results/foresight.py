"""What is true of a run, read after it from its folder: for the clairvoyant bound, and for nobody who decides.

Everything here is the least that the world can charge:

* a task runs alone (interference only lengthens), at the coolest moment of the run (heat only lengthens), with its own
  luck, and is never interrupted; longer at the same power is never cheaper;
* it is charged by the :func:`~greensched.optimizers.power_line.power_line` of its host, which holds for the sum over
  all tasks of a host, and for its GPUs; of several phases as by the one with the least power, all the time;
* PUE and intensity are the true ones, in steps of an hour, of the signals within a step the least; a load-dependent
  PUE is its slope; moving data is charged at the cleanest moment between arrival and start;
* decisions are taken from the slot after the arrival on; predecessors, waking hosts, queues, fragments of hosts,
  faults, and a utilisation cap across several host types cost nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from greensched.core.errors import ConfigError
from greensched.core.frames import read_frame
from greensched.core.types import F64, I64
from greensched.core.units import S_PER_HOUR
from greensched.optimizers.foresight import Foresight
from greensched.optimizers.problem import SLACK, Bool, Index
from greensched.results.folder import RunFolder
from greensched.results.physics import JUST, Physics, Site

_DOWN, _OUT = 0, 1  # kinds of faults that interrupt


def foresight_of(run: RunFolder, step_s: float = S_PER_HOUR) -> Foresight:
    """All tasks that can be done in a run, one per row of its tasks.

    Args:
        run: its folder; only the input is read.
        step_s: length of a step, at least; that of the signals divides the one that is taken.

    Raises:
        ConfigError: the run is not privileged, or holds what the bound does not cover.
    """
    _check(run)
    return _Reader(run, step_s).read()


def _check(run: RunFolder) -> None:
    if not run.config.get("privileged"):
        raise ConfigError(f"{run.path}: the bound needs the truth; set `privileged: true` in the scenario")
    for datacenter in run.config["datacenters"]:
        if any(min(spec["power_w"]) < spec["power_w"][0] for spec in datacenter["hosts"]):
            raise ConfigError(f"{run.path}: no bound where hosts draw less at work than idle ({datacenter['name']})")
    hidden = read_frame(run.path / "input" / "hidden.gsf")
    if len(hidden.tables.get("vms", {}).get("task", ())):
        raise ConfigError(f"{run.path}: no bound for virtual machines, whose run time depends on their cloudlets")
    faults = run.path / "input" / "faults.gsf"
    kinds = np.asarray(read_frame(faults).table("faults")["kind"]) if faults.is_file() else np.zeros(0, np.int32)
    rules, checkpoint = run.config.get("faults") or {}, run.config.get("checkpoint") or {}
    whole = not checkpoint.get("interval_s") and rules.get("interrupted") != "fail" and not rules.get("max_attempts")
    if np.isin(kinds, (_DOWN, _OUT)).any() and not whole:
        raise ConfigError(f"{run.path}: no bound where interrupted tasks keep part of their work, or fail")


class _Reader:
    """The parts of a :class:`Foresight`."""

    def __init__(self, run: RunFolder, step_s: float) -> None:
        self._config, self._tasks = run.config, {k: v for k, v in run.tasks.items() if isinstance(v, np.ndarray)}
        frame = read_frame(run.path / "input" / "hidden.gsf")
        self._hidden, self._tables = frame.table("hidden"), frame.tables
        signals = read_frame(run.path / "input" / "signals.gsf")
        self._signals = signals.table("signals")
        self._signal_s = signals.meta["step_us"] / 1e6
        self._merged = max(1, round(step_s / self._signal_s))
        self._end_s = (self._config["horizon_us"] + self._config["drain_us"]) / 1e6
        self._n = len(self._tasks["cores"])
        self._sites = self._host_groups()

    def read(self) -> Foresight:
        """All of it."""
        config, tasks, sites = self._config, self._tasks, self._sites
        dcs = np.array([site.dc for site in sites], dtype=np.intp)
        homes = np.array([origin["home"] for origin in config["origins"]], dtype=np.intp)
        home = homes[tasks["origin"]]
        away = home[:, None] != dcs[None, :]
        moving_s, moving_kwh = self._transfers(dcs, away)
        release_s = self._release_s()
        physics = Physics(config, tasks, self._hidden, self._tables, self._signals, sites)
        capacity = np.array([self._capacity(site) for site in sites])
        run_s, power_w = physics.runs_and_powers(capacity[:, 0])
        grid = np.array([self._signals[f"{d}.carbon_gpkwh"] for d in range(len(config["datacenters"]))])
        pue = np.array([self._pue(d) for d in range(len(grid))])
        deadline_us = tasks["deadline_us"]
        run_s[tasks["arrival_us"] >= config["horizon_us"]] = np.inf  # they do not exist for the world
        return Foresight(
            slot_s=self._signal_s * self._merged,
            end_s=self._end_s,
            rate_gpkwh=self._coarse(grid * pue)[dcs],
            grid_gpkwh=self._coarse(grid),
            dc=dcs,
            capacity=capacity,
            demand=self._demand(),
            home=home,
            release_s=release_s,
            ready_s=release_s[:, None] + moving_s,
            run_s=run_s,
            power_w=power_w,
            transfer_kwh=moving_kwh,
            deadline_s=np.where(deadline_us == np.iinfo(np.int64).max, np.inf, deadline_us / 1e6),
        )

    def _host_groups(self) -> list[Site]:
        kinds = self._tables.get("host_kinds", {})
        kind_of = {}
        if len(kinds.get("dc", ())):
            groups = zip(kinds["dc"].tolist(), kinds["group"].tolist(), strict=True)
            kind_of = dict(zip(groups, kinds["kind"].tolist(), strict=True))
        return [
            Site(d, spec, kind_of.get((d, g), 0))
            for d, datacenter in enumerate(self._config["datacenters"])
            for g, spec in enumerate(datacenter["hosts"])
        ]

    def _demand(self) -> F64:
        gpus = self._tasks["gpus"]
        whole = np.ceil(gpus - SLACK)  # from one GPU on, whole ones
        gpus = np.where(gpus < 1 - SLACK, gpus, whole)
        return np.column_stack([self._tasks["cores"], gpus, self._tasks["mem_gb"]])

    def _capacity(self, site: Site) -> list[float]:
        spec, datacenter = site.spec, self._config["datacenters"][site.dc]
        cores = spec["count"] * spec["cores"]
        all_cores = sum(group["count"] * group["cores"] for group in datacenter["hosts"])
        usable = datacenter["utilisation_cap_frac"] * all_cores
        room = [min(cores, usable), spec["count"] * spec["gpus"], spec["count"] * spec["mem_gb"]]
        return [float(amount) * (1 + JUST) + spec["count"] * 1e-6 for amount in room]  # more than the world forgives

    def _release_s(self) -> F64:
        arrival_us: I64 = self._tasks["arrival_us"]
        slot_us = self._config["slot_us"]
        slots = self._config["mode"] == "slots"
        release_us = -(-arrival_us // slot_us) * slot_us if slots else arrival_us
        release_s: F64 = release_us / 1e6
        return release_s

    def _transfers(self, dcs: Index, away: Bool) -> tuple[F64, F64]:
        """Seconds and kWh of moving the data."""
        network, tasks = self._config["network"], self._tasks
        data_gb, origin = tasks["data_gb"][:, None], tasks["origin"]
        rtt_s = np.array(network["rtt_ms"], dtype=np.float64)[:, dcs][origin] / 1000.0
        gbps = np.array(network["gbps"], dtype=np.float64)[:, dcs][origin]
        return np.where(away, rtt_s + data_gb * 8.0 / gbps, 0.0), np.where(away, data_gb * network["kwh_per_gb"], 0.0)

    def _pue(self, d: int) -> F64:
        """Per step of the signals."""
        pue, steps = self._config["datacenters"][d]["pue"], len(self._signals["0.carbon_gpkwh"])
        if pue["model"] == "temperature":
            hot_c = np.maximum(0.0, self._signals[f"{d}.temperature_c"] - pue["t0_c"])
            warm: F64 = pue["base"] + pue["slope_per_c"] * hot_c
            return warm
        return np.full(steps, float(pue["value"] if pue["model"] == "static" else pue["slope"]))

    def _coarse(self, values: F64) -> F64:
        """The least of each step."""
        steps = int(np.ceil(self._end_s / (self._signal_s * self._merged)))
        missing = steps * self._merged - values.shape[1]
        if missing > 0:
            values = np.concatenate([values, np.repeat(values[:, -1:], missing, axis=1)], axis=1)
        least: F64 = values[:, : steps * self._merged].reshape(len(values), steps, self._merged).min(axis=2)
        return least


def foresight_at(folder: Path, step_s: float = S_PER_HOUR) -> Foresight:
    """The same of the run in a folder."""
    return foresight_of(RunFolder(folder), step_s)
