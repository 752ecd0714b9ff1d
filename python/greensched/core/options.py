"""Options of plug-ins: frozen dataclasses, read from a scenario's mapping with errors that say what was expected."""

from __future__ import annotations

import dataclasses
import inspect
import math
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from greensched.core.errors import ConfigError, UnknownNameError

T = TypeVar("T")


def read_options(cls: type[T], given: Mapping[str, Any], owner: str) -> T:
    """Build the options dataclass ``cls`` from ``given``.

    Args:
        cls: a dataclass whose fields are ``bool``, ``int``, ``float``, ``str``, a ``Literal`` or ``| None`` of these.
        given: option name -> value, as read from YAML.
        owner: who has these options, for messages: ``policy 'greensched'``.

    Raises:
        UnknownNameError: an option that ``cls`` does not have.
        ConfigError: a value of the wrong type, or one that the dataclass refuses; several problems together.
    """
    fields = typing.get_type_hints(cls)
    values, problems = {}, []
    for key, value in given.items():
        try:
            reject_unknown([key], fields, owner)
            values[key] = _convert(value, fields[key], f"{owner}: option '{key}'")
        except ConfigError as error:
            problems.append(error)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise ConfigError("; ".join(str(problem).removesuffix(".") for problem in problems))
    try:
        return cls(**values)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{owner}: {error}") from None


def reject_unknown(given: Iterable[str], known: Iterable[str], owner: str) -> None:
    """Raise :class:`UnknownNameError` for the first option that is not in ``known``."""
    names = set(known)
    for key in given:
        if key not in names:
            raise UnknownNameError(f"option of {owner}", str(key), names or {"(it has none)"})


def construct(factory: Any, given: Mapping[str, Any], owner: str) -> Any:
    """Call ``factory(**given)`` after checking the option names against its signature.

    Raises:
        UnknownNameError: an option that the signature does not have.
        ConfigError: an option is missing or refused.
    """
    parameters = inspect.signature(factory).parameters.values()
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        reject_unknown(given, [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL], owner)
    needed = [
        p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    if missing := [name for name in needed if name not in given]:
        how = "; a folder that `greensched train` has written" if missing == ["model"] else ""
        raise ConfigError(f"{owner}: needs option {', '.join(map(repr, missing))}{how}")
    try:
        return factory(**given)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{owner}: {error}") from error


def _convert(value: Any, expected: Any, where: str) -> Any:
    origin = typing.get_origin(expected)
    if origin in (typing.Union, types.UnionType):
        members = typing.get_args(expected)
        if value is None and type(None) in members:
            return None
        return _convert(value, next(m for m in members if m is not type(None)), where)
    if origin is typing.Literal:
        choices = typing.get_args(expected)
        if value not in choices:
            raise ConfigError(f"{where}: expected one of {', '.join(map(str, choices))}, got {value!r}")
        return value
    if expected is float and isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ConfigError(f"{where}: expected a finite number, got {value!r}")
        return float(value)
    if type(value) is not expected:
        kind = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}.get(expected, expected)
        raise ConfigError(f"{where}: expected {kind}, got {value!r}")
    return value


def at_least(minimum: float, **values: float) -> None:
    """Raise ``ValueError`` (which :func:`read_options` turns into a clear error) for a value below ``minimum``."""
    for name, value in values.items():
        if value < minimum:
            raise ValueError(f"option '{name}': expected at least {minimum:g}, got {value!r}")


def as_mapping(options: Any) -> dict[str, Any]:
    """The options dataclass as plain values, for metadata."""
    return dataclasses.asdict(options)
