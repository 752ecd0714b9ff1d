"""Open-Meteo: hourly outside temperature from its archive, and its forecasts; no key for non-commercial use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from greensched.core.errors import DataError
from greensched.signals.ingest import open_meteo as documents
from greensched.signals.ingest.batch import Batch
from greensched.signals.live.contract import Issue, Request, from_issue_on, iso
from greensched.signals.live.web import Web

_ARCHIVE = "https://archive-api.open-meteo.com/v1/archive"
_FORECAST = "https://api.open-meteo.com/v1/forecast"
_LONGEST = timedelta(days=366)


def asked(request: Request, variables: Mapping[str, Any]) -> dict[str, str]:
    """Site and variables of a query, in GMT: anything else would need the rules of summer time."""
    lat, lon = request.site()
    return {"latitude": f"{lat:g}", "longitude": f"{lon:g}", "hourly": ",".join(variables), "timezone": "GMT"}


def days(start: datetime, end: datetime) -> dict[str, str]:
    """First and last day, inclusive."""
    return {
        "start_date": iso(start, "%Y-%m-%d"),
        "end_date": iso(end - timedelta(seconds=1), "%Y-%m-%d"),
    }


def in_gmt(document: Any, place: str) -> Any:
    """The document, which must be in GMT as it was asked for.

    Raises:
        DataError: it is not.
    """
    if isinstance(document, dict) and document.get("utc_offset_seconds") != 0:
        raise DataError(f"{place}: answers in another time zone than GMT, which was asked for")
    return document


def fetch_days(web: Web, request: Request, url: str, variables: Mapping[str, documents.Variable], source: str) -> Batch:
    """Series of whole days around the request; windows begin on a day, so that no day comes twice."""
    first = request.start.replace(hour=0, minute=0, second=0, microsecond=0)
    whole = Request(request.zone, first, request.end, request.factors, request.lat, request.lon)
    found = []
    for start, end, final in whole.windows(_LONGEST):
        document, place, _ = web.json(url, asked(request, variables) | days(start, end), final=final)
        found.append((in_gmt(document, place), place))
    return documents.from_documents(found, request.options, variables, source)


class OpenMeteo:
    """Source of outside temperature."""

    name = "open-meteo"
    title = "Open-Meteo: hourly outside temperature, and forecasts"
    licence = documents.LICENCE
    hosts = frozenset({"archive-api.open-meteo.com", "api.open-meteo.com"})
    needs: tuple[str, ...] = ()
    kinds: Mapping[str, str] = {"temperature_c": "°C"}

    def fetch(self, web: Web, request: Request) -> Batch:
        """See :class:`greensched.signals.live.contract.Source`."""
        return fetch_days(web, request, _ARCHIVE, documents.WEATHER, "Open-Meteo archive")

    def forecast(self, web: Web, request: Request) -> list[Issue]:
        """See :class:`greensched.signals.live.contract.ForecastSource`; issued when it was fetched."""
        query = asked(request, documents.WEATHER) | {"forecast_days": "5"}
        document, place, reply = web.json(_FORECAST, query)
        found = documents.from_documents(
            [(in_gmt(document, place), place)], request.options, documents.WEATHER, "Open-Meteo forecast"
        )
        issued = datetime.fromisoformat(reply.fetched_at).astimezone(UTC)
        cut = [(s, from_issue_on(s.signal, issued)) for s in found.series]
        return [Issue(s.zone, s.kind, issued, signal, s.label) for s, signal in cut if signal is not None]
