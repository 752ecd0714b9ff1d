"""Day-ahead electricity prices of ENTSO-E: an example of a source that comes as a plug-in (see pyproject.toml)."""

from __future__ import annotations

from collections.abc import Mapping

from greensched.signals.ingest import entsoe as documents
from greensched.signals.ingest.batch import Batch
from greensched.signals.live.contract import Request
from greensched.signals.live.entsoe import KEY, area, ask
from greensched.signals.live.web import Web


class EntsoePrice:
    """Source of day-ahead prices, in the currency of the zone."""

    name = "entsoe-price"
    title = "ENTSO-E: day-ahead electricity prices (A44)"
    licence = documents.LICENCE
    hosts = frozenset({"web-api.tp.entsoe.eu"})
    needs: tuple[str, ...] = (KEY,)
    kinds: Mapping[str, str] = {"price_per_kwh": "currency/kWh"}

    def fetch(self, web: Web, request: Request) -> Batch:
        """See :class:`greensched.signals.live.contract.Source`."""
        where = area(request.zone)
        asked = {"documentType": "A44", "in_Domain": where, "out_Domain": where}
        return documents.from_documents(ask(web, request, asked), request.options)
