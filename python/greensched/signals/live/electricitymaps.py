"""Electricity Maps API v3: average intensity of what a zone consumes, flow-traced; forecasts to 72 h."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from greensched.core.errors import ConfigError
from greensched.core.keys import Secret, secret
from greensched.signals.ingest import electricitymaps as documents
from greensched.signals.ingest.batch import Batch, Options, batch
from greensched.signals.ingest.rows import Rows
from greensched.signals.ingest.text import member
from greensched.signals.ingest.values import instant, json_number
from greensched.signals.live.contract import Issue, Request, from_issue_on, iso, without_shared
from greensched.signals.live.web import Web
from greensched.signals.provider import Label

_BASE = "https://api.electricitymaps.com/v3"
_KEY = "GREENSCHED_ELECTRICITYMAPS_TOKEN"
_LONGEST = timedelta(days=10)
_HISTORY = timedelta(hours=23)  # what every plan may ask; the rest needs a paid one


class ElectricityMaps:
    """Source of hourly intensity, life-cycle or direct."""

    name = "electricitymaps"
    title = "Electricity Maps v3: average carbon intensity and forecasts"
    licence = documents.LICENCE
    hosts = frozenset({"api.electricitymaps.com"})
    needs: tuple[str, ...] = (_KEY,)
    kinds: Mapping[str, str] = {"carbon_gpkwh": "g/kWh"}

    def fetch(self, web: Web, request: Request) -> Batch:
        """See :class:`greensched.signals.live.contract.Source`."""
        found = []
        asked = {"zone": request.zone, "emissionFactorType": request.factors}
        if request.start >= datetime.now(UTC) - _HISTORY:
            document, place, _ = web.json(f"{_BASE}/carbon-intensity/history", asked, secrets=_token)
            found.append((document, place))
        else:
            for start, end, final in request.windows(_LONGEST):
                span = {"start": iso(start), "end": iso(end), "temporalGranularity": "hourly"}
                url = f"{_BASE}/carbon-intensity/past-range"
                document, place, _ = web.json(url, asked | span, secrets=_token, final=final)
                found.append((document, place))
        for document, place in found:
            if member(document, "zone", str, place) != request.zone:
                raise ConfigError(f"{place}: answers for another zone, expected {request.zone}; is it a zone id?")
        found = without_shared(found, "data", "datetime")
        return documents.from_documents(found, Options(None, request.factors))

    def forecast(self, web: Web, request: Request) -> list[Issue]:
        """See :class:`greensched.signals.live.contract.ForecastSource`; issued at its ``updatedAt``."""
        asked = {"zone": request.zone, "emissionFactorType": request.factors, "horizonHours": "72"}
        document, place, _ = web.json(f"{_BASE}/carbon-intensity/forecast", asked, secrets=_token)
        rows = Rows()
        for i, item in enumerate(member(document, "forecast", list, place)):
            here = f"forecast[{i}]"
            where = f"{place}, {here}"
            at = instant(member(item, "datetime", str, where), where)
            value = json_number(item.get("carbonIntensity"), where, "carbonIntensity")
            rows.put(request.zone, "carbon_gpkwh", at, value, place, here)
        updated = member(document, "updatedAt", str, place).split(".")[0].removesuffix("Z") + "Z"
        issued = datetime.fromtimestamp(instant(updated, f"{place}, updatedAt"), UTC)
        label = Label(
            f"Electricity Maps API v3 forecast, {request.factors}", False, measure="average", factors=request.factors,
            licence=self.licence,
        )  # fmt: skip
        found = batch(rows, lambda _zone, _kind: label, in_order=False)
        cut = [(s, from_issue_on(s.signal, issued)) for s in found.series]
        return [Issue(s.zone, s.kind, issued, signal, s.label) for s, signal in cut if signal is not None]


def _token() -> dict[str, Secret]:
    return {"auth-token": secret(_KEY)}
