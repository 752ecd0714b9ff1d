"""hidden.gsf (PROTOCOL.md §2.3) from the truth of the tasks; what is optional is written only where it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core import limits
from greensched.core.errors import DataError
from greensched.core.types import F64, I32
from greensched.scenario.load import Loaded
from greensched.traces.hidden import Profiles, Truth

_LEAST_SPEED, _MOST_SPEED = 1e-9, 1e9  # as for the speed of hosts


def hidden_tables(loaded: Loaded, truth: Truth) -> dict[str, dict[str, Any]]:
    """Tables of hidden.gsf, without those of virtual machines.

    Raises:
        DataError: the truth holds what the world would refuse, or names hosts or datacenters that are not there.
    """
    hidden: dict[str, Any] = {
        "work_s": truth.work_s,
        "work_class": truth.work_class,
        "cpu_util_frac": truth.cpu_util_frac,
        "gpu_util_frac": truth.gpu_util_frac,
        "interference": truth.interference,
    }
    phases = {
        "task": truth.phase_task,
        "work_frac": truth.phase_work_frac,
        "cpu_util_frac": truth.phase_cpu_util_frac,
        "gpu_util_frac": truth.phase_gpu_util_frac,
    }
    tables: dict[str, dict[str, Any]] = {"hidden": hidden | _optional_columns(truth), "phases": phases}
    if truth.profiles is not None:
        kinds = host_types(loaded)
        tables["host_kinds"] = _host_kinds(loaded, kinds)
        tables["profiles"] = _profiles(truth.profiles, kinds)
    if truth.throttle_c:
        tables["cooling"] = _cooling(loaded, truth.throttle_c)
    return tables


def host_types(loaded: Loaded) -> list[str]:
    """The kinds of hosts of the run: host types by name, in the order in which datacenters name them first."""
    return list(dict.fromkeys(g.type for d in range(len(loaded.scenario.datacenters)) for g in loaded.groups(d)))


def _optional_columns(truth: Truth) -> dict[str, Any]:
    columns: dict[str, NDArray[Any]] = {}
    if truth.profile is not None:
        count = 0 if truth.profiles is None else len(truth.profiles.speed)
        good = (truth.profile >= -1) & (truth.profile < count)
        columns["profile"] = _checked(truth, "profile", np.int32, good, f"-1 or below {count}, the number of profiles")
    if truth.interference_power is not None:
        good = np.isfinite(truth.interference_power) & (truth.interference_power > 0)
        columns["interference_power"] = _checked(truth, "interference_power", np.float64, good, "a number above 0")
    if truth.heat is not None:
        good = np.isfinite(truth.heat) & (truth.heat >= 0)
        columns["heat"] = _checked(truth, "heat", np.float64, good, "a number of 0 or more per degree")
    return columns


def _checked(truth: Truth, name: str, dtype: type, good: NDArray[np.bool_], expected: str) -> NDArray[Any]:
    """A column of the tasks as it is, if it is what was expected."""
    column: NDArray[Any] = getattr(truth, name)
    wanted = np.dtype(dtype)
    if column.dtype != wanted or column.shape != truth.work_s.shape:
        raise DataError(
            f"truth.{name} is {column.dtype} of shape {column.shape}, expected {wanted} of shape {truth.work_s.shape}"
        )
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        raise DataError(f"truth.{name} of task {row} is {column[row]}, expected {expected}")
    return column


def _host_kinds(loaded: Loaded, kinds: list[str]) -> dict[str, I32]:
    rows = [
        (d, g, kinds.index(group.type))
        for d in range(len(loaded.scenario.datacenters))
        for g, group in enumerate(loaded.groups(d))
    ]
    columns = np.array(rows, np.int32).reshape(-1, 3)
    return {name: columns[:, c].copy() for c, name in enumerate(("dc", "group", "kind"))}


def _profiles(given: Profiles, kinds: list[str]) -> dict[str, F64]:
    """Profiles on the kinds of this run only, in its order."""
    missing = [kind for kind in kinds if kind not in given.kinds]
    if missing or len(set(given.kinds)) < len(given.kinds):
        raise DataError(
            f"truth.profiles knows the host types {', '.join(given.kinds) or 'none'}, expected each of "
            f"{', '.join(kinds)} once" + (f"; {', '.join(missing)} is missing" if missing else "")
        )
    pick = [given.kinds.index(kind) for kind in kinds]
    return {
        "speed": _matrix(given, "speed", _LEAST_SPEED, _MOST_SPEED)[:, pick].reshape(-1),
        "cpu_scale": _matrix(given, "cpu_scale", 0.0, np.finfo(np.float64).max)[:, pick].reshape(-1),
        "gpu_scale": _matrix(given, "gpu_scale", 0.0, np.finfo(np.float64).max)[:, pick].reshape(-1),
    }


def _matrix(given: Profiles, name: str, least: float, most: float) -> F64:
    values: F64 = getattr(given, name)
    shape = (len(given.speed), len(given.kinds))
    if values.dtype != np.float64 or values.shape != shape:
        raise DataError(
            f"truth.profiles.{name} is {values.dtype} of shape {values.shape}, expected float64 of shape {shape} "
            "(profiles, kinds)"
        )
    good = (values >= least) & (values <= most)  # false for NaN
    if not good.all():
        profile, kind = (int(i) for i in np.argwhere(~good)[0])
        expected = "a number above 0" if least > 0 else "a number of 0 or more"
        raise DataError(
            f"truth.profiles.{name} of profile {profile} on {given.kinds[kind]} is {values[profile, kind]}, "
            f"expected {expected}"
        )
    return values


def _cooling(loaded: Loaded, throttle_c: Mapping[str, float]) -> dict[str, Any]:
    names = [dc.name for dc in loaded.scenario.datacenters]
    low, high = limits.SIGNALS["temperature_c"]
    for name, limit in throttle_c.items():
        if name not in names:
            raise DataError(f"truth.throttle_c names datacenter {name}, expected one of {', '.join(names)}")
        if not low <= limit <= high:
            raise DataError(f"truth.throttle_c of {name} is {limit}, expected degrees Celsius from {low:g} to {high:g}")
    rows = [(i, throttle_c[name]) for i, name in enumerate(names) if name in throttle_c]
    return {
        "dc": np.array([i for i, _ in rows], np.int32),
        "throttle_c": np.array([limit for _, limit in rows], np.float64),
    }
