"""What is wrong with the policy block is said before a run, and blamed on who wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from greensched.scenario.load import load
from greensched.scenario.problems import ScenarioError
from tests.scenario.build import write


def test_a_predictor_that_needs_the_truth_needs_the_privilege(tmp_path: Path) -> None:
    policy = {"name": "greensched", "predictor": "oracle"}
    with pytest.raises(ScenarioError, match=r"policy\.predictor: 'oracle' needs the truth; set `privileged: true`"):
        load(write(tmp_path, policy=policy))
    load(write(tmp_path, policy=policy, privileged=True))


def test_what_an_option_broke_is_blamed_on_the_option(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"--set policy\.carbon_weihgt .*carbon_weihgt"):
        load(write(tmp_path, policy={"name": "greensched"}), ["policy.carbon_weihgt=2"])


def test_a_block_that_an_option_replaced_is_not_blamed_on_the_line_that_it_replaced(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"--set policy  policy\.name: .*did you mean 'lowest-carbon'"):
        load(write(tmp_path, policy={"name": "greensched"}), ["policy.carbon_weight=2", "policy={name: lowest-carbn}"])
