"""The conformance suite of signal sources: what every registered source has to do, against a service that stands in.

    check_source(MySource(), request, hole=instant, open_web=lambda cache, offline: Web(...))

The caller's stand-in answers in the shape that the service documents, and has no value at ``hole``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from greensched.core import limits
from greensched.core.errors import ConfigError, DataError, GreenSchedError
from greensched.core.types import SIGNAL_KINDS
from greensched.signals.ingest.batch import Batch, Series
from greensched.signals.live import fetching
from greensched.signals.live.cache import Cache
from greensched.signals.live.contract import ForecastSource, Issue, Request, Source
from greensched.signals.live.web import Web

OpenWeb = Callable[[Cache, bool], Web]
_MEASURES = {"carbon_gpkwh": "average", "marginal_gpkwh": "marginal"}


def check_source(source: Source, request: Request, hole: datetime, open_web: OpenWeb) -> None:
    """Check all that the contract says.

    Args:
        source: what to check.
        request: a window of the past; the stand-in has values in all of it, but for ``hole``.
        hole: start of an interval in the window at which the service has nothing.
        open_web: the network of the source with a cache, offline or not, connected to the stand-in.

    Raises:
        AssertionError: with what is wrong.
    """
    _check_attributes(source)
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder))
        _expect(DataError, "fetches offline without a cache", lambda: _fetch(source, request, open_web(cache, True)))
        found = _fetch(source, request, open_web(cache, False))
        for series in found.series:
            _check_series(source, series, request, hole)
        again = _fetch(source, request, open_web(cache, True))
        assert _bits(again) == _bits(found), f"{source.name}: offline, the same reply becomes something else"
        later = replace(request, end=datetime.now(UTC) + timedelta(days=2))
        _expect(ConfigError, "fetches what has not been", lambda: _fetch(source, later, open_web(cache, False)))
        if isinstance(source, ForecastSource):
            issues, origins = fetching.forecast(source, open_web(cache, False), request)
            assert issues, f"{source.name}: no issue"
            newest = max(datetime.fromisoformat(origin.fetched_at) for origin in origins)
            for issue in issues:
                _check_issue(source, issue, newest)


def _fetch(source: Source, request: Request, web: Web) -> Batch:
    return fetching.fetch(source, web, request)[0]


def _bits(found: Batch) -> list[tuple[str, str, datetime, float, bytes]]:
    return [(s.zone, s.kind, s.signal.start, s.signal.step_s, s.signal.values.tobytes()) for s in found.series]


def _expect(kind: type[GreenSchedError], what: str, act: Callable[[], object]) -> None:
    try:
        act()
    except kind:
        return
    raise AssertionError(f"{what}: expected {kind.__name__}")


def _check_attributes(source: Source) -> None:
    name = source.name
    assert name and name == name.lower() and name.isascii(), f"{name!r}: expected a name in lower case"
    assert source.title and source.licence, f"{name}: expected a title and a licence"
    assert source.hosts and all("/" not in host and ":" not in host for host in source.hosts), f"{name}: hosts"
    assert all(key == key.upper() for key in source.needs), f"{name}: keys are environment variables in capitals"
    assert source.kinds, f"{name}: gives nothing"
    for kind, unit in source.kinds.items():
        assert kind == kind.lower() and unit, f"{name}: {kind} needs a name in lower case and a unit"


def _check_series(source: Source, series: Series, request: Request, hole: datetime) -> None:
    what, signal, label = f"{source.name}, {series.kind}", series.signal, series.label
    assert series.kind in source.kinds, f"{what}: not declared"
    assert series.zone == request.zone, f"{what}: zone {series.zone}, expected {request.zone} as it was asked for"
    assert signal.start.utcoffset() == timedelta(0), f"{what}: starts at {signal.start}, expected UTC"
    assert signal.step_s >= 60 and signal.step_s == int(signal.step_s), f"{what}: a step of {signal.step_s} s"
    assert request.start <= signal.start, f"{what}: begins before it was asked for"
    assert signal.end <= request.end + timedelta(seconds=signal.step_s), f"{what}: ends after what was asked for"
    known = signal.values[~np.isnan(signal.values)]
    low, high = limits.SIGNALS.get(series.kind, (-np.inf, np.inf))
    assert len(known) and low <= known.min() and known.max() <= high, f"{what}: no value, or outside of its range"
    assert label.source and label.licence and not label.synthetic, f"{what}: the label lacks source or licence"
    if series.kind in _MEASURES:
        assert label.measure == _MEASURES[series.kind] and label.factors, f"{what}: the label does not say what it is"
    assert series.kind != "price_per_kwh" or label.currency, f"{what}: a price without its currency"
    assert series.kind in SIGNAL_KINDS or source.kinds[series.kind], f"{what}: a kind of its own without a unit"
    for instant in (signal.start - timedelta(seconds=1), signal.end):
        _expect(DataError, f"{what}: guesses outside of its range", lambda at=instant: signal.at(at))  # type: ignore[misc]
    _expect(DataError, f"{what}: fills what is missing", lambda: signal.at(hole))


def _check_issue(source: Source, issue: Issue, fetched: datetime) -> None:
    what = f"{source.name}, forecast of {issue.kind}"
    step = timedelta(seconds=issue.signal.step_s)
    assert issue.issued.utcoffset() == timedelta(0), f"{what}: issued at {issue.issued}, expected UTC"
    assert issue.issued <= fetched + timedelta(seconds=1), f"{what}: issued after it was fetched"
    assert issue.signal.start + step > issue.issued, f"{what}: begins with what was over when it was issued"
    assert issue.label.source, f"{what}: no source"
    assert issue.kind in source.kinds, f"{what}: not declared"
