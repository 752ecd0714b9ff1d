"""The contract of a source: one class, registered under the entry-point group ``greensched.sources``.

Whatever a source gives is in UTC on an even grid, in the unit of its kind, with NaN where it has nothing; a forecast
carries the instant at which it was known. ``greensched.testing.sources`` checks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, runtime_checkable

from greensched.core.errors import ConfigError
from greensched.signals.ingest.batch import Batch, Options
from greensched.signals.live.web import Web
from greensched.signals.provider import Label
from greensched.signals.series import Signal, utc_text
from greensched.signals.zones import zones

FINAL = timedelta(days=7)
"""Values older than this are taken as settled: the cache keeps them for good."""


@dataclass(frozen=True)
class Request:
    """What to fetch.

    Attributes:
        zone: as the scenario will call it; a source translates it into its own codes.
        start: of the window, UTC.
        end: of the window, exclusive.
        factors: emission factors of the intensity.
        lat: of the site, degrees; for weather.
        lon: likewise.
    """

    zone: str
    start: datetime
    end: datetime
    factors: Literal["lifecycle", "direct"] = "lifecycle"
    lat: float | None = None
    lon: float | None = None

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None or self.start >= self.end:
            raise ConfigError(f"window {self.start} to {self.end}: expected two instants in UTC, the first one earlier")

    @property
    def options(self) -> Options:
        """The same for the readers of documents."""
        return Options(self.zone, self.factors)

    def windows(self, longest: timedelta) -> Iterator[tuple[datetime, datetime, bool]]:
        """Parts of the window that are no longer than ``longest``, and whether their values are settled."""
        start = self.start
        while start < self.end:
            end = min(start + longest, self.end)
            yield start, end, end + FINAL < datetime.now(UTC)
            start = end

    def site(self) -> tuple[float, float]:
        """Latitude and longitude, degrees.

        Raises:
            ConfigError: none given, and the zone is not built in.
        """
        facts = zones().get(self.zone)
        lat, lon = self.lat, self.lon
        if lat is None or lon is None:
            if facts is None:
                raise ConfigError(f"zone '{self.zone}' has no built-in site; give --lat and --lon")
            lat, lon = facts.lat, facts.lon
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            raise ConfigError(f"site {lat:g}, {lon:g}: expected degrees, -90 to 90 and -180 to 180")
        return lat, lon


@dataclass(frozen=True)
class Issue:
    """One forecast: ``issued`` is the first instant at which anybody could know it."""

    zone: str
    kind: str
    issued: datetime
    signal: Signal
    label: Label


@runtime_checkable
class Source(Protocol):
    """Fetches series of a zone.

    Attributes:
        name: as it is registered.
        title: what it has, in a few words.
        licence: of its data.
        hosts: hosts that it asks, by HTTPS.
        needs: environment variables that hold its keys.
        kinds: kind -> unit, of all that it may give.
    """

    name: str
    title: str
    licence: str
    hosts: frozenset[str]
    needs: tuple[str, ...]
    kinds: Mapping[str, str]

    def fetch(self, web: Web, request: Request) -> Batch:
        """What was, over the window; instants that it does not have are NaN.

        Raises:
            ConfigError: a key is missing or refused, a zone that it does not know.
            DataError: no usable reply.
        """


@runtime_checkable
class ForecastSource(Source, Protocol):
    """A source that also forecasts."""

    def forecast(self, web: Web, request: Request) -> list[Issue]:
        """What is expected now; ``request`` only gives zone, site and factors. Errors as for :meth:`fetch`."""


def iso(at: datetime, form: str = "%Y-%m-%dT%H:%MZ") -> str:
    """An instant as services want it, in UTC."""
    return at.astimezone(UTC).strftime(form)


def from_issue_on(signal: Signal, issued: datetime) -> Signal | None:
    """The part of a forecast that was not over when it was issued; None where nothing is left."""
    over = max(0, int((issued - signal.start).total_seconds() // signal.step_s))
    if over >= len(signal.values):
        return None
    return Signal(
        signal.name, signal.start + timedelta(seconds=over * signal.step_s), signal.step_s, signal.values[over:]
    )


def describe(request: Request) -> str:
    """The window in words."""
    return f"{request.zone} from {utc_text(request.start)} to {utc_text(request.end)}"


def without_shared(found: list[tuple[Any, str]], name: str, stamp: str) -> list[tuple[Any, str]]:
    """Replies to windows in order; what the later of two begins with and the earlier has too is taken from it.

    Services differ in whether the ends of a window belong to it. ``name`` is the key of the list of readings, ``stamp``
    that of a reading's instant. What is no such document is left as it is, for its reader to refuse.
    """
    before: set[Any] = set()
    for document, _ in found:
        items = document.get(name) if isinstance(document, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            continue
        while items and str(items[0].get(stamp)) in before:
            items.pop(0)
        before = {str(item.get(stamp)) for item in items}
    return found
