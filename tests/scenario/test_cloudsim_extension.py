"""Our own keys for CloudSim files: in a datacenter, under ``greensched:``, in a second file, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from greensched.core.errors import ConfigError
from greensched.core.frames import read_frame
from greensched.scenario.load import load
from greensched.scenario.problems import ScenarioError
from greensched.signals.flat import mean_gpkwh
from tests.scenario.cloudsim_files import HOST, PLAIN, file, prepared

TWO = PLAIN.replace("  - !datacenter\n", f"  - !datacenter\n    name: Lisbon\n    hosts: [{HOST}]\n  - !datacenter\n")
OURS = """\
greensched:
  version: 1
  start: 2022-01-01T00:00:00Z
  seed: 7
  policy: {name: lowest-carbon}
  deadlines: {low: 2, high: 2, min: 1min}
  datacenters:
    Lisbon: {zone: ES, region: iberia, pue: 1.4, price_per_kwh: 0.2}
    datacenter2:
      zone: DE
      pue: {model: temperature, mean: 1.2}
"""


def test_without_zones_carbon_is_flat_and_said_to_be(tmp_path: Path) -> None:
    got = prepared(tmp_path, TWO)
    assert f"carbon is a flat {mean_gpkwh():g} g/kWh" in got.warnings
    assert [(dc["zone"], dc["pue"]["value"]) for dc in got.run["datacenters"]] == [("assumed", 1.0)] * 2
    assert (got.run["policy"]["name"], got.run["baseline"]) == ("performance", None)
    signals = read_frame(Path(got.prepared.run_folder) / "input" / "signals.gsf")
    columns = signals.table("signals")
    assert sorted(columns) == ["0.carbon_gpkwh", "1.carbon_gpkwh"]
    assert set(columns["1.carbon_gpkwh"].tolist()) == {mean_gpkwh()}
    label = signals.meta["labels"]["0.carbon_gpkwh"]
    assert label["synthetic"] is True
    assert "mean of the built-in zones in 2022" in label["source"]


def test_the_intensity_may_be_given(tmp_path: Path) -> None:
    got = prepared(tmp_path, TWO + "greensched: {signals: {carbon_gpkwh: 55}}\n")
    assert "carbon is a flat" not in got.warnings
    signals = read_frame(Path(got.prepared.run_folder) / "input" / "signals.gsf")
    assert set(signals.table("signals")["0.carbon_gpkwh"].tolist()) == {55.0}
    assert signals.meta["labels"]["0.carbon_gpkwh"]["source"] == "flat: 55 g/kWh, given by the scenario"


def test_keys_in_the_file_itself(tmp_path: Path) -> None:
    got = prepared(tmp_path, TWO + OURS)
    lisbon, second = got.run["datacenters"]
    assert (lisbon["zone"], lisbon["region"], lisbon["price_per_kwh"]) == ("ES", "iberia", 0.2)
    assert lisbon["pue"] == {"model": "static", "value": 1.4}
    assert (second["zone"], second["pue"]["model"]) == ("DE", "temperature")
    assert (got.run["policy"]["name"], got.run["baseline"], got.run["seed"]) == ("lowest-carbon", "local-only", 7)
    assert got.run["start_utc"] == "2022-01-01T00:00:00Z"
    assert got.tasks["deadline_us"] == [60_000_000]
    assert got.warnings == ""


def test_a_second_file_says_the_same_whether_named_or_beside(tmp_path: Path) -> None:
    inside = prepared(tmp_path, TWO + OURS)
    other = file(tmp_path, OURS, "zones.yml")
    assert prepared(tmp_path, TWO, second=other).run == inside.run
    file(tmp_path, "\n".join(line[2:] for line in OURS.splitlines()[1:]), "cloud.greensched.yml")
    beside = prepared(tmp_path, TWO)
    assert beside.run == inside.run
    assert (Path(beside.prepared.run_folder) / "input" / "scenario.greensched.yml").is_file()


def test_the_second_file_wins_key_by_key_and_the_command_line_over_both(tmp_path: Path) -> None:
    other = file(tmp_path, "seed: 8\ndatacenters: {Lisbon: {zone: 'NO'}}\npolicy: {name: performance}\n", "more.yml")
    got = prepared(tmp_path, TWO + OURS, "datacenters[1].zone=JP-TK", "policy.name=local-only", second=other)
    assert [dc["zone"] for dc in got.run["datacenters"]] == ["NO", "JP-TK"]
    assert got.run["datacenters"][0]["region"] == "iberia"
    assert (got.run["seed"], got.run["policy"]["name"]) == (8, "local-only")


def test_keys_of_a_datacenter_in_its_entry(tmp_path: Path) -> None:
    text = PLAIN.replace("- !datacenter\n", "- !datacenter\n    zone: GB\n    amount: 2\n    pue: 1.3\n")
    got = prepared(tmp_path, text, "start=2022-01-01T00:00:00Z")
    assert [(dc["name"], dc["zone"], dc["pue"]["value"]) for dc in got.run["datacenters"]] == [
        ("datacenter1", "GB", 1.3),
        ("datacenter2", "GB", 1.3),
    ]
    with pytest.raises(ScenarioError, match=r"cloud.yml:3  datacenters\[0\].zone: unknown zone 'GBB', expected one"):
        prepared(tmp_path, text.replace("zone: GB", "zone: GBB"))


def test_a_name_stands_for_all_copies_and_for_each(tmp_path: Path) -> None:
    text = PLAIN.replace("- !datacenter\n", "- !datacenter\n    name: North Hall\n    amount: 2\n") + (
        "greensched:\n  start: 2022-01-01T00:00:00Z\n  datacenters:\n"
        "    North Hall: {zone: SE, lat: 59, lon: 18, pue: 1.2}\n    north-hall-2: {zone: 'NO'}\n"
    )
    got = prepared(tmp_path, text.replace("SE", "DE"))
    assert [(dc["name"], dc["zone"], dc["lat"]) for dc in got.run["datacenters"]] == [
        ("north-hall-1", "DE", 59.0),
        ("north-hall-2", "NO", 59.0),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("slott: 60 s", "cloud.yml:15  greensched.slott: unknown key 'slott': expected one of advisories, baseline, "),
        ("slot: 60", "cloud.yml:15  slot: expected a duration with a unit such as '90 s'"),
        (
            "policy: {name: greensched, alpha: 1}",
            "cloud.yml:15  policy.alpha: no option of policy 'greensched'",
        ),
        ("policy: {name: nobody}", "cloud.yml:15  policy.name: unknown policy 'nobody'"),
        ("workload: {source: synthetic}", "unknown key 'workload': the file's customers are the workload"),
        ("version: 2", "cloud.yml:15  greensched.version: unknown version, expected 1"),
        ("datacenters: {Lisbon: {zon: ES}}", "cloud.yml:15  datacenters[0].zon: unknown key 'zon', expected one of "),
        ("datacenters: {Lisbn: {zone: ES}}", "the file has no datacenter 'Lisbn', expected one of lisbon, Lisbon, "),
        (
            "datacenters: {Lisbon: {hosts: []}}",
            "greensched.datacenters.Lisbon.hosts: stands in the CloudSim file itself",
        ),
        ("datacenters: {Lisbon: {zone: ES}}", "datacenters[1].zone: missing, expected a value"),
        ("datacenters: [ES, DE]", "greensched.datacenters: wrong type, expected a mapping"),
        ("deadlines: {low: 3, high: 2}", "workload.deadlines: high (2) must be at least low (3)"),
        ("customers: {customer1: {at: home}}", "greensched.customers.customer1.at: unknown key, expected home"),
        (
            "customers: {customer1: {home: rome}}",
            "cloud.yml:15  greensched.customers.customer1.home: the file has no datacenter 'rome', expected one of lis",
        ),
        ("customers: {customer1: {home: 1}}", "customers.customer1.home: wrong type, expected the name of a datacent"),
        ("customers: {bob: {home: rome}}", "customers.bob: the file has no customer 'bob', expected one of customer1"),
    ],
)
def test_errors_are_those_of_a_scenario_with_the_line_of_the_file(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        prepared(tmp_path, f"{TWO}greensched:\n  {line}\n")
    assert said in str(refused.value)


def test_an_error_in_the_second_file_names_that_file(tmp_path: Path) -> None:
    other = file(tmp_path, "# grid\nsignals:\n  source: synthetik\n", "zones.yml")
    with pytest.raises(ScenarioError, match=r"zones.yml:3  signals.source: unknown value, expected"):
        prepared(tmp_path, TWO, second=other)
    with pytest.raises(ConfigError, match=r"zones.yml:1  expected a mapping"):
        prepared(tmp_path, TWO, second=file(tmp_path, "- 1\n", "zones.yml"))
    with pytest.raises(ConfigError, match=r"nothing.yml: cannot be read"):
        prepared(tmp_path, TWO, second=tmp_path / "nothing.yml")


@pytest.mark.parametrize(
    "text",
    [
        "# grid\nseed: 1\ncustomers: {customer1: {home: rome}}\n",
        "start: 2022-06-06T00:00:00Z\ndatacenters:\n  madrid: {zone: ES}\n  oslo:\n",
        "policy: {name: greensched}\ndeadlines: {low: 2, high: 4}\n",
        "greensched: {datacenters: {madrid: {zone: ES}}}\n",
        "---\ndatacenters: {madrid: {zone: ES}}\n---\ndatacenters: {oslo: {zone: NO}}\n",
    ],
)
def test_a_second_file_that_is_taken_for_a_scenario_is_told(tmp_path: Path, text: str) -> None:
    path = file(tmp_path, text, "cloud.greensched.yml")
    with pytest.raises(
        ConfigError, match=r"cloud.greensched.yml:[12]  this is a second file, .* with --with .*/cloud.gr"
    ):
        load(path)


def test_each_document_may_have_keys_of_its_own(tmp_path: Path) -> None:
    text = f"---\n{PLAIN}---\n{PLAIN}"
    other = file(tmp_path, "seed: 1\n---\nseed: 2\nname: second\n", "more.yml")
    runs = [prepared(tmp_path, text, document=n, second=other).run for n in (1, 2)]
    assert [r["run_id"] for r in runs] == ["cloud-1-s1", "second-2-s2"]
    both = file(tmp_path, "seed: 3\n", "more.yml")
    assert [prepared(tmp_path, text, document=n, second=both).run["seed"] for n in (1, 2)] == [3, 3]
    file(tmp_path, "seed: 1\n---\nseed: 2\n", "more.yml")
    for n in (1, 3):
        with pytest.raises(ConfigError, match=r"more.yml has 2 documents, cloud.yml has 3: expected one for all, or o"):
            prepared(tmp_path, f"{text}---\n{PLAIN}", document=n, second=other)
    with pytest.raises(ConfigError, match=r"more.yml has 2 documents, cloud.yml has 1: expected one for all"):
        prepared(tmp_path, PLAIN, second=other)


def test_one_second_file_may_name_datacenters_and_customers_of_any_document(tmp_path: Path) -> None:
    names = ("Lisbon", "Oslo")
    text = "".join(
        "---\n" + PLAIN.replace("!datacenter\n", f"!datacenter\n    name: {n}\n").replace(
            "!customer\n", f"!customer\n    name: of {n}\n") for n in names)  # fmt: skip
    zones = (
        "start: 2022-01-01T00:00:00Z\ndatacenters: {Lisbon: {zone: ES}, oslo: {zone: 'NO'}}\n"
        "customers: {of Lisbon: {home: Lisbon}, of Oslo: {home: Oslo}}\n"
    )
    other = file(tmp_path, zones, "more.yml")
    runs = [prepared(tmp_path, text, document=n, second=other).run for n in (1, 2)]
    assert [[dc["zone"] for dc in r["datacenters"]] for r in runs] == [["ES"], ["NO"]]
    file(tmp_path, zones.replace("oslo", "Oslow").replace("{of Lisbon", "{of Lissabon"), "more.yml")
    for n in (1, 2):
        with pytest.raises(ScenarioError) as refused:
            prepared(tmp_path, text, document=n, second=other)
        said = str(refused.value)
        assert "more.yml:2  datacenters.Oslow: the file has no datacenter 'Oslow', expected one of " in said
        assert "(did you mean 'Oslo'?)" in said
        assert "more.yml:3  customers.of Lissabon: the file has no customer 'of Lissabon', expected one of " in said
    each = file(tmp_path, f"{zones}---\nseed: 1\n", "more.yml")  # this one is about the first alone
    with pytest.raises(ScenarioError, match="the file has no datacenter 'oslo'"):
        prepared(tmp_path, text, document=1, second=each)


def test_a_customer_stands_for_all_copies_and_homes_may_be_called_as_in_the_file(tmp_path: Path) -> None:
    text = (
        TWO.replace("Lisbon", "North Hall").replace("!customer\n", "!customer\n    name: Alice\n    amount: 3\n")
        + "greensched: {customers: {Alice-2: {home: north-hall}, Alice: {home: HOME}}}\n"
    )

    def homes(where: str) -> list[int]:
        got = prepared(tmp_path, text.replace("HOME", where))
        return [got.run["origins"][o]["home"] for o in got.tasks["origin"]]

    assert homes("datacenter2") == [1, 0, 1]
    assert homes("North Hall") == [0, 0, 0]
    with pytest.raises(ScenarioError, match=r"customers.Alice.home: 'Hall' is 2 datacenters, expected one of hall-1, "):
        prepared(
            tmp_path,
            text.replace("HOME", "Hall")
            .replace("home: north-hall", "home: hall-1")
            .replace("North Hall", "Hall\n    amount: 2"),
        )


def test_a_scenario_may_execute_with_cloudsim_and_a_cloudsim_file_without(tmp_path: Path) -> None:
    got = prepared(tmp_path, PLAIN, "execution=exact")
    assert got.run["execution"] == "exact"
    with pytest.raises(ScenarioError, match=r"--set execution  execution: unknown value, expected 'exact' or"):
        prepared(tmp_path, PLAIN, "execution=cloudsym")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "datacenters[0].vm_migration={upper: 0.8, lower: 0.2}",
            "datacenters[0].vm_migration: is for execution cloudsim",
        ),
        (
            "host_types.host1.vm_scheduler=oversubscribe",
            "datacenters[0].hosts[0].type: 'host1' is oversubscribed, which is",
        ),
    ],
)
def test_what_only_cloudsim_plus_can_do_is_refused_without_it(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        prepared(tmp_path, PLAIN, change, "execution=exact")
    assert message in str(error.value)
    (tmp_path / "fine").mkdir()
    got = prepared(tmp_path / "fine", PLAIN, change)
    moves = got.run["datacenters"][0]["vm_migration"]
    assert moves == ({"upper_frac": 0.8, "lower_frac": 0.2, "bw_mbps": 10_000.0} if "migration" in change else None)


def test_thresholds_of_a_migration_are_in_order(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"lower \(0.8\) must be below upper \(0.8\)"):
        prepared(tmp_path, PLAIN, "datacenters[0].vm_migration={upper: 0.8, lower: 0.8}")
