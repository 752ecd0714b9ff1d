"""Reading CloudSim files: every field, both forms, old names, and what is said about what is wrong or means nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from greensched.core.errors import ConfigError
from greensched.scenario.cloudsim import document, nodes
from greensched.scenario.load import load
from greensched.scenario.problems import ScenarioError
from tests.conftest import ROOT
from tests.scenario import build
from tests.scenario.cloudsim_files import CLOUDLET, HOST, PLAIN, VM, file, prepared

EVERYTHING = """\
datacenters:
  - !datacenter
    id: 3
    name: Porto
    amount: 1
    timeZone: 1.5
    vmAllocationPolicy: BestFit
    vmMigration: disable
    architecture: x86
    os: Linux
    vmm: Xen
    upperUtilizationThreshold: 0.8
    lowerUtilizationThreshold: 0.2
    schedulingInterval: 30
    costPerSec: 0.1
    costPerMem: 0.05
    costPerStorage: 0.001
    costPerBw: 0.1
    sans:
      - !san {id: 1, name: san1, capacity: 10000, bandwidth: 10000, networkLatency: 5}
    hosts:
      - !host
        id: 1
        amount: 3
        pes: 16
        mips: 1500.5
        ram: 65536
        bw: 10000
        storage: 500000
        vmScheduler: TimeShared
        ramProvisioner: Simple
        bwProvisioner: Simple
        peProvisioner: Simple
        maxPower: 300
        staticPowerPercent: 0.25
        powerModel: Linear
customers:
  - !customer
    id: 9
    name: Ana
    amount: 1
    vms:
      - !vm
        id: 7
        amount: 2
        size: 10000
        pes: 4
        mips: 1000
        ram: 2048
        bw: 500
        priority: 5
        vmm: Xen
        cloudletScheduler: CompletelyFair
    cloudlets:
      - !cloudlet
        id: 100
        timeZone: 2
        amount: 3
        length: 20000
        fileSize: 300
        outputSize: 300
        pes: 2
        utilizationModelCpu: Full
        utilizationModelRam: Full
        utilizationModelBw: Full
        submissionDelay: 300
"""


def test_every_field_of_the_tool_is_read(tmp_path: Path) -> None:
    got = prepared(tmp_path, EVERYTHING)
    (dc,) = got.run["datacenters"]
    (host,) = dc["hosts"]
    assert (dc["name"], dc["lon"], dc["pue"]) == ("porto", 22.5, {"model": "static", "value": 1.0})
    assert host == {
        **{"type": "host1", "count": 3, "cores": 16.0, "mem_gb": 65.536, "mips": 1500.5, "vm_scheduler": "time"},
        **{"power_w": [75.0, 300.0], "speed": [1.0] * 4, "gpus": 0, "gpu_type": -1, "gpu_idle_w": 0.0},
        **{"gpu_max_w": 0.0, "embodied_g_per_core_h": 0.0, "sleep": None},
    }
    assert got.tasks["name"] == ["Ana/vm7", "Ana/vm8"]
    assert got.tasks["user"] == ["Ana", "Ana"]
    assert got.tasks["cores"] == [4.0, 4.0]
    assert got.tasks["mem_gb"] == [2.048, 2.048]
    assert got.tasks["arrival_us"] == [300_000_000] * 2
    assert got.tasks["priority"] == [5, 5]
    assert got.tasks["labels"] == ["kind=vm;mips=1000;scheduler=CompletelyFair"] * 2
    assert got.vms == {
        **{"task": [0, 1], "mips": [1000.0] * 2, "scheduler": [2, 2], "bw_mbps": [500.0] * 2},
        **{"size_mb": [10000.0] * 2, "boot_s": [0.0, 0.0]},
    }
    assert got.cloudlets == {
        "task": [0, 0, 1],
        "name": ["Ana/cloudlet100", "Ana/cloudlet102", "Ana/cloudlet101"],
        **{"length_mi": [20000.0] * 3, "pes": [2] * 3, "delay_s": [300.0] * 3, "cpu_util_frac": [1.0] * 3},
        "reason": [""] * 3,
    }
    assert got.run["execution"] == "cloudsim"
    assert got.run["mode"] == "slots"
    assert got.run["noise"] == {"time_sigma_frac": 0.0, "power_sigma_frac": 0.0}


def test_fields_without_effect_are_named_once_with_their_line(tmp_path: Path) -> None:
    got = prepared(tmp_path, EVERYTHING)
    (line,) = [w for w in got.prepared.warnings if "of no effect" in w]
    for text in ("datacenter.architecture (line 9)", "datacenter.sans (line 19)", "cloudlet.fileSize (line 60)"):
        assert line.count(text) == 1
    assert "submissionDelay" not in line
    assert "maxPower" not in line


def test_tags_or_none_and_any_mixture_mean_the_same(tmp_path: Path) -> None:
    with_tags, without = prepared(tmp_path, EVERYTHING), prepared(tmp_path, _untagged(EVERYTHING))
    assert with_tags.cloudlets == without.cloudlets
    assert with_tags.tasks == without.tasks
    assert with_tags.run == without.run


def _untagged(text: str) -> str:
    for tag in ("datacenter", "customer", "host", "san", "vm", "cloudlet"):
        text = text.replace(f"!{tag}", "")
    return text


OLD = """\
datacenterRegistries:
  - !datacenter
    allocationPolicyAlias: Simple
    hostList:
      - !host {numOfPes: 8, mipsPerPe: 3000, ram: 64000, schedulingPolicyAlias: Space shared, powerModelAlias: Linear}
      - !host
customerRegistries:
  - !customer
    vmList:
      - !vm {amount: 2, pesNumber: 2, mips: 1500, schedulingPolicyAlias: Dynamic workload}
      - !vm {schedulingPolicyAlias: SpaceShared}
    utilizationProfile:
      - !profile
        numOfCloudlets: 2
        cloudletsPesNumber: 1
        length: 3000
        timeToSend: 60
        utilizationModelCpuAlias: Full
      - !profile {length: 100}
"""


def test_old_names_and_the_defaults_that_went_with_them(tmp_path: Path) -> None:
    got = prepared(tmp_path, OLD)
    hosts = got.run["datacenters"][0]["hosts"]
    assert [(h["cores"], h["mips"], h["mem_gb"], h["vm_scheduler"]) for h in hosts] == [
        (8.0, 3000.0, 64.0, "space"),
        (4.0, 2400.0, 40.0, "time"),  # CloudReports' defaults
    ]
    assert hosts[0]["power_w"] == [175.0, 250.0]
    assert got.tasks["cores"] == [2.0, 2.0, 1.0]
    assert got.vms["scheduler"] == [1, 1, 0]
    assert len(got.cloudlets["task"]) == 2 + 50
    assert "cloudlet.amount 50 (line 19)" in got.warnings
    assert "vm.mips 1000 (line 11)" in got.warnings


def test_an_entry_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"cloud.yml:6 .*hostList\[1\]: wrong type, expected the fields of a host"):
        prepared(tmp_path, OLD.replace("- !host\n", "- 3\n"))
    with pytest.raises(ScenarioError, match=r"cloud.yml:8  customers\[0\].vms\[0\].pes: missing, expected a value"):
        prepared(tmp_path, PLAIN.replace(f"!vm {VM}", "!vm"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("pes: two", "cloud.yml:4  datacenters[0].hosts[0].pes: expected a whole number, got 'two'"),
        ("pes: 2.5", "cloud.yml:4  datacenters[0].hosts[0].pes: expected a whole number, got '2.5'"),
        ("pes: 0", "cloud.yml:4  datacenters[0].hosts[0].pes: expected a whole number from 1 to 1000000, got '0'"),
        ("pes: [8]", "cloud.yml:4  datacenters[0].hosts[0].pes: wrong type, expected a single value"),
        ("pes: 8, numOfPes: 8", "cloud.yml:4  datacenters[0].hosts[0].numOfPes: 'pes' given twice, expected once"),
        ("pes: 1_0", "expected a whole number, got '1_0'"),
    ],
)
def test_a_wrong_value_is_said_with_its_line(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        prepared(tmp_path, PLAIN.replace("pes: 8", wrong, 1))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("mips: 2000", "mips: -1", "hosts[0].mips: expected a number from 1e-06 to 1e+12, got '-1'"),
        ("mips: 2000", "mips: .nan", "hosts[0].mips: expected a number, got '.nan'"),
        ("staticPowerPercent: 0.5", "staticPowerPercent: 50", "expected a number from 0 to 1 (0.7 is 70 %), got '50'"),
        ("vmScheduler: SpaceShared", "vmScheduler: Fair", "expected one of SpaceShared, TimeShared, "),
        ("mips: 2000, ", "", "hosts[0].mips: missing, expected a value (every host needs it)"),
        (VM, "{pes: 2}", "cloud.yml:8  customers[0].vms[0].mips: missing, expected a value"),
        (CLOUDLET, "{pes: 1}", "cloud.yml:10  customers[0].cloudlets[0].length: missing, expected a value"),
        (CLOUDLET, "{pes: 1, length: 5, submissionDelay: -1}", "submissionDelay: expected a number from 0 to "),
        (CLOUDLET, "{pes: 1, length: 5, utilizationModelCpu: PlanetLab}", "expected one of Full, Dynamic, Stochastic"),
        ("!vm", "!host", "cloud.yml:8  customers[0].vms[0]: tag !host here, expected !vm or none"),
        ("!vm", "!!python/object:os.system", "tag tag:yaml.org,2002:python/object:os.system here, expected !vm"),
        (
            "customers:\n  - !customer",
            "customers:\n    x: 1\n    y:",
            "cloud.yml:5  customers: wrong type",
        ),
    ],
)
def test_wrong_values_of_other_kinds(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        prepared(tmp_path, PLAIN.replace(right, wrong, 1))
    assert said in str(refused.value)


def test_all_problems_at_once(tmp_path: Path) -> None:
    text = PLAIN.replace("pes: 8", "pes: x").replace("pes: 2", "pes: y").replace("length: 10000", "length: z")
    with pytest.raises(ScenarioError) as refused:
        prepared(tmp_path, text)
    assert [p.order for p in refused.value.problems] == [4, 8, 10]


def test_numbers_may_stand_in_quotes_and_nothing_may_stand_for_the_default(tmp_path: Path) -> None:
    text = PLAIN.replace("pes: 8", "pes: '8', amount: , bw: null").replace("- !customer\n", "- !customer\n    name:\n")
    got = prepared(tmp_path, text)
    assert got.run["datacenters"][0]["hosts"][0]["cores"] == 8.0
    assert got.tasks["user"] == ["customer1"]


def test_an_unknown_key_warns_once_with_its_first_line_and_what_was_meant(tmp_path: Path) -> None:
    vms = "".join(f"      - !vm {VM[:-1]}, colour: red, prioritty: 1}}\n" for _ in range(3))
    got = prepared(tmp_path, PLAIN.replace(f"      - !vm {VM}\n", vms) + "notes: x\n")
    unknown = [w for w in got.prepared.warnings if "unknown" in w]
    assert unknown == [
        "cloud.yml:8  unknown key 'colour' of a vm, ignored",
        "cloud.yml:8  unknown key 'prioritty' of a vm, ignored (did you mean 'priority'?)",
        "cloud.yml:13  unknown key 'notes' of a document, ignored",
    ]


def test_what_a_file_leaves_out_is_assumed_and_said(tmp_path: Path) -> None:
    got = prepared(tmp_path, PLAIN.replace(HOST, "{pes: 8, mips: 2000}").replace(VM, "{pes: 2, mips: 10}"))
    (line,) = [w for w in got.prepared.warnings if "CloudReports" in w]
    for text in ("host.ram 40000 (line 4)", "host.vmScheduler TimeShared", "host.maxPower 250", "vm.ram 512 (line 8)"):
        assert text in line
    assert got.run["datacenters"][0]["hosts"][0]["power_w"] == [175.0, 250.0]
    assert got.tasks["mem_gb"] == [0.512]


def test_aliases_stand_for_what_they_name(tmp_path: Path) -> None:
    text = PLAIN.replace(f"- !vm {VM}", f"- &v !vm {VM}\n      - *v")
    assert prepared(tmp_path, text).tasks["cores"] == [2.0, 2.0]
    with pytest.raises(ConfigError, match=r"cloud.yml:9  no anchor &w before this alias|not YAML"):
        prepared(tmp_path, text.replace("*v", "*w").replace("&v ", ""))


def test_aliases_that_expand_too_far_end_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_MOST_ENTRIES", 10_000)
    vms = ", ".join(["{pes: 1, mips: 1}"] * 400)
    text = f"x: &c {{vms: [{vms}]}}\ndatacenters: []\ncustomers: [{', '.join(['*c'] * 3000)}]\n"
    with pytest.raises(ConfigError, match=r"cloud.yml:1  more than 10000 entries; use amount instead"):
        prepared(tmp_path, text)


def test_merged_keys_are_those_of_the_mapping_that_they_name(tmp_path: Path) -> None:
    """The tool's own reader merges: keys given beside ``<<`` win, then the first mapping of a list."""
    text = "a: &a {pes: 2, mips: 900, ram: 1000}\nb: &b {mips: 500, size: 7}\n" + PLAIN.replace(
        VM, "{<<: [*a, *b], ram: 2000, cloudletScheduler: SpaceShared}"
    )
    got = prepared(tmp_path, text)
    assert (got.tasks["cores"], got.tasks["mem_gb"]) == ([2.0], [2.0])
    assert (got.vms["mips"], got.vms["size_mb"]) == ([900.0], [7.0])
    assert "'<<'" not in got.warnings
    for wrong in ("[1, 2]", "text"):
        with pytest.raises(ConfigError, match=r"cloud.yml:1  << expects a mapping"):
            prepared(tmp_path, f"x: {{<<: {wrong}}}\n{PLAIN}")
    with pytest.raises(ConfigError, match=r"cloud.yml:1  << expects a mapping, or a list of mappings, before it"):
        prepared(tmp_path, f"x: &x {{<<: *x}}\n{PLAIN}")


def test_merged_keys_that_expand_too_far_end_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "_MAX_MERGED", 10_000)
    lines = "".join(f"a{i}: &a{i} {{k{i}: 1{f', <<: *a{i - 1}' if i else ''}}}\n" for i in range(200))
    with pytest.raises(ConfigError, match=r"too large \(keys << that expand too far\)"):
        prepared(tmp_path, lines + PLAIN)


def test_many_of_one_name_take_no_time(tmp_path: Path) -> None:
    took_s = []
    for count in (1_000, 1_000, 8_000):
        customers = "  - {name: c, vms: [{pes: 1, mips: 1}], cloudlets: []}\n" * count
        (folder := tmp_path / f"{len(took_s)}").mkdir()
        began = time.process_time()
        got = prepared(folder, PLAIN[: PLAIN.index("customers:")] + "customers:\n" + customers)
        took_s.append(time.process_time() - began)
    assert took_s[2] < 20 * took_s[1]  # eight times as many: linear, not sixty-four times
    assert len(set(got.tasks["name"])) == 8_000
    assert {"c/vm1", "c-2/vm1", "c-8000/vm1"} <= set(got.tasks["name"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PLAIN.replace("  - !dat", "  - {amount: 1000, hosts: [{pes: 1, mips: 1}]}\n  - !dat"),
         r"cloud.yml:3  datacenters\[1\]: more than 1,000 datacenters in all"),
        (PLAIN.replace("- !customer", "- !customer\n    amount: 1000001"), "more than 1,000,000 customers in all"),
    ],
)  # fmt: skip
def test_copies_are_bounded(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        prepared(tmp_path, text)


def test_a_file_in_which_everything_is_wrong_is_refused_at_once(tmp_path: Path) -> None:
    text = PLAIN.replace(f"      - !vm {VM}\n", "      - !vm {pes: x}\n" * 50_000)
    with pytest.raises(ScenarioError, match="100 problems in the scenario"):
        prepared(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("customers: [\n", "not YAML"),
        ("customers: {a: \x00}\n", "not YAML"),
        ("customers: " + "[" * 300_000, "nested too deeply"),
        ("customers: " + "- " * 100_000 + "\n", "not YAML|nested too deeply"),
        ("customers: []\ndatacenters: []\n", "no datacenters, expected a list of them"),
        ("datacenters: [{hosts: [{pes: 1, mips: 1}]}]\ncustomers:\n", "no customers"),
    ],
)
def test_unreadable(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        prepared(tmp_path, text)


def test_an_ordinary_scenario_stays_one(tmp_path: Path) -> None:
    text = "# our customers\ngreensched: 1\nname: x\n"
    with pytest.raises(ScenarioError, match="start: missing"):
        prepared(tmp_path, text)
    for number in (0, 1, 2):
        with pytest.raises(ConfigError, match=r"--document: cloud.yml is a scenario, this is for CloudSim files"):
            prepared(tmp_path, text, document=number)


def test_a_scenario_of_two_documents_is_told_so(tmp_path: Path) -> None:
    path = build.write(tmp_path)
    text = path.read_text()
    path.write_text(f"{text}---\n{text}")
    line = text.count("\n") + 1
    with pytest.raises(
        ConfigError, match=rf"{path.name}:{line}  a second document begins here, but a scenario has only"
    ):
        load(path)


@pytest.mark.parametrize("tags", [True, False])
def test_a_file_without_customers_is_told_so_and_nothing_else(tmp_path: Path, tags: bool) -> None:
    text = PLAIN[: PLAIN.index("customers:")]
    with pytest.raises(ScenarioError) as refused:
        prepared(tmp_path, text if tags else text.replace("!datacenter\n", "name: x\n").replace("!host ", ""))
    said = "customers: no customers, expected a list of them under the key customers"
    assert str(refused.value) == f"1 problem in the scenario:\n  cloud.yml:1  {said}"


def test_documents_are_chosen_by_number(tmp_path: Path) -> None:
    text = f"---\n{PLAIN}---\n{PLAIN.replace('length: 10000', 'length: 500')}---\n# nothing\n"
    with pytest.raises(ConfigError, match=r"cloud.yml holds 2 scenarios; name one of them: --document 1 to 2"):
        prepared(tmp_path, text)
    first, second = (prepared(tmp_path, text, document=n) for n in (1, 2))
    assert (first.cloudlets["length_mi"], second.cloudlets["length_mi"]) == ([10000.0], [500.0])
    assert (first.run["run_id"], second.run["run_id"]) == ("cloud-1-s0", "cloud-2-s0")
    for number in (-1, 0, 3):
        with pytest.raises(ConfigError, match=rf"--document {number}: cloud.yml holds 2 documents, expected 1 to 2"):
            prepared(tmp_path, text, document=number)
    with pytest.raises(ConfigError, match=r"--document 0: cloud.yml holds 1 document, expected 1"):
        prepared(tmp_path, PLAIN, document=0)


SAMPLES = [p for p in sorted((ROOT / "scenarios" / "cloudsim").glob("*.yml")) if not p.stem.endswith(".greensched")]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_the_samples_of_this_repository_load(tmp_path: Path, path: Path) -> None:
    got = prepared(tmp_path, path.read_text(), document=1)
    assert got.prepared.tasks == len(got.tasks["name"]) > 0


def test_a_file_of_many_entries_takes_seconds(tmp_path: Path) -> None:
    """A twentieth of 20,000 hosts, 40,000 VMs and 50,000 cloudlets, each written out; the whole takes 20 times this."""
    text = PLAIN.replace(f"      - !host {HOST}\n", f"      - !host {HOST}\n" * 1000)
    text = text.replace(f"      - !vm {VM}\n", f"      - !vm {VM}\n" * 2000)
    text = text.replace(f"      - !cloudlet {CLOUDLET}\n", "".join(
        f"      - !cloudlet {{pes: 1, length: {1000 + i}}}\n" for i in range(2500)))  # fmt: skip
    path = file(tmp_path, text)
    began = time.perf_counter()
    got = prepared(tmp_path, path.read_text())
    assert time.perf_counter() - began < 5.0
    assert sum(got.cloudlets["length_mi"]) == sum(1000.0 + i for i in range(2500))


def test_amounts_take_no_time(tmp_path: Path) -> None:
    text = (ROOT / "scenarios" / "cloudsim" / "large.yml").read_text()
    began = time.perf_counter()
    got = prepared(tmp_path, text)
    assert time.perf_counter() - began < 10.0
    assert len(got.tasks["name"]) == 40_000
    assert len(got.cloudlets["name"]) == len(set(got.cloudlets["name"])) == 50_000
