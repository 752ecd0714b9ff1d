"""Air quality of Open-Meteo (CAMS): an example of a source, with kinds of its own, that comes as a plug-in."""

from __future__ import annotations

from collections.abc import Mapping

from greensched.signals.ingest.batch import Batch
from greensched.signals.ingest.open_meteo import LICENCE, Variable
from greensched.signals.live.contract import Request
from greensched.signals.live.open_meteo import fetch_days
from greensched.signals.live.web import Web

_URL = "https://air-quality-api.open-meteo.com/v1/air-quality"
_VARIABLES = {
    "pm2_5": Variable("pm2_5_ugpm3", ("μg/m³", "µg/m³")),  # the Greek letter and the micro sign: both are in use
    "european_aqi": Variable("european_aqi", ("EAQI", "")),
}


class AirQuality:
    """Source of fine dust and of the European air quality index."""

    name = "open-meteo-air-quality"
    title = "Open-Meteo: fine dust (PM2.5) and the European air quality index"
    licence = LICENCE
    hosts = frozenset({"air-quality-api.open-meteo.com"})
    needs: tuple[str, ...] = ()
    kinds: Mapping[str, str] = {"pm2_5_ugpm3": "µg/m³", "european_aqi": "1"}

    def fetch(self, web: Web, request: Request) -> Batch:
        """See :class:`greensched.signals.live.contract.Source`."""
        return fetch_days(web, request, _URL, _VARIABLES, "Open-Meteo air quality (CAMS)")
