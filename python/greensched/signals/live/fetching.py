"""Sources by name, and what every fetch does whatever the source: the window, provenance, nothing of tomorrow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast

import numpy as np

from greensched.core import registry
from greensched.core.errors import ConfigError, DataError, GreenSchedError
from greensched.core.keys import has
from greensched.core.types import SIGNAL_KINDS
from greensched.signals.ingest.batch import Batch, Series
from greensched.signals.live.cache import Cache
from greensched.signals.live.contract import ForecastSource, Issue, Request, Source, describe
from greensched.signals.live.web import Unreachable, Web
from greensched.signals.provenance import Origin
from greensched.signals.series import Signal

_ATTRIBUTES = ("name", "title", "licence", "hosts", "needs", "kinds", "fetch")
Found = TypeVar("Found")


def open_source(name: str) -> Source:
    """A source by its registered name, or ``module:attribute``.

    Raises:
        UnknownNameError: there is none.
        ConfigError: it cannot be loaded, or is no source.
    """
    source = registry.load("source", name)()
    missing = [attribute for attribute in _ATTRIBUTES if not hasattr(source, attribute)]
    if missing:
        raise ConfigError(f"source '{name}': {type(source).__name__} has no {', '.join(missing)} (docs/signals.md)")
    return cast(Source, source)


def usable(source: Source) -> list[str]:
    """Keys that the source needs and that are not set; none: it can be used."""
    return has(source.needs)


def web_of(source: Source, *, offline: bool = False, cache: Cache | None = None, test_server: str | None = None) -> Web:
    """The network as this source may use it."""
    return Web(source.name, source.licence, source.hosts, cache or Cache(), offline, test_server=test_server)


def fetch(source: Source, web: Web, request: Request) -> tuple[Batch, tuple[Origin, ...]]:
    """What was, over the window, and where it came from.

    Raises:
        ConfigError: the window reaches into the future, a key is missing or refused, an unknown zone.
        DataError: no usable reply, or nothing within the window.
    """
    if request.end > datetime.now(UTC) + timedelta(hours=1):
        raise ConfigError(f"{describe(request)}: reaches into the future, which has not been measured; use --forecast")
    found = _keeping_what_is_right(web, lambda: source.fetch(web, request))
    series, notes = [], list(found.notes)
    for one in found.series:
        cut = within(one.signal, request.start, request.end)
        if cut is None or np.isnan(cut.values).all():
            notes.append(f"{one.zone}: no value of {one.kind} in the window")
            continue
        if cut.start > request.start or cut.end < request.end:
            notes.append(f"{one.zone}: {one.kind} covers only a part of the window")
        series.append(replace(one, signal=cut))
    if not series:
        raise DataError(f"{source.name}: nothing about {describe(request)}" + "".join(f"; {note}" for note in notes))
    return Batch(series, found.rows, notes), _origins(web)


def forecast(source: Source, web: Web, request: Request) -> tuple[list[Issue], tuple[Origin, ...]]:
    """What is expected now, and where it came from.

    Raises:
        ConfigError: the source does not forecast; others as for :func:`fetch`.
    """
    if not isinstance(source, ForecastSource):
        raise ConfigError(f"source '{source.name}' does not forecast")
    forecaster = source
    found = _keeping_what_is_right(web, lambda: forecaster.forecast(web, request))
    if not found:
        raise DataError(f"{source.name}: no forecast for {request.zone}")
    return found, _origins(web)


def _keeping_what_is_right(web: Web, ask: Callable[[], Found]) -> Found:
    """What ``ask`` gives; replies that it cannot make sense of are not met again in the cache."""
    try:
        return ask()
    except Unreachable:
        raise
    except GreenSchedError:
        web.forget()
        raise


def within(signal: Signal, start: datetime, end: datetime) -> Signal | None:
    """The intervals that begin in [start, end): services give more than they were asked for."""
    first = max(0, -int((signal.start - start).total_seconds() // signal.step_s))
    last = min(len(signal.values), -int((signal.start - end).total_seconds() // signal.step_s))
    if last <= first:
        return None
    begin = signal.start + timedelta(seconds=first * signal.step_s)
    return Signal(signal.name, begin, signal.step_s, signal.values[first:last])


def units(source: Source, series: list[Series]) -> dict[str, str]:
    """Units of a source's kinds that are not of the core.

    Raises:
        DataError: it gave a kind that it does not declare.
    """
    undeclared = sorted({one.kind for one in series} - set(source.kinds))
    if undeclared:
        raise DataError(f"source '{source.name}' gave {', '.join(undeclared)}, which it does not declare in `kinds`")
    return {kind: unit for kind, unit in source.kinds.items() if kind not in SIGNAL_KINDS}


def _origins(web: Web) -> tuple[Origin, ...]:
    return tuple(Origin(reply.url, reply.sha256, reply.fetched_at) for reply in web.used)
