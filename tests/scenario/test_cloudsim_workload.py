"""What becomes of VMs and cloudlets: amounts, names, who runs where, what cannot run, how long it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greensched.scenario.problems import ScenarioError
from greensched.traces import machines, makespans
from tests.scenario import build
from tests.scenario.cloudsim_files import CLOUDLET, HOST, PLAIN, VM, file, prepared


def cloud(vms: str, cloudlets: str, customer: str = "amount: 1", hosts: str = f"[{HOST}]") -> str:
    head = f"datacenters:\n  - hosts: {hosts}\ncustomers:\n  - {customer}\n"
    return f"{head}    vms: [{vms}]\n    cloudlets: [{cloudlets}]\n"


def by_name(got: Any) -> dict[str, str]:
    """Name of the VM, or the reason, of each cloudlet by name."""
    c = got.cloudlets
    return {
        name: got.tasks["name"][task] if task >= 0 else reason
        for name, task, reason in zip(c["name"], c["task"], c["reason"], strict=True)
    }


def test_every_copy_of_a_customer_has_vms_and_cloudlets_of_its_own(tmp_path: Path) -> None:
    text = cloud("{amount: 2, pes: 1, mips: 1}", "{amount: 3, pes: 1, length: 5}", "{name: Ana, amount: 2}").replace(
        "  - {name: Ana, amount: 2}", "  - name: Ana\n    amount: 2"
    )
    got = prepared(tmp_path, text + "  - vms: [{pes: 1, mips: 1}]\n    cloudlets: [{pes: 1, length: 5}]\n")
    assert got.tasks["name"] == ["Ana-1/vm1", "Ana-1/vm2", "Ana-2/vm1", "Ana-2/vm2", "customer3/vm1"]
    assert by_name(got) == {
        **{"Ana-1/cloudlet1": "Ana-1/vm1", "Ana-1/cloudlet2": "Ana-1/vm2", "Ana-1/cloudlet3": "Ana-1/vm1"},
        **{"Ana-2/cloudlet1": "Ana-2/vm1", "Ana-2/cloudlet2": "Ana-2/vm2", "Ana-2/cloudlet3": "Ana-2/vm1"},
        "customer3/cloudlet1": "customer3/vm1",
    }


def test_an_id_is_the_number_of_the_first_of_an_entry(tmp_path: Path) -> None:
    got = prepared(
        tmp_path,
        cloud(
            "{pes: 1, mips: 1}, {id: 10, amount: 2, pes: 1, mips: 1}, {pes: 1, mips: 1}", "{id: 5, pes: 1, length: 1}"
        ),
    )
    assert got.tasks["name"] == [f"customer1/vm{n}" for n in (1, 10, 11, 4)]
    assert got.cloudlets["name"] == ["customer1/cloudlet5"]


def test_entries_without_an_id_take_numbers_that_no_id_has(tmp_path: Path) -> None:
    one = "pes: 1, mips: 1}"
    vms = f"{{amount: 3, {one}, {{id: 2, amount: 2, {one}, {{id: 0, {one}, {{amount: 2, {one}"
    got = prepared(tmp_path, cloud(vms, "{id: 2, pes: 1, length: 1}, {pes: 1, length: 1}"))
    # by position 1, 2, 3, then 7, 8: 2 and 3 are ids, 4 and 5 are the first that are free
    assert got.tasks["name"] == [f"customer1/vm{n}" for n in (1, 4, 5, 2, 3, 0, 7, 8)]
    assert sorted(got.cloudlets["name"]) == ["customer1/cloudlet1", "customer1/cloudlet2"]


@pytest.mark.parametrize(
    ("vms", "cloudlets", "said"),
    [
        ("{id: 3, amount: 2, X},\n  {X},\n  {id: 4, X}", "", "cloud.yml:8  customers[0].vms[2].id: 4 is already"),
        ("{id: 0, X},\n  {id: 0, X}", "", "the id of a vm of the entry in line 6, expected unique ids"),
        ("{X}", "{id: 7, Y},\n  {id: 6, amount: 2, Y}", "cloud.yml:8  customers[0].cloudlets[1].id: 7 is already"),
    ],
)
def test_an_id_given_twice_is_an_error_with_both_lines(tmp_path: Path, vms: str, cloudlets: str, said: str) -> None:
    text = cloud(f"\n  {vms}".replace("X", "pes: 1, mips: 1"), cloudlets.replace("Y", "pes: 1, length: 1"))
    with pytest.raises(ScenarioError) as refused:
        prepared(tmp_path, text)
    assert said in str(refused.value)
    apart = PLAIN + PLAIN[PLAIN.index("  - !customer") :]
    got = prepared(tmp_path, apart.replace("{pes: 2", "{id: 1, pes: 2"))  # of two customers they may be equal
    assert got.tasks["name"] == ["customer1/vm1", "customer2/vm1"]


ids = st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 12)), max_size=6)


@given(ids)
def test_no_two_have_the_same_number(groups: list[tuple[int, int]]) -> None:
    amount, ident = np.array(groups, np.int64).reshape(-1, 2).T
    given_ = [n for k, first in groups if first >= 0 for n in range(first, first + k)]
    clash = machines.same_numbers(amount, ident)
    assert (clash is None) == (len(given_) == len(set(given_)))
    if clash is None:
        numbers = machines._numbers(amount, ident).tolist()
        assert len(set(numbers)) == len(numbers)
    else:
        one, two, number = clash
        assert one < two
        assert all(ident[i] <= number < ident[i] + amount[i] for i in (one, two))


def test_round_robin_goes_on_where_it_stopped_over_vms_with_enough_cores(tmp_path: Path) -> None:
    got = prepared(
        tmp_path,
        cloud(
            "{pes: 1, mips: 1}, {pes: 4, mips: 1}, {pes: 2, mips: 1}, {pes: 4, mips: 1}",
            "{amount: 2, pes: 1, length: 1}, {amount: 3, pes: 3, length: 1}, {amount: 3, pes: 2, length: 1}",
        ),
    )
    assert list({k: v[-1] for k, v in sorted(by_name(got).items())}.values()) == list("12424234")


def test_what_can_never_end_is_reported_with_its_reason(tmp_path: Path) -> None:
    text = cloud(
        VM,
        "{pes: 3, length: 1}, {pes: 1, length: 0}, {pes: 1, length: -4},"
        "{pes: 1, length: 9, utilizationModelCpu: Null},"
        "{pes: 1, length: 9, utilizationModelCpu: Dynamic}, {amount: 2, pes: 2, length: 7}",
    )
    got = prepared(tmp_path, text + "  - name: poor\n    cloudlets: [{amount: 2, pes: 1, length: 5}]\n")
    never = "its CPU utilisation model is 0 at all times, so it would never end"
    assert by_name(got) == {
        "customer1/cloudlet1": "it needs 3 cores, the largest VM of its customer has 2",
        "customer1/cloudlet2": "its length is 0",
        "customer1/cloudlet3": "its length is negative: it would run until somebody ends it",
        **{"customer1/cloudlet4": never, "customer1/cloudlet5": never},
        **{"customer1/cloudlet6": "customer1/vm1", "customer1/cloudlet7": "customer1/vm1"},
        **{"poor/cloudlet1": "its customer has no VM", "poor/cloudlet2": "its customer has no VM"},
    }
    assert (
        "7 of 9 cloudlets cannot run: 1 x it needs 3 cores, the largest VM of its customer has 2; 2 x its"
        in got.warnings
    )


def test_stochastic_utilisation_is_its_mean_and_said(tmp_path: Path) -> None:
    got = prepared(tmp_path, cloud(VM, "{pes: 1, length: 1000, utilizationModelCpu: Stochastic}"))
    assert got.cloudlets["cpu_util_frac"] == [0.5]
    assert got.tasks["expected_s"] == [2.0]
    assert "Stochastic is taken at its mean, 0.5" in got.warnings


def test_vms_that_fit_no_host_are_said_with_their_cloudlets(tmp_path: Path) -> None:
    got = prepared(
        tmp_path,
        cloud(
            "{pes: 9, mips: 1}, {pes: 1, mips: 2001}, {pes: 1, mips: 1, ram: 32001}, {pes: 8, mips: 2000, ram: 32000}",
            "{amount: 8, pes: 1, length: 1}",
        ),
    )
    assert (
        "3 of 4 VMs fit no host of any datacenter (cores, MIPS of a core, memory) and will be rejected, and with them "
        in (got.warnings)
    )
    assert "6 cloudlets" in got.warnings
    assert sorted(got.cloudlets["task"]) == [0, 0, 1, 1, 2, 2, 3, 3]  # none is lost


def test_a_vm_without_cloudlets_is_said(tmp_path: Path) -> None:
    got = prepared(tmp_path, cloud(f"{VM}, {VM}", "{pes: 1, length: 5}"))
    assert "1 of 2 VMs have no cloudlet and end at once" in got.warnings
    assert got.tasks["arrival_us"] == [0, 0]
    none = prepared(tmp_path, cloud(VM, ""))
    assert none.cloudlets["task"] == []


def test_no_vm_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="the file has no VM, expected at least one"):
        prepared(tmp_path, cloud("", "{pes: 1, length: 5}"))


def test_too_many_are_refused_before_they_take_memory(tmp_path: Path) -> None:
    text = cloud("{amount: 9000000, pes: 1, mips: 1}", "", "amount: 9000000")
    with pytest.raises(ScenarioError, match=r"cloud.yml:4  customers\[0\]: more than 10,000,000 vms in all"):
        prepared(tmp_path, text)


def test_bandwidth_and_storage_are_said_where_they_would_bind(tmp_path: Path) -> None:
    host = f"{HOST[:-1]}, bw: 3000, storage: 100000}}"
    small = prepared(tmp_path, cloud("{pes: 2, mips: 1, bw: 700, size: 25000}", CLOUDLET, hosts=f"[{host}]"))
    large = prepared(tmp_path, cloud("{pes: 2, mips: 1, bw: 800, size: 25000}", CLOUDLET, hosts=f"[{host}]"))
    assert "limits nothing here" not in small.warnings
    assert "bw of hosts limits nothing here; hosts with bw 3000" in large.warnings


def test_the_decision_mode_is_the_one_in_which_nothing_waits(tmp_path: Path) -> None:
    def mode(delay: str, *overrides: str) -> tuple[str, int, list[int]]:
        got = prepared(tmp_path, cloud(VM, f"{{pes: 1, length: 1, submissionDelay: {delay}}}"), *overrides)
        return got.run["mode"], got.run["horizon_us"] // 1_000_000, got.tasks["arrival_us"]

    assert mode("0") == ("slots", 300, [0])
    assert mode("600") == ("slots", 900, [600_000_000])
    assert mode("601.5") == ("immediate", 900, [601_500_000])
    assert mode("601.5", "slot=1500ms") == ("slots", 603, [601_500_000])


def test_a_vm_arrives_with_its_first_cloudlet_and_tasks_are_in_the_order_of_arrival(tmp_path: Path) -> None:
    got = prepared(
        tmp_path,
        cloud(
            "{amount: 2, pes: 1, mips: 1000}",
            "{pes: 1, length: 9000, submissionDelay: 60}, {pes: 1, length: 1000, submissionDelay: 20},"
            "{pes: 1, length: 2000, submissionDelay: 30}",
        ),
    )
    assert got.tasks["name"] == ["customer1/vm2", "customer1/vm1"]
    assert got.tasks["arrival_us"] == [20_000_000, 30_000_000]
    assert got.tasks["expected_s"] == [1.0, 39.0]  # 30 s of waiting for the second, then its 9 s
    c = got.cloudlets
    assert list(zip(c["task"], c["delay_s"], c["length_mi"], strict=True)) == [
        (0, 20.0, 1000.0),
        (1, 30.0, 2000.0),
        (1, 60.0, 9000.0),
    ]


# by hand: a VM of 2 cores, 1000 MIPS; (submitted s, cores, seconds alone)
HAND = [
    # space-shared: 2 x 10 s side by side, then the third; time-shared: 3 on 2 cores at 2/3 speed
    ([(0, 1, 10), (0, 1, 10), (0, 1, 10)], 20.0, 15.0),
    # one of 2 cores, and a small one behind it; time-shared: both at 2/3 until the small one has had 5 s (7.5 s), then
    # the 5 s that the large one still needs
    ([(0, 2, 10), (0, 1, 5)], 15.0, 12.5),
    # a gap in which nothing runs
    ([(0, 1, 5), (100, 1, 5)], 105.0, 105.0),
    # space-shared: the small one passes the wide one that does not fit beside the first; time-shared: 4 cores on 2
    # until the small one has had its 4 s, at 8 s; then 3 on 2: the others need 6 s more, 9 s
    ([(0, 1, 10), (0, 2, 10), (0, 1, 4)], 20.0, 17.0),
]


@pytest.mark.parametrize(("work", "space_s", "time_s"), HAND)
def test_makespans_by_hand(work: list[tuple[float, int, float]], space_s: float, time_s: float) -> None:
    assert makespans.space_shared_s(work, 2) == pytest.approx(space_s)
    assert makespans.time_shared_s(work, 2) == pytest.approx(time_s)


def test_owners_expect_the_makespan_under_the_scheduler_of_the_vm(tmp_path: Path) -> None:
    def expected(scheduler: str, cloudlets: str) -> float:
        vm = f"{{pes: 2, mips: 500, cloudletScheduler: {scheduler}}}"
        return float(prepared(tmp_path, cloud(vm, cloudlets)).tasks["expected_s"][0])

    assert expected("SpaceShared", "{amount: 3, pes: 1, length: 5000}") == pytest.approx(20.0)
    assert expected("TimeShared", "{amount: 3, pes: 1, length: 5000}") == pytest.approx(15.0)
    assert expected("CompletelyFair", "{amount: 3, pes: 1, length: 5000}") == pytest.approx(15.0)
    assert expected("SpaceShared", "{pes: 2, length: 1234}") == 1234 / 500


def test_homes_fill_the_first_datacenter_first_unless_time_zones_or_the_user_say_otherwise(tmp_path: Path) -> None:
    text = (
        f"datacenters:\n  - {{name: A, timeZone: 0, hosts: [{HOST}]}}\n  - {{name: B, timeZone: 9, hosts: [{HOST}]}}\n"
        "customers:\n  - vms: [{amount: 6, pes: 2, mips: 1}]\n    cloudlets: [{amount: 6, pes: 1, length: 1ZONE}]\n"
    )

    def homes(zone: str, more: str = "") -> str:
        got = prepared(tmp_path, text.replace("ZONE", zone) + more)
        return "".join(got.run["datacenters"][got.run["origins"][o]["home"]]["name"] for o in got.tasks["origin"])

    assert homes("") == "aaaabb"
    assert homes(", timeZone: 6") == "bbbbbb"
    assert homes(", timeZone: -9") == "bbbbbb"  # six hours across the date line, nine to Greenwich
    assert homes(", timeZone: -3") == "aaaaaa"
    assert homes(", timeZone: 6", "greensched: {customers: {customer1: {home: a}}}\n") == "aaaaaa"
    with pytest.raises(ScenarioError, match=r"cloud.yml:7  greensched.customers.nobody: the file has no customer"):
        homes("", "greensched: {customers: {nobody: {home: a}}}\n")


def test_the_drain_lets_everything_end_in_the_smallest_datacenter_that_can(tmp_path: Path) -> None:
    text = cloud("{amount: 400, pes: 8, mips: 1000}", "{amount: 400, pes: 8, length: 3600000}")
    got = prepared(tmp_path, text)  # an hour each, one after the other
    assert got.run["drain_us"] >= 400 * 3600 * 1_000_000
    assert got.run["end"] == "drained"
    assert prepared(tmp_path, text, "drain=2d", "end=fixed").run["drain_us"] == 2 * 86_400_000_000


def test_a_scenario_may_take_the_customers_of_a_file(tmp_path: Path) -> None:
    file(tmp_path, PLAIN, "theirs.yml")
    host = {"cores": 4, "mem_gb": 16, "power_w": [100, 200], "mips": 1000}
    path = build.write(
        tmp_path,
        workload={"source": "cloudsim", "file": "theirs.yml", "deadlines": {"low": 2, "high": 2}},
        execution="cloudsim",
        host_types={"mine": host},
        datacenters=[{"name": "here", "zone": "DE", "hosts": [{"type": "mine", "count": 1}]}],
    )
    got = prepared(tmp_path, path.read_text())
    assert got.tasks["name"] == ["customer1/vm1"]
    assert got.tasks["deadline_us"] == [600_000_000]
    assert got.run["datacenters"][0]["hosts"][0]["mips"] == 1000.0
    with pytest.raises(ScenarioError, match=r"workload.homes.bob: the file has no customer 'bob', expected one of cus"):
        prepared(tmp_path, path.read_text(), "workload.homes={bob: here}")
    with pytest.raises(ScenarioError, match=r"workload.file: no file 'other.yml'"):
        prepared(tmp_path, path.read_text().replace("theirs", "other"))
    file(tmp_path, PLAIN.replace("pes: 2", "pes: x"), "theirs.yml")
    with pytest.raises(ScenarioError, match=r"theirs.yml:8  customers\[0\].vms\[0\].pes: expected a whole number"):
        prepared(tmp_path, path.read_text())


def test_a_document_that_a_scenario_asks_for_is_called_by_the_key_that_asks(tmp_path: Path) -> None:
    file(tmp_path, f"---\n{PLAIN}---\n{PLAIN}", "theirs.yml")

    def said(**more: int) -> str:
        workload = {"source": "cloudsim", "file": "theirs.yml", **more}
        with pytest.raises(ScenarioError) as refused:
            prepared(tmp_path, build.write(tmp_path, workload=workload, execution="cloudsim").read_text())
        return str(refused.value)

    assert "workload.document: 3: theirs.yml holds 2 documents, expected 1 to 2" in said(document=3)
    assert "theirs.yml holds 2 scenarios; name one of them: workload.document 1 to 2" in said()
    for text in (said(), said(document=3), said(document=0)):
        assert "--document" not in text
    assert said(document=0).count("workload.document") == 1


groups = st.lists(
    st.tuples(st.integers(0, 6), st.integers(1, 4), st.integers(-1, 5000), st.sampled_from([0.0, 0.5, 1.0, 7.25])),
    max_size=6,
)
vm_groups = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 4), st.integers(0, 2)), max_size=4)
specs = st.lists(st.tuples(st.integers(0, 3), vm_groups, groups), min_size=1, max_size=4)


def customer(amount: int, vms: list[Any], cloudlets: list[Any], number: int) -> machines.Customer:
    v = np.array(vms, np.int64).reshape(-1, 3)
    c = np.array(cloudlets, np.float64).reshape(-1, 4)
    ones = np.ones(len(v))
    return machines.Customer(
        [f"c{number}-{k}" for k in range(amount)],
        machines.VmGroups(
            v[:, 0], 0 * v[:, 0] - 1, v[:, 1].astype(np.int32), 1000 * ones, ones, ones, ones, v[:, 2].astype(np.int32),
            0 * v[:, 0].astype(np.int32),
        ),
        machines.CloudletGroups(
            c[:, 0].astype(np.int64), np.full(len(c), -1, np.int64), c[:, 2], c[:, 1].astype(np.int32), c[:, 3],
            np.ones(len(c)), np.full(len(c), np.nan),
        ),
    )  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(specs)
def test_no_cloudlet_is_ever_lost(asked: list[tuple[int, list[Any], list[Any]]]) -> None:
    got = machines.expand([customer(amount, v, c, i) for i, (amount, v, c) in enumerate(asked)])
    vms, cloudlets = got.vms, got.cloudlets
    assert len(cloudlets) == sum(amount * sum(g[0] for g in c) for amount, _, c in asked)
    assert len(vms) == sum(amount * sum(g[0] for g in v) for amount, v, _ in asked)
    total = sum(amount * sum(g[0] * g[2] for g in c) for amount, _, c in asked)
    assert cloudlets.length_mi.sum() == total
    placed = cloudlets.vm >= 0
    assert (vms.customer[cloudlets.vm[placed]] == cloudlets.customer[placed]).all()
    assert (vms.pes[cloudlets.vm[placed]] >= cloudlets.pes[placed]).all()
    assert (placed == (cloudlets.reason == 0)).all()
    largest = np.zeros(len(got.customers), np.int64)
    np.maximum.at(largest, vms.customer, vms.pes)
    runnable = (cloudlets.length_mi > 0) & (cloudlets.pes <= largest[cloudlets.customer])
    assert (placed == runnable).all()


@settings(max_examples=200, deadline=None)
@given(specs)
def test_makespans_are_within_what_cores_and_cloudlets_allow(asked: list[tuple[int, list[Any], list[Any]]]) -> None:
    got = machines.expand([customer(amount, v, c, i) for i, (amount, v, c) in enumerate(asked)])
    arrival_s, makespan_s = makespans.makespans_s(got.vms, got.cloudlets)
    for row in range(len(got.vms)):
        mine = got.cloudlets.vm == row
        if not mine.any():
            assert arrival_s[row] == makespan_s[row] == 0.0
            continue
        delay_s, alone_s = got.cloudlets.delay_s[mine], got.cloudlets.length_mi[mine] / 1000.0
        area_s = float((alone_s * got.cloudlets.pes[mine]).sum()) / got.vms.pes[row]
        assert arrival_s[row] == delay_s.min()
        least = max((delay_s - arrival_s[row] + alone_s).max(), area_s)
        assert least - 1e-9 <= makespan_s[row] <= (delay_s - arrival_s[row]).max() + alone_s.sum() + 1e-9
