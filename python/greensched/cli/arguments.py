"""The arguments of ``greensched.simulate``: what Python has for values becomes that of a scenario, or is refused."""

from __future__ import annotations

import json
import math
import operator
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.errors import ConfigError
from greensched.scenario.overrides import parse_path
from greensched.scenario.quantities import format_duration

_DEEPEST = 50  # as in a file
_PREDICTOR = ("name", "version", "start", "predict")
_VALUES = (
    "a value as in a scenario file: text, number, true or false, None, date and time, duration, list or dictionary"
)


def path(argument: str, value: Any, *, what: str) -> Path:
    """A path.

    Raises:
        ConfigError: it is none.
    """
    if isinstance(value, str) and ("\n" in value or "\0" in value or not value.strip()):
        raise ConfigError(f"{argument}: expected {what}, got {_shown(value)}; of YAML text give yaml.safe_load(text)")
    if not isinstance(value, str | os.PathLike):
        raise ConfigError(f"{argument}: expected {what}, got {_shown(value)}")
    return Path(value)


def optional_path(argument: str, value: Any, *, what: str) -> Path | None:
    """A path, or None."""
    return None if value is None else path(argument, value, what=f"{what}, or None")


def name(argument: str, value: Any) -> str | None:
    """A text, or None."""
    if value is not None and not (isinstance(value, str) and value.strip()):
        raise ConfigError(f"{argument}: expected the name of a policy, or None, got {_shown(value)}")
    return value


def document(value: Any) -> int | None:
    """The number of a document, or None."""
    if value is None:
        return None
    try:
        number = -1 if isinstance(value, bool | np.bool_) else operator.index(value)
    except TypeError:
        number = -1
    if number < 1:
        raise ConfigError(f"document: expected a whole number from 1, or None for the only one, got {_shown(value)}")
    return number


def bridge(value: Any) -> str:
    """The name of a bridge."""
    if not isinstance(value, str) or value not in ("jpype", "py4j"):
        raise ConfigError(f"bridge: expected 'jpype' or 'py4j', got {_shown(value)}")
    return value


def predictor(value: Any) -> Any:
    """An object that predicts, or None."""
    if value is None:
        return None
    if isinstance(value, str):
        raise ConfigError(
            f"predictor: expected an object, got {_shown(value)}; by its name it goes into the policy: "
            f"{{'name': 'greensched', 'predictor': {value!r}}}"
        )
    missing = [attribute for attribute in _PREDICTOR if not hasattr(value, attribute)]
    if isinstance(value, type) and not missing:
        raise ConfigError(f"predictor: expected an object, got the class {value.__name__}; give {value.__name__}()")
    if missing:
        raise ConfigError(
            f"predictor: expected an object with {', '.join(_PREDICTOR)} (docs/swap-a-predictor.md); "
            f"{_shown(value)} has no {', '.join(missing)}"
        )
    return value


def overrides(policy: Any, values: Any) -> tuple[str, ...]:
    """Policy and overrides as texts for ``--set``."""
    if policy is not None and not isinstance(policy, str | Mapping):
        raise ConfigError(f"policy: expected a name, or a dictionary with name and options, got {_shown(policy)}")
    if values is not None and not isinstance(values, Mapping):
        raise ConfigError(
            "overrides: expected a dictionary of values by their path, as in {'workload.jobs': 1000}, got "
            f"{_shown(values)}"
        )
    given: dict[str, Any] = {}
    if policy is not None:
        given["policy"] = {"name": policy} if isinstance(policy, str) else plain(policy, "policy")
    for key, value in (values or {}).items():
        try:
            parse_path(key if isinstance(key, str) else "")
        except ConfigError:
            expected = "a path such as workload.jobs or datacenters[0].pue"
            raise ConfigError(f"overrides: expected {expected} as key, got {_shown(key)}") from None
        given[key] = plain(value, f"overrides[{key!r}]")
    return tuple(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given.items())


def plain(value: Any, where: str, depth: int = 0) -> Any:
    """A value as a scenario file would have it; ``where`` says which for the error.

    Raises:
        ConfigError: no such value stands for it, or not only one.
    """
    if depth > _DEEPEST:
        raise ConfigError(f"{where}: nested too deeply, expected at most {_DEEPEST} levels")
    if isinstance(value, Mapping):
        return {_key(key, where): plain(inner, f"{where}[{key!r}]", depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner, f"{where}[{i}]", depth + 1) for i, inner in enumerate(value)]
    return _single(value, where)


def _key(key: Any, where: str) -> str:
    if isinstance(key, str):
        return str(key)
    hint = "; YAML 1.1 reads NO and ON as false and true: quote them" if isinstance(key, bool) else ""
    raise ConfigError(f"{where}: expected text as keys, got {_shown(key)}{hint}")


def _single(value: Any, where: str) -> Any:
    """A value without parts."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str | os.PathLike):
        return _text(os.fspath(value), where)
    if isinstance(value, np.datetime64 | np.timedelta64) or type(value).__module__.partition(".")[0] == "pandas":
        value = _without_pandas(value, where)
    elif isinstance(value, np.generic):
        value = value.item()
        if not isinstance(value, bool | int | float | str):
            raise _refused(value, where)
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{where}: expected a finite number, got {value}; leave out what is not known")
    if isinstance(value, bool | int | float | str):
        return value
    return _time(value, where)


def _text(value: Any, where: str) -> str:
    try:
        str(value).encode()
    except UnicodeEncodeError:
        raise _refused(value, where) from None
    if isinstance(value, bytes):
        raise _refused(value, where)
    return str(value)


def _without_pandas(value: Any, where: str) -> datetime | timedelta:
    """Moments and spans of numpy and pandas as those of Python, which end at microseconds."""
    import pandas as pd

    try:
        if isinstance(value, np.datetime64):
            value = pd.Timestamp(value)
        elif isinstance(value, np.timedelta64) and np.datetime_data(value.dtype)[0] != "generic":
            value = pd.Timedelta(value)
    except ValueError:  # beyond all years, or months, which have no length
        raise _refused(value, where) from None
    if value is pd.NaT or not isinstance(value, pd.Timestamp | pd.Timedelta):
        raise _refused(value, where)
    if value.nanosecond if isinstance(value, pd.Timestamp) else value.nanoseconds:
        raise ConfigError(f"{where}: expected whole microseconds, got {_shown(value)}; round it")
    moment: datetime | timedelta = (
        value.to_pydatetime() if isinstance(value, pd.Timestamp) else timedelta(microseconds=value.value // 1000)
    )
    return moment


def _time(value: Any, where: str) -> str:
    if isinstance(value, datetime):
        try:
            utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError:
            raise _refused(value, where) from None
        return utc.replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, timedelta):
        return format_duration(value // timedelta(microseconds=1))
    if isinstance(value, date):
        raise ConfigError(f"{where}: expected a date and time, got the date {value}; say {value}T00:00:00Z")
    raise _refused(value, where)


def _refused(value: Any, where: str) -> ConfigError:
    return ConfigError(f"{where}: expected {_VALUES}; got {_shown(value)}")


def _shown(value: Any) -> str:
    """A value in a few words: its type, and itself if that is short."""
    kind = type(value).__name__
    if value is None:
        return "None"
    text = repr(value)
    return f"{kind} {text}" if len(text) <= 60 and "\n" not in text and not text.startswith("<") else kind
