"""All services on one stand-in, each in the shape that it documents; values follow from the time, one is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.signals.server import Answer, Asked

HOLE = datetime(2022, 6, 7, 5, tzinfo=UTC)
"""Where every service has nothing (null, or a row or point that is left out)."""
TOKEN = "a-made-up-token"


def value(at: datetime) -> float:
    """Some value of an instant, the same in every test."""
    return 200.0 + at.hour * 10 + at.minute / 5 + at.day


def _grid(start: datetime, end: datetime, minutes: int) -> Iterator[datetime]:
    at = start
    while at < end:
        yield at
        at += timedelta(minutes=minutes)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%MZ")


def electricitymaps(asked: Asked) -> Any:
    zone, factors = asked.query["zone"], asked.query["emissionFactorType"]
    if asked.path.endswith("/forecast"):
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        hours = [now + timedelta(hours=h) for h in range(-1, int(asked.query["horizonHours"]))]
        data = [{"carbonIntensity": value(at), "datetime": at.isoformat().replace("+00:00", ".000Z")} for at in hours]
        return {"zone": zone, "forecast": data, "updatedAt": datetime.now(UTC).isoformat().replace("+00:00", "Z")}
    data = [
        {
            "zone": zone,
            "carbonIntensity": None if at == HOLE else value(at),
            "datetime": at.strftime("%Y-%m-%dT%H:%M:00.000Z"),
            "updatedAt": "2022-07-01T00:00:00.000Z",
            "createdAt": "2022-06-01T00:00:00.000Z",
            "emissionFactorType": factors,
            "isEstimated": at.hour == 0,
            "estimationMethod": None,
        }
        for at in _grid(_at(asked.query["start"]), _at(asked.query["end"]) + timedelta(hours=1), 60)  # end included
    ]
    return {"zone": zone, "data": data}


def uk(asked: Asked) -> Any:
    _, _, start, end = asked.path.split("/")
    first = _at(start) - timedelta(minutes=30)  # the service begins with the half hour that ends at `from`
    last = first + timedelta(hours=48) if end == "fw48h" else _at(end)
    data = []
    for at in _grid(first, last, 30):
        known = end != "fw48h" and at != HOLE
        intensity = {"forecast": value(at) + 9, "actual": value(at) if known else None, "index": "low"}
        data.append({"from": _iso(at), "to": _iso(at + timedelta(minutes=30)), "intensity": intensity})
    return {"data": data}


def watttime(asked: Asked) -> Any:
    if asked.path == "/login":
        return {"token": TOKEN} if asked.headers.get("authorization", "").startswith("Basic ") else None
    if asked.headers.get("authorization") != f"Bearer {TOKEN}":
        return None
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    now -= timedelta(minutes=now.minute % 5)
    start, end = now, now + timedelta(hours=2)
    if asked.path.endswith("/historical"):
        start, end = _at(asked.query["start"]), _at(asked.query["end"]) + timedelta(minutes=5)  # end included
    data = [{"point_time": at.isoformat(), "value": value(at)} for at in _grid(start, end, 5) if at != HOLE]
    meta = {
        "region": asked.query["region"],
        "signal_type": asked.query["signal_type"],
        "units": "lbs_co2_per_mwh",
        "data_point_period_seconds": 300,
    }
    return {
        "data": data,
        "meta": meta | ({} if asked.path.endswith("/historical") else {"generated_at": now.isoformat()}),
    }


def eia(asked: Asked) -> Any:
    first, last = (datetime.strptime(asked.query[k], "%Y-%m-%dT%H").replace(tzinfo=UTC) for k in ("start", "end"))
    rows = [
        {
            "period": at.strftime("%Y-%m-%dT%H"),
            "respondent": asked.query["facets[respondent][]"],
            "respondent-name": "x",
            "fueltype": fuel,
            "type-name": fuel,
            "value": None if at - timedelta(hours=1) == HOLE and fuel == "NG" else str(value(at) * share),
            "value-units": "megawatthours",
        }
        for at in _grid(first, last + timedelta(hours=1), 60)
        for fuel, share in (("NG", 2), ("WND", 1), ("SUN", 1))
    ]
    offset, length = int(asked.query["offset"]), int(asked.query["length"])
    page = rows[offset : offset + min(length, 40)]  # it may give fewer than it was asked for
    return {"response": {"total": str(len(rows)), "dateFormat": "x", "frequency": "hourly", "data": page}}


def entsoe(asked: Asked) -> Any:
    start, end = (
        datetime.strptime(asked.query[k], "%Y%m%d%H%M").replace(tzinfo=UTC) for k in ("periodStart", "periodEnd")
    )
    price = asked.query["documentType"] == "A44"
    name = "price.amount" if price else "quantity"
    about = (
        "<in_Domain.mRID>10YFR-RTE------C</in_Domain.mRID><currency_Unit.name>EUR</currency_Unit.name>"
        "<price_Measure_Unit.name>MWH</price_Measure_Unit.name>"
        if price
        else "<inBiddingZone_Domain.mRID>10YFR-RTE------C</inBiddingZone_Domain.mRID>"
        "<quantity_Measure_Unit.name>MAW</quantity_Measure_Unit.name>"
    )
    series = ""
    for psr in ("",) if price else ("B04", "B19", "B16"):
        points = "".join(
            f"<Point><position>{k + 1}</position><{name}>{value(at)}</{name}></Point>"
            for k, at in enumerate(_grid(start, end, 60))
            if at != HOLE
        )
        kind = f"<MktPSRType><psrType>{psr}</psrType></MktPSRType>" if psr else ""
        series += (
            f"<TimeSeries>{about}<curveType>A01</curveType>{kind}<Period><timeInterval><start>{_iso(start)}</start>"
            f"<end>{_iso(end)}</end></timeInterval><resolution>PT60M</resolution>{points}</Period></TimeSeries>"
        )
    return f"<x_MarketDocument><type>{asked.query['documentType']}</type>{series}</x_MarketDocument>"


def open_meteo(asked: Asked) -> Any:
    names = asked.query["hourly"].split(",")
    units = {"temperature_2m": "°C", "pm2_5": "μg/m³", "european_aqi": "EAQI"}
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start, end = today, today + timedelta(days=int(asked.query.get("forecast_days", "1")))
    if "start_date" in asked.query:
        start, end = (
            _at(asked.query["start_date"] + "T00:00Z"),
            _at(asked.query["end_date"] + "T00:00Z") + timedelta(days=1),
        )
    times = list(_grid(start, end, 60))
    values = {name: [None if at == HOLE else value(at) / 10 for at in times] for name in names}
    return {
        "latitude": 1.0,
        "utc_offset_seconds": 0 if asked.query["timezone"] == "GMT" else 7200,
        "timezone": asked.query["timezone"],
        "hourly_units": {"time": "iso8601"} | {name: units[name] for name in names},
        "hourly": {"time": [at.strftime("%Y-%m-%dT%H:%M") for at in times]} | values,
    }


_HOSTS: dict[str, Callable[[Asked], Any]] = {
    "api.electricitymaps.com": electricitymaps,
    "api.carbonintensity.org.uk": uk,
    "api.watttime.org": watttime,
    "api.eia.gov": eia,
    "web-api.tp.entsoe.eu": entsoe,
    "api.open-meteo.com": open_meteo,
    "archive-api.open-meteo.com": open_meteo,
    "air-quality-api.open-meteo.com": open_meteo,
}
_KEYS = {
    "api.electricitymaps.com": ("headers", "auth-token"),
    "api.eia.gov": ("query", "api_key"),
    "web-api.tp.entsoe.eu": ("query", "securityToken"),
}


def behave(asked: Asked, _n: int) -> Answer:
    """Answer as the service would; without the right key, 401."""
    where = _KEYS.get(asked.host)
    if where is not None and getattr(asked, where[0]).get(where[1]) != TOKEN:
        return Answer({"error": "invalid key"}, status=401)
    if asked.host not in _HOSTS:
        return Answer({"error": "no such service"}, status=404)
    found = _HOSTS[asked.host](asked)
    return Answer({"error": "unauthorised"}, status=401) if found is None else Answer(found)
