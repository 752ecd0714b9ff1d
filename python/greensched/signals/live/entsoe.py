"""ENTSO-E Transparency Platform: generation by type of European zones; intensity by factors, shares of wind and sun."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from greensched.core.errors import ConfigError
from greensched.core.keys import Secret, secret
from greensched.signals.ingest import entsoe as documents
from greensched.signals.ingest.batch import Batch
from greensched.signals.live.contract import Request, iso
from greensched.signals.live.web import Web

URL = "https://web-api.tp.entsoe.eu/api"
KEY = "GREENSCHED_ENTSOE_TOKEN"
_LONGEST = timedelta(days=31)  # a year is allowed; a month of quarter hours by type is some megabytes
_FORM = "%Y%m%d%H%M"
AREAS = {  # EIC codes of bidding zones
    "AT": "10YAT-APG------L", "BE": "10YBE----------2", "CH": "10YCH-SWISSGRIDZ", "CZ": "10YCZ-CEPS-----N",
    "DE": "10Y1001A1001A82H", "DK-DK1": "10YDK-1--------W", "DK-DK2": "10YDK-2--------M", "ES": "10YES-REE------0",
    "FI": "10YFI-1--------U", "FR": "10YFR-RTE------C", "GB": "10YGB----------A", "GR": "10YGR-HTSO-----Y",
    "HU": "10YHU-MAVIR----U", "IE": "10Y1001A1001A59C", "NL": "10YNL----------L", "NO-NO1": "10YNO-1--------2",
    "NO-NO2": "10YNO-2--------T", "NO-NO3": "10YNO-3--------J", "NO-NO4": "10YNO-4--------9",
    "NO-NO5": "10Y1001A1001A48H", "PL": "10YPL-AREA-----S", "PT": "10YPT-REN------W", "RO": "10YRO-TEL------P",
    "SE-SE1": "10Y1001A1001A44P", "SE-SE2": "10Y1001A1001A45N", "SE-SE3": "10Y1001A1001A46L",
    "SE-SE4": "10Y1001A1001A47J",
}  # fmt: skip


def area(zone: str) -> str:
    """The EIC code of a zone, or the zone if it is one.

    Raises:
        ConfigError: neither.
    """
    if len(zone) == 16 and zone.startswith("10Y"):
        return zone
    if zone not in AREAS:
        raise ConfigError(f"zone '{zone}': expected one of {', '.join(AREAS)}, or an EIC code such as 10YFR-RTE------C")
    return AREAS[zone]


def ask(web: Web, request: Request, asked: dict[str, str]) -> list[tuple[bytes, str]]:
    """The documents of all windows of a request, each with its place."""
    found = []
    for start, end, final in request.windows(_LONGEST):
        span = {"periodStart": iso(start, _FORM), "periodEnd": iso(end, _FORM)}
        reply = web.get(URL, asked | span, secret_params=_token, final=final, check=documents.document)
        found.append((reply.body, f"{web.source} ({reply.url})"))
    return found


def _token() -> dict[str, Secret]:
    return {"securityToken": secret(KEY)}


class Entsoe:
    """Source of European generation by type."""

    name = "entsoe"
    title = "ENTSO-E: European generation by type (A75)"
    licence = documents.LICENCE
    hosts = frozenset({"web-api.tp.entsoe.eu"})
    needs: tuple[str, ...] = (KEY,)
    kinds: Mapping[str, str] = {"carbon_gpkwh": "g/kWh", "wind_frac": "1", "solar_frac": "1", "renewable_frac": "1"}

    def fetch(self, web: Web, request: Request) -> Batch:
        """See :class:`greensched.signals.live.contract.Source`."""
        asked = {"documentType": "A75", "processType": "A16", "in_Domain": area(request.zone)}
        return documents.from_documents(ask(web, request, asked), request.options)
