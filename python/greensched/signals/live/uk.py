"""UK Carbon Intensity API of NESO: half-hourly direct intensity of Great Britain, and forecasts to 48 h; no key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from greensched.core.errors import ConfigError
from greensched.signals.ingest import uk as documents
from greensched.signals.ingest.batch import Batch, batch
from greensched.signals.ingest.rows import Rows
from greensched.signals.live.contract import Issue, Request, from_issue_on, iso, without_shared
from greensched.signals.live.web import Web
from greensched.signals.provider import Label

_BASE = "https://api.carbonintensity.org.uk/intensity"
_LONGEST = timedelta(days=14)


class UkCarbonIntensity:
    """Source of Great Britain's intensity."""

    name = "uk-carbon-intensity"
    title = "UK Carbon Intensity API: average, direct, half-hourly; GB only"
    licence = documents.LICENCE
    hosts = frozenset({"api.carbonintensity.org.uk"})
    needs: tuple[str, ...] = ()
    kinds: Mapping[str, str] = {"carbon_gpkwh": "g/kWh"}

    def fetch(self, web: Web, request: Request) -> Batch:
        """See :class:`greensched.signals.live.contract.Source`."""
        _check(request)
        found = []
        for start, end, final in request.windows(_LONGEST):
            document, place, _ = web.json(f"{_BASE}/{iso(start)}/{iso(end)}", final=final)
            found.append((document, place))
        return documents.from_documents(without_shared(found, "data", "from"), request.options)

    def forecast(self, web: Web, request: Request) -> list[Issue]:
        """See :class:`greensched.signals.live.contract.ForecastSource`; issued when it was fetched."""
        _check(request)
        now = datetime.now(UTC)
        half = now.replace(minute=now.minute - now.minute % 30, second=0, microsecond=0)
        document, place, reply = web.json(f"{_BASE}/{iso(half)}/fw48h")
        rows = Rows()
        documents.parse(document, place, "forecast", rows)
        label = Label(
            "UK Carbon Intensity API, forecast", False, measure="average", factors="direct", licence=self.licence
        )
        issued = datetime.fromisoformat(reply.fetched_at)
        found = batch(rows, lambda _zone, _kind: label, step_s=documents.STEP_S, in_order=False)
        cut = [(s, from_issue_on(s.signal, issued)) for s in found.series]
        return [Issue(s.zone, s.kind, issued, signal, s.label) for s, signal in cut if signal is not None]


def _check(request: Request) -> None:
    if request.zone != documents.ZONE:
        raise ConfigError(f"zone '{request.zone}': the UK Carbon Intensity API has {documents.ZONE} only")
    if request.factors != "direct":
        raise ConfigError("the UK Carbon Intensity API has direct intensity only; say so with --factors direct")
