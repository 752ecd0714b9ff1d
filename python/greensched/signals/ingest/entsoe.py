"""ENTSO-E Transparency Platform, XML of its API: generation by type (A75), renewable forecasts (A69), prices (A44).

Namespaces vary, so elements are found by their local names. ``curveType`` A01 has every position; with A03 a position
that is left out repeats the value before it (that is how the format says "unchanged", nothing is filled by us). With
A01 a position that is left out is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from greensched.core.errors import DataError
from greensched.signals.ingest.batch import Batch, Options, batch
from greensched.signals.ingest.generation import from_generation
from greensched.signals.ingest.mix import STORAGE
from greensched.signals.ingest.rows import Rows
from greensched.signals.ingest.text import MAX_BYTES, read_bytes
from greensched.signals.ingest.values import MISSING, instant, number, shown
from greensched.signals.ingest.xml import Node, parse_xml
from greensched.signals.provider import Label

LICENCE = "ENTSO-E Transparency Platform, free re-use with attribution (its terms)"
PSR_FUEL = {
    "B01": "biomass", "B02": "coal", "B03": "gas", "B04": "gas", "B05": "coal", "B06": "oil", "B07": "oil",
    "B08": "coal", "B09": "geothermal", "B10": STORAGE, "B11": "hydro", "B12": "hydro", "B13": "unknown",
    "B14": "nuclear", "B15": "unknown", "B16": "solar", "B17": "unknown", "B18": "wind", "B19": "wind",
    "B20": "unknown", "B25": STORAGE,
}  # fmt: skip
"""Production types; B17 is waste, of which no factor is published by fuel."""
_STEP_S = {"PT15M": 900, "PT30M": 1800, "PT60M": 3600, "PT1H": 3600, "P1D": 86400}
_UNITS = {"quantity": "MAW", "price.amount": "MWH"}


@dataclass
class Curve:
    """One period of one time series: what it is about, and its points."""

    place: str
    line: int
    domain: str
    psr: str
    currency: str
    step_s: int
    at_s: list[int]
    values: list[float]
    lines: list[int]


def document(data: bytes, place: str) -> tuple[str, int | None, list[Curve]]:
    """Type of a document (A75, ...), the instant at which it was made (POSIX seconds), and its curves.

    Raises:
        DataError: no XML, an acknowledgement (no data), another unit, or points that do not fit their period.
    """
    root = parse_xml(data, place)
    if root.name.startswith("Acknowledgement"):
        reason = root.find("Reason", "text")
        raise DataError(f"{place}: ENTSO-E answers: {shown(reason.text if reason else 'no reason given')}")
    if not root.name.endswith("MarketDocument"):
        raise DataError(f"{place}:{root.line}: <{shown(root.name)}>, expected a market document of ENTSO-E")
    kind = root.need(place, "type").text
    made = root.find("createdDateTime")
    created = instant(made.text, f"{place}:{made.line}") if made is not None else None
    return kind, created, [curve for series in root.all("TimeSeries") for curve in _series(series, place)]


def _text(node: Node, *names: str) -> str:
    return next((found.text for name in names if (found := node.find(name)) is not None), "")


def _series(series: Node, place: str) -> list[Curve]:
    if _text(series, "outBiddingZone_Domain.mRID"):
        return []  # what storage consumes, not what it generates
    psr = series.find("MktPSRType", "psrType")
    unit = _text(series, "quantity_Measure_Unit.name", "price_Measure_Unit.name")
    found = []
    for period in series.all("Period"):
        start = period.need(place, "timeInterval", "start")
        end = period.need(place, "timeInterval", "end")
        resolution = period.need(place, "resolution")
        if resolution.text not in _STEP_S:
            raise DataError(
                f"{place}:{resolution.line}: resolution '{shown(resolution.text)}', expected {', '.join(_STEP_S)}"
            )
        curve = Curve(
            place, period.line, _text(series, "inBiddingZone_Domain.mRID", "in_Domain.mRID"),
            "" if psr is None else psr.text, _text(series, "currency_Unit.name"), _STEP_S[resolution.text], [], [], [],
        )  # fmt: skip
        begin_s, end_s = (instant(node.text, f"{place}:{node.line}") for node in (start, end))
        _points(curve, period, unit, (begin_s, end_s), _text(series, "curveType") == "A03")
        found.append(curve)
    return found


def _points(curve: Curve, period: Node, unit: str, span_s: tuple[int, int], holds: bool) -> None:
    count, rest = divmod(span_s[1] - span_s[0], curve.step_s)
    if rest or not 0 < count <= 400_000:
        raise DataError(
            f"{curve.place}:{period.line}: a period of {span_s[1] - span_s[0]} s, expected whole intervals of "
            f"{curve.step_s} s"
        )
    values, lines = [MISSING] * count, [period.line] * count
    before = 0
    for point in period.all("Point"):
        here = f"{curve.place}:{point.line}"
        position = number(point.need(curve.place, "position").text, here, "position")
        if not before < position <= count or position != int(position):
            raise DataError(f"{here}: position {position:g} after {before}, expected a larger one up to {count}")
        name = next((n for n in _UNITS if point.find(n) is not None), None)
        if name is None:
            raise DataError(f"{here}: <Point> has neither quantity nor price.amount, expected one")
        if unit != _UNITS[name]:
            raise DataError(f"{here}: {name} in '{shown(unit)}', expected {_UNITS[name]}")
        k = int(position) - 1
        values[k], lines[k] = number(point.need(curve.place, name).text, here, name), point.line
        if holds and before:
            values[before:k] = [values[before - 1]] * (k - before)
        before = k + 1
    if holds and before:
        values[before:] = [values[before - 1]] * (count - before)
    curve.at_s = [span_s[0] + k * curve.step_s for k in range(count)]
    curve.values, curve.lines = values, lines


def read(files: list[Path], options: Options) -> Batch:
    """XML documents of one zone: generation by type (A75), or day-ahead prices (A44).

    Returns:
        of A75 carbon_gpkwh, wind_frac, solar_frac, renewable_frac; of A44 price_per_kwh in its currency.

    Raises:
        DataError: see :mod:`greensched.signals.ingest.rows`, or another document.
        ConfigError: no zone named; the documents name areas by codes.
    """
    return from_documents([(read_bytes(path, MAX_BYTES), str(path)) for path in files], options)


def from_documents(documents: list[tuple[bytes, str]], options: Options) -> Batch:
    """Series of documents, each with its place; see :func:`read`."""
    zone = options.need_zone(documents[0][1])
    generation, prices, currencies = Rows(), Rows(), set[str]()
    read_ = [(place, *document(data, place)) for data, place in documents]
    step_s = min((curve.step_s for *_, curves in read_ for curve in curves), default=3600)
    for place, kind, _, curves in read_:
        if kind not in ("A75", "A44"):
            raise DataError(f"{place}: document {shown(kind)}, expected A75 (generation) or A44 (prices)")
        for curve in curves:
            if kind == "A75":
                _put(generation, zone, _known_psr(curve), curve, 1.0, step_s)
            else:
                currencies.add(curve.currency)
                _put(prices, zone, "price_per_kwh", curve, 1e-3, step_s)
    if len(currencies) > 1:
        raise DataError(f"{documents[0][1]}: prices in {', '.join(sorted(currencies))}, expected one currency")
    said = ("ENTSO-E, actual generation by type", LICENCE)
    found = Batch()
    if generation.segments:
        found = from_generation(generation, PSR_FUEL, options, said, step_s, in_order=False)
    if prices.segments:
        label = Label("ENTSO-E, day-ahead price", False, currency="".join(currencies), licence=LICENCE)
        more = batch(prices, lambda _zone, _kind: label, step_s=step_s, in_order=False)
        found = Batch(found.series + more.series, found.rows + more.rows, found.notes + more.notes)
    if not found.series:
        raise DataError(f"{documents[0][1]}: no time series, expected at least one")
    return found


def _known_psr(curve: Curve) -> str:
    if curve.psr not in PSR_FUEL:
        raise DataError(
            f"{curve.place}:{curve.line}: production type '{shown(curve.psr)}', expected one of {', '.join(PSR_FUEL)}"
        )
    return curve.psr


def _put(rows: Rows, zone: str, kind: str, curve: Curve, factor: float, step_s: int) -> None:
    """The points of a curve; one of coarser resolution than ``step_s`` holds within its intervals."""
    for at, value, line in zip(curve.at_s, curve.values, curve.lines, strict=True):
        for part in range(0, curve.step_s, step_s):
            rows.put(zone, kind, at + part, value * factor, curve.place, line)
    rows.rows += len(curve.at_s)


def utc_stamp(text: str, place: str) -> int:
    """The start of a market time unit of the site's CSV, ``01.01.2022 00:00 - 01.01.2022 01:00``."""
    start = text.partition(" - ")[0].strip()
    for form in ("%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"):
        try:
            return int(datetime.strptime(start, form).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
    raise DataError(f"{place}: '{shown(text)}' is no market time unit, expected 01.01.2022 00:00 - 01.01.2022 01:00")
