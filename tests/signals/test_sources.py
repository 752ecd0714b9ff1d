"""Every registered source conforms, sends what its service documents, and refuses services that lie."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core import registry
from greensched.core.errors import ConfigError, DataError
from greensched.signals.ingest import eia
from greensched.signals.ingest.batch import Batch, Options
from greensched.signals.live import fetching
from greensched.signals.live.cache import Cache
from greensched.signals.live.contract import Request
from greensched.signals.live.web import Web
from greensched.signals.series import Signal
from greensched.testing.sources import check_source
from tests.conftest import ROOT, Cli, cli_environment
from tests.signals import samples, services
from tests.signals.server import Answer, Asked, Stand, serving

START, END = datetime(2022, 6, 6, tzinfo=UTC), datetime(2022, 6, 8, tzinfo=UTC)
PLUG_INS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][
    "greensched.sources"
]
SOURCES = {name: name for name in registry.built_in("source")} | PLUG_INS
ZONES = {"uk-carbon-intensity": "GB", "watttime": "US-CAL-CISO", "eia": "US-CAL-CISO"}
DIRECT = ("uk-carbon-intensity", "watttime")


def request_of(name: str, start: datetime = START, end: datetime = END) -> Request:
    return Request(ZONES.get(name, "DE"), start, end, "direct" if name in DIRECT else "lifecycle")


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SOURCES.values():
        for variable in fetching.open_source(name).needs:
            monkeypatch.setenv(variable, services.TOKEN)


@pytest.fixture
def stand() -> Iterator[Stand]:
    with serving(services.behave) as found:
        yield found


def run(name: str, stand: Stand, tmp_path: Path, request: Request | None = None) -> Batch:
    source = fetching.open_source(SOURCES[name])
    web = fetching.web_of(source, cache=Cache(tmp_path), test_server=stand.url)
    web.pause = lambda _s: None
    return fetching.fetch(source, web, request or request_of(name))[0]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_registered_source_conforms(name: str, stand: Stand) -> None:
    source = fetching.open_source(SOURCES[name])
    assert source.name == name

    def open_web(cache: Cache, offline: bool) -> Web:
        return fetching.web_of(source, offline=offline, cache=cache, test_server=stand.url)

    check_source(source, request_of(name), services.HOLE, open_web)
    assert {asked.host for asked in stand.asked} <= source.hosts


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("name", sorted(SOURCES))
def test_windows_join_without_a_gap_or_a_double(name: str, stand: Stand, tmp_path: Path) -> None:
    found = run(name, stand, tmp_path, request_of(name, START - timedelta(days=40), END))
    for series in found.series:
        assert (series.signal.start, series.signal.end) == (START - timedelta(days=40), END)
        assert series.missing == 1  # the hole


@pytest.mark.parametrize("name", [n for n, target in sorted(SOURCES.items()) if fetching.open_source(target).needs])
def test_without_a_key_it_says_which(name: str, stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = fetching.open_source(SOURCES[name]).needs
    for variable in needs:
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigError, match=needs[0]):
        run(name, stand, tmp_path)
    assert stand.asked == []
    for variable in needs:
        monkeypatch.setenv(variable, "a-wrong-key-91")
    stand.behave = lambda _asked, _n: Answer({"error": "no"}, status=401)
    with pytest.raises(ConfigError, match=f"refused .HTTP 401.*{needs[0]}") as caught:
        run(name, stand, tmp_path)
    assert "a-wrong-key-91" not in str(caught.value)


@pytest.mark.usefixtures("keys")
def test_values_by_hand(stand: Stand, tmp_path: Path) -> None:
    at, v = START + timedelta(hours=3), services.value(START + timedelta(hours=3))

    def of(name: str, kind: str) -> float:
        (series,) = (s for s in run(name, stand, tmp_path).series if s.kind == kind)
        return series.signal.at(at)

    assert of("electricitymaps", "carbon_gpkwh") == v
    assert of("uk-carbon-intensity", "carbon_gpkwh") == v
    assert of("watttime", "marginal_gpkwh") == pytest.approx(v * 0.45359237)
    assert of("open-meteo", "temperature_c") == v / 10
    assert of("open-meteo-air-quality", "pm2_5_ugpm3") == v / 10
    assert of("entsoe-price", "price_per_kwh") == pytest.approx(v / 1000)
    assert of("entsoe", "wind_frac") == pytest.approx(1 / 3)
    # gas 2, wind 1, sun 1, by the hour that ends at 4:00: shares do not depend on the hour
    assert of("eia", "carbon_gpkwh") == pytest.approx((2 * 490 + 11 + 45) / 4)


@pytest.mark.usefixtures("keys")
def test_what_is_sent_is_what_is_documented(stand: Stand, tmp_path: Path) -> None:
    run("electricitymaps", stand, tmp_path)
    assert stand.asked[-1].path == "/v3/carbon-intensity/past-range"
    assert stand.asked[-1].query == {
        "zone": "DE", "emissionFactorType": "lifecycle", "start": "2022-06-06T00:00Z", "end": "2022-06-08T00:00Z",
        "temporalGranularity": "hourly",
    }  # fmt: skip
    run("eia", stand, tmp_path)
    pages = [asked.query for asked in stand.asked if asked.host == "api.eia.gov"]
    assert [page["offset"] for page in pages] == ["0", "40", "80", "120"]  # 48 h x 3 fuels, 40 at once
    assert (pages[0]["start"], pages[0]["end"], pages[0]["facets[respondent][]"]) == (
        "2022-06-06T01",
        "2022-06-08T00",
        "CISO",
    )
    run("entsoe", stand, tmp_path)
    query = stand.asked[-1].query
    assert (query["documentType"], query["processType"], query["in_Domain"]) == ("A75", "A16", "10Y1001A1001A82H")
    assert (query["periodStart"], query["periodEnd"]) == ("202206060000", "202206080000")
    run("watttime", stand, tmp_path)
    assert [asked.path for asked in stand.asked[-2:]] == ["/v3/historical", "/login"][::-1]
    assert stand.asked[-1].query["region"] == "CAISO_NORTH"
    run("open-meteo", stand, tmp_path)
    assert (stand.asked[-1].query["timezone"], stand.asked[-1].query["latitude"]) == ("GMT", "50.12")


Lie = Callable[[Any], Any]


def _rename(**changes: object) -> Lie:
    return lambda d: {**d, "data": [{**item, **changes} for item in d["data"]]}


LIES: dict[str, tuple[str, Lie, str]] = {
    "wrong JSON": ("electricitymaps", lambda _: "{", r"not JSON"),
    "a page of HTML": ("uk-carbon-intensity", lambda _: "<html>maintenance</html>", "not JSON .*a page of HTML"),
    "not UTF-8": ("open-meteo", lambda _: b"\xff\xfe", "is not UTF-8"),
    "another shape": ("electricitymaps", lambda _: [1], "expected an object"),
    "direct for life cycle": ("electricitymaps", _rename(emissionFactorType="direct"), "is direct, expected lifecycle"),
    "another zone": ("electricitymaps", lambda d: {**d, "zone": "FR"}, "answers for another zone, expected DE"),
    "naive times": ("electricitymaps", _rename(datetime="2022-06-06T00:00:00"), "has no time zone, expected"),
    "one instant for all": ("electricitymaps", _rename(datetime="2022-06-06T00:00:00Z"), "comes twice"),
    "doubled": ("watttime", lambda d: {**d, "data": d["data"][:3] + d["data"][2:]}, "comes twice"),
    "kilograms": ("watttime", lambda d: {**d, "meta": {**d["meta"], "units": "kg"}}, "units is 'kg', expected lbs_co2"),
    "average for marginal": (
        "watttime",
        lambda d: {**d, "meta": {**d["meta"], "signal_type": "co2_aoer"}},
        "another signal_type, expected co2_moer",
    ),
    "text for numbers": ("electricitymaps", _rename(carbonIntensity="much"), "'much' is not a number"),
    "negative": ("electricitymaps", _rename(carbonIntensity=-5), "is -5, expected 0 to"),
    "Fahrenheit": (
        "open-meteo",
        lambda d: {**d, "hourly_units": {"temperature_2m": "°F"}},
        "in '°F', expected °C",
    ),
    "local time": ("open-meteo", lambda d: {**d, "utc_offset_seconds": 7200}, "another time zone than GMT"),
    "pages without end": (
        "eia",
        lambda d: {"response": {**d["response"], "total": 9999, "data": []}},
        "a page without rows",
    ),
    "megawatts": (
        "eia",
        lambda d: {"response": {**d["response"], "data": [{**d["response"]["data"][0], "value-units": "MW"}]}},
        "value-units is MW, expected megawatthours",
    ),
    "no data": (
        "entsoe",
        lambda _: samples.ENTSOE_ACKNOWLEDGEMENT,
        "ENTSO-E answers: No matching data",
    ),
}


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("case", sorted(LIES))
def test_a_service_that_lies_is_refused_and_not_remembered(case: str, tmp_path: Path) -> None:
    name, lie, message = LIES[case]

    def behave(asked: Asked, n: int) -> Answer:
        true = services.behave(asked, n)
        return true if asked.path == "/login" else replace(true, body=lie(true.body))

    with serving(behave) as stand, pytest.raises((DataError, ConfigError), match=message):
        run(name, stand, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.usefixtures("keys")
def test_a_gap_stays_a_gap_and_the_order_of_a_reply_means_nothing(tmp_path: Path) -> None:
    def behave(asked: Asked, n: int) -> Answer:
        true = services.behave(asked, n)
        data = [item for item in true.body["data"] if not item["datetime"].startswith("2022-06-06T1")]
        return replace(true, body={**true.body, "data": data[::-1]})

    with serving(behave) as stand:
        (series,) = run("electricitymaps", stand, tmp_path).series
    assert np.isnan(series.signal.values[10:20]).all()
    assert series.missing == 11
    assert series.signal.at(START + timedelta(hours=9)) == services.value(START + timedelta(hours=9))


@pytest.mark.usefixtures("keys")
def test_what_was_fetched_before_the_network_failed_is_kept(tmp_path: Path) -> None:
    def behave(asked: Asked, n: int) -> Answer:
        return services.behave(asked, n) if n < 3 else Answer(status=404)

    with serving(behave) as stand, pytest.raises(DataError, match="HTTP 404"):
        run("eia", stand, tmp_path)
    assert len([path for path in tmp_path.rglob("*.body")]) == 2


def test_the_window_is_cut_as_asked() -> None:
    signal = Signal("x", START, 3600.0, np.arange(10.0))
    cut = fetching.within(signal, START + timedelta(minutes=30), START + timedelta(hours=3))
    assert cut is not None
    assert (cut.start, cut.values.tolist()) == (START + timedelta(hours=1), [1.0, 2.0])
    assert fetching.within(signal, END, END + timedelta(hours=1)) is None


def test_a_source_of_another_package_needs_no_line_of_ours(tmp_path: Path, stand: Stand) -> None:
    """A distribution with an entry point, as pip would leave it, and the command line that finds it."""
    (tmp_path / "water.py").write_text(
        "from greensched.signals.live.open_meteo import OpenMeteo\n"
        "class Water(OpenMeteo):\n    name = 'water'\n    title = 'Water, for a test'\n"
    )
    about = tmp_path / "water-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: water\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[greensched.sources]\nwater = water:Water\n")
    environment = cli_environment(GREENSCHED_SIGNAL_TEST_SERVER=stand.url, GREENSCHED_CACHE=str(tmp_path / "cache"))
    environment["PYTHONPATH"] += f":{tmp_path}"

    def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "greensched", "signal", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert "water                   usable, no key needed: temperature_c" in cli("sources").stdout
    done = cli("fetch", "water", "--zone", "DE", "--from", "2022-06-06T00:00Z", "--to", "2022-06-08T00:00Z", "-o", "g")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "g" / "DE.csv").read_text().startswith("ts,temperature_c\n2022-06-06T00:00:00Z,20.6\n")


def test_fetch_import_and_plot_on_the_command_line(cli: Cli, stand: Stand, tmp_path: Path) -> None:
    env = {
        "GREENSCHED_SIGNAL_TEST_SERVER": stand.url,
        "GREENSCHED_CACHE": str(tmp_path / "cache"),
        "GREENSCHED_ELECTRICITYMAPS_TOKEN": services.TOKEN,
    }
    window = ("--zone", "DE", "--from", "2022-06-06T00:00Z", "--to", "2022-06-08T00:00Z", "-o", "g")
    for source in ("electricitymaps", "open-meteo"):
        done = cli("signal", "fetch", source, *window, env=env)
        assert done.returncode == 0, done.stderr
    asked = len(stand.asked)
    again = cli(
        "signal", "fetch", "electricitymaps", *window, "--offline", env={"GREENSCHED_CACHE": str(tmp_path / "cache")}
    )
    assert (again.returncode, len(stand.asked)) == (0, asked), again.stderr
    assert "mean" in again.stdout and "1 missing" in again.stdout
    refused = cli("signal", "fetch", "electricitymaps", *window, "--offline", "--factors", "direct", env=env)
    assert refused.returncode == 2
    assert "offline, and the cache has no reply" in refused.stderr
    mixed = cli("signal", "fetch", "electricitymaps", *window, "--factors", "direct", env=env)
    assert mixed.returncode == 2
    assert "never mixed in one column" in mixed.stderr
    about = json.loads((tmp_path / "g" / "provenance.json").read_text())["series"]["DE"]["carbon_gpkwh"]
    assert (about["measure"], about["factors"], about["licence"]) == (
        "average",
        "lifecycle",
        "ODbL 1.0, Electricity Maps",
    )
    assert about["origins"][0]["name"].startswith(
        "https://api.electricitymaps.com/v3/carbon-intensity/past-range?zone=DE"
    )
    forecast = cli("signal", "fetch", "electricitymaps", "--zone", "DE", "--forecast", "-o", "g", env=env)
    assert forecast.returncode == 0, forecast.stderr
    assert (tmp_path / "g" / "forecasts" / "DE.csv").read_text().startswith("issue_ts,ts,carbon_gpkwh\n")
    drawn = cli("signal", "plot", "g", "-o", "g.svg")
    assert drawn.returncode == 0, drawn.stderr
    picture = (tmp_path / "g.svg").read_text()
    assert "carbon_gpkwh · average, lifecycle · 1 values missing" in picture
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", ""), "the picture needs nothing else"
    everything = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert not any(services.TOKEN.encode() in p.read_bytes() for p in everything)


def test_doctor_says_which_sources_are_usable(cli: Cli) -> None:
    said = cli("doctor").stdout
    assert "source     electricitymaps         set GREENSCHED_ELECTRICITYMAPS_TOKEN: carbon_gpkwh and forecasts" in said
    assert "source     uk-carbon-intensity     usable, no key needed: carbon_gpkwh and forecasts" in said
    with_key = cli("doctor", env={"GREENSCHED_ELECTRICITYMAPS_TOKEN": "abcdefgh"}).stdout
    assert "source     electricitymaps         usable: carbon_gpkwh" in with_key
    assert "abcdefgh" not in with_key


@pytest.mark.usefixtures("keys")
def test_recorded_replies_are_read(data_folder: Path, tmp_path: Path) -> None:
    """Replies of the real services, from the data pack, instead of ours."""
    recorded = data_folder / "fixtures"
    files = {
        "/v3/carbon-intensity/past-range": "electricitymaps/carbon-intensity_past-range.constructed.json",
        "/v3/carbon-intensity/forecast": "electricitymaps/carbon-intensity_forecast.constructed.json",
        "/api": "entsoe/A75_A16_generation_SE4.xml",
    }
    with serving(lambda asked, _n: Answer((recorded / files[asked.path]).read_bytes())) as stand:
        day = datetime(2024, 3, 5, tzinfo=UTC)
        (carbon,) = run("electricitymaps", stand, tmp_path, Request("DE", day, day + timedelta(days=2))).series
        assert carbon.signal.start == datetime(2024, 3, 5, 20, tzinfo=UTC)
        assert carbon.signal.values[:2].tolist() == [599.0, 607.0]
        october = datetime(2025, 10, 20, 11, tzinfo=UTC)
        request = Request("SE-SE4", october, october + timedelta(hours=71))
        (wind,) = (s for s in run("entsoe", stand, tmp_path, request).series if s.kind == "wind_frac")
        assert (len(wind.signal.values), wind.missing) == (71, 0)
    # EIA's recorded reply says 3 rows and holds 2: the value at 11:00 is null, the hour that ends at 12:00 has gas only
    page = json.loads((recorded / "eia_v2/US-NW-PGE-with-nulls.json").read_text())
    by_kind = {s.kind: s.signal for s in eia.from_pages([(page, "recorded")], Options()).series}
    assert by_kind["carbon_gpkwh"].start == datetime(2022, 10, 31, 10, tzinfo=UTC)
    np.testing.assert_array_equal(by_kind["carbon_gpkwh"].values, [np.nan, 490.0])
