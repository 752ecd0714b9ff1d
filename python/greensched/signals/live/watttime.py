"""WattTime v3: marginal CO2 (MOER) every five minutes, and forecasts. Marginal is no average: it has its own column."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from greensched.core.errors import ConfigError
from greensched.core.keys import Secret, secret
from greensched.signals.ingest import watttime as documents
from greensched.signals.ingest.batch import Batch, batch
from greensched.signals.ingest.rows import Rows
from greensched.signals.ingest.text import member
from greensched.signals.live.contract import Issue, Request, from_issue_on, iso, without_shared
from greensched.signals.live.web import Web
from greensched.signals.provider import Label

_BASE = "https://api.watttime.org"
_USER, _PASSWORD = "GREENSCHED_WATTTIME_USER", "GREENSCHED_WATTTIME_PASSWORD"
_LONGEST = timedelta(days=30)
_REGIONS = {"US-CAL-CISO": "CAISO_NORTH"}  # other zones: name WattTime's region


class WattTime:
    """Source of marginal intensity."""

    name = "watttime"
    title = "WattTime v3: marginal CO2 (MOER), 5 min, and forecasts"
    licence = documents.LICENCE
    hosts = frozenset({"api.watttime.org"})
    needs: tuple[str, ...] = (_USER, _PASSWORD)
    kinds: Mapping[str, str] = {"marginal_gpkwh": "g/kWh"}

    def fetch(self, web: Web, request: Request) -> Batch:
        """See :class:`greensched.signals.live.contract.Source`."""
        session, found = _Session(web), []
        for start, end, final in request.windows(_LONGEST):
            span = {"start": iso(start), "end": iso(end)}
            document, place, _ = web.json(
                f"{_BASE}/v3/historical", _asked(request) | span, secrets=session.token, final=final
            )
            found.append((_checked(document, place, request), place))
        return documents.from_documents(without_shared(found, "data", "point_time"), request.options)

    def forecast(self, web: Web, request: Request) -> list[Issue]:
        """See :class:`greensched.signals.live.contract.ForecastSource`; issued at ``generated_at``."""
        asked = _asked(request) | {"horizon_hours": "72"}
        document, place, reply = web.json(f"{_BASE}/v3/forecast", asked, secrets=_Session(web).token)
        rows, steps_s = Rows(), set[int]()
        made = documents.parse(_checked(document, place, request), place, request.zone, rows, steps_s)
        fetched = datetime.fromisoformat(reply.fetched_at)
        issued = fetched if made is None else datetime.fromtimestamp(made, UTC)
        label = Label("WattTime, marginal, forecast", False, measure="marginal", factors="direct", licence=self.licence)
        step_s = steps_s.pop() if len(steps_s) == 1 else None
        found = batch(rows, lambda _zone, _kind: label, step_s=step_s, in_order=False)
        cut = [(s, from_issue_on(s.signal, issued)) for s in found.series]
        return [Issue(s.zone, s.kind, issued, signal, s.label) for s, signal in cut if signal is not None]


@dataclass
class _Session:
    """A token for one fetch, had only when the network is asked, kept nowhere."""

    web: Web
    _held: Secret | None = None

    def token(self) -> dict[str, Secret]:
        if self._held is None:
            pair = f"{secret(_USER).reveal()}:{secret(_PASSWORD).reveal()}".encode()
            basic = Secret(f"{_USER} and {_PASSWORD}", f"Basic {base64.b64encode(pair).decode()}")
            document, place, _ = self.web.json(f"{_BASE}/login", secrets=lambda: {"Authorization": basic}, keep=False)
            self._held = Secret("the token of WattTime", f"Bearer {member(document, 'token', str, place)}")
        return {"Authorization": self._held}


def _asked(request: Request) -> dict[str, str]:
    if request.factors != "direct":
        raise ConfigError("WattTime has direct emissions only; say so with --factors direct")
    return {"region": _REGIONS.get(request.zone, request.zone), "signal_type": "co2_moer"}


def _checked(document: Any, place: str, request: Request) -> Any:
    meta = member(document, "meta", dict, place)
    asked = _asked(request)
    for name in ("region", "signal_type"):
        if meta.get(name) != asked[name]:
            raise ConfigError(f"{place}: answers with another {name}, expected {asked[name]}")
    return document
