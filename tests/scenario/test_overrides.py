"""--set: any value, typed as in the file, with errors that name the path."""

from __future__ import annotations

from pathlib import Path

import pytest

from greensched.core.errors import ConfigError
from greensched.scenario.load import load
from greensched.scenario.overrides import parse_path
from greensched.scenario.workload import SyntheticWorkload
from tests.scenario.build import write


def test_paths() -> None:
    assert parse_path("workload.jobs") == ("workload", "jobs")
    assert parse_path("datacenters[0].hosts[1].count") == ("datacenters", 0, "hosts", 1, "count")
    for bad in ("", "a..b", "a[x]", "a.[0]"):
        with pytest.raises(ConfigError, match="not a path"):
            parse_path(bad)


def test_values_change_and_keep_their_type(tmp_path: Path) -> None:
    overrides = [
        "workload.jobs=7",
        "seed=0",
        "horizon=90 min",
        "datacenters[1].pue=1.25",
        "datacenters[0].hosts[0].count=9",
        "network.rtt=distance",
        "baseline=null",
        "policy={name: lowest-carbon}",
    ]
    scenario = load(write(tmp_path), overrides).scenario
    assert isinstance(scenario.workload, SyntheticWorkload)
    assert scenario.workload.jobs == 7
    assert scenario.seed == 0
    assert scenario.horizon == 5_400_000_000
    assert scenario.datacenters[1].pue is not None
    assert scenario.datacenters[1].pue.model_dump() == {"model": "static", "value": 1.25}
    assert scenario.datacenters[0].hosts[0].count == 9
    assert scenario.baseline is None
    assert scenario.policy.name == "lowest-carbon"


def test_parts_may_replace_a_plain_value(tmp_path: Path) -> None:
    path = write(tmp_path)
    overrides = ["datacenters[0].pue=1.2", "datacenters[0].pue.model=load", "datacenters[0].pue.fixed_w=10"]
    scenario = load(path, [*overrides, "datacenters[0].pue.slope=1.1"]).scenario
    assert scenario.datacenters[0].pue is not None
    assert scenario.datacenters[0].pue.model_dump() == {"model": "load", "fixed_w": 10, "slope": 1.1}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("workload.jbos=5", r"--set workload\.jbos  workload\.jbos: unknown key 'jbos'.*did you mean 'jobs'"),
        (
            "workload.jobs=many",
            r"--set workload\.jobs  workload\.jobs: wrong type, expected a whole number, got 'many'",
        ),
        ("workload.jobs=5.5", "expected a whole number"),
        ("worklaod.jobs=5", "unknown key 'worklaod'.*did you mean 'workload'"),
        ("datacenters[7].pue=1", "datacenters has 2 items, no item 7"),
        ("datacentres[0].pue=1", "no list datacentres.*did you mean 'datacenters'"),
        ("datacenters.pue=1.1", "datacenters is a list, it has no key 'pue'"),
        ("workload.jobs", "expected path=value"),
        ("horizon=5", "expected a duration with a unit"),
        ("seed=[1", "not a YAML value"),
    ],
)
def test_wrong_overrides(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(write(tmp_path), [override])
