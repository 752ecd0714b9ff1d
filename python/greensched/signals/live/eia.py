"""EIA API v2: hourly generation by fuel of US balancing authorities; intensity by factors, shares of wind and sun.

``period`` ends the hour, so the window is asked for an hour later. At most 5,000 rows come at once; pages follow until
all that the service counts are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from greensched.core.errors import DataError
from greensched.core.keys import Secret, secret
from greensched.signals.ingest import eia as documents
from greensched.signals.ingest.batch import Batch
from greensched.signals.ingest.rows import Rows
from greensched.signals.live.contract import Request, iso
from greensched.signals.live.web import Web

_URL = "https://api.eia.gov/v2/electricity/rto/fuel-type-data/data/"
_KEY = "GREENSCHED_EIA_KEY"
_PAGE = 5000
_LONGEST = timedelta(days=365)
_HOUR = timedelta(hours=1)
_RESPONDENTS = {zone: code for code, zone in documents.ZONES.items()}


class Eia:
    """Source of US generation by fuel."""

    name = "eia"
    title = "EIA API v2: US generation by fuel, hourly (EIA-930)"
    licence = documents.LICENCE
    hosts = frozenset({"api.eia.gov"})
    needs: tuple[str, ...] = (_KEY,)
    kinds: Mapping[str, str] = {"carbon_gpkwh": "g/kWh", "wind_frac": "1", "solar_frac": "1", "renewable_frac": "1"}

    def fetch(self, web: Web, request: Request) -> Batch:
        """See :class:`greensched.signals.live.contract.Source`."""
        pages: list[tuple[Any, str]] = []
        for start, end, final in request.windows(_LONGEST):
            asked = {
                "frequency": "hourly",
                "data[]": "value",
                "facets[respondent][]": _RESPONDENTS.get(request.zone, request.zone),
                "start": iso(start + _HOUR, "%Y-%m-%dT%H"),
                "end": iso(end, "%Y-%m-%dT%H"),
                "sort[0][column]": "period",
                "sort[0][direction]": "asc",
                "length": str(_PAGE),
            }
            pages += _pages(web, asked, final)
        return documents.from_pages(pages, request.options)


def _pages(web: Web, asked: dict[str, str], final: bool) -> list[tuple[Any, str]]:
    pages: list[tuple[Any, str]] = []
    seen = 0
    while True:
        document, place, _ = web.json(_URL, asked | {"offset": str(seen)}, secret_params=_key, final=final)
        rows = Rows()
        total = documents.parse(document, place, rows)
        if not rows.rows and seen < total:
            raise DataError(f"{place}: a page without rows, {seen} of {total} are there; ask for a shorter window")
        pages.append((document, place))
        seen += rows.rows
        if seen >= total:
            return pages


def _key() -> dict[str, Secret]:
    return {"api_key": secret(_KEY)}
