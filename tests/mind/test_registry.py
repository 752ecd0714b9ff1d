"""Names, options and plug-ins of one's own: found, or refused with what to do."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from greensched.core import registry
from greensched.core.contracts import predictor_for, requires_of
from greensched.core.errors import ConfigError, GreenSchedError, UnknownNameError
from greensched.policies.local_only import LocalOnlyPolicy
from greensched.predictors.analytic import AnalyticPredictor

OWN = """
from greensched.predictors.analytic import AnalyticPredictor

class Mine(AnalyticPredictor):
    name = "mine"

class NotOne:
    pass
"""


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({}, "policy: no 'name'. Known: greensched, local-only"),
        ({"name": "greenshed"}, "no policy 'greenshed'. Did you mean 'greensched'"),
        ({"name": "greensched", "carbon_wieght": 1}, "no option of policy 'greensched' 'carbon_wieght'. Did you mean"),
        ({"name": "greensched", "carbon_weight": -1}, "'carbon_weight': expected at least 0, got -1"),
        ({"name": "greensched", "carbon_weight": "much"}, "'carbon_weight': expected a number, got 'much'"),
        ({"name": "greensched", "carbon_weight": float("nan")}, "expected a finite number"),
        (
            {"name": "greensched", "ahead": 12, "sla": "Hard", "defer": 1},
            "option of policy 'greensched' 'ahead'.*; .*'sla': expected one of soft, hard.*; .*'defer': expected",
        ),
        ({"name": "greensched", "carbon_weight": True}, "expected a number, got True"),
        ({"name": "greensched", "defer": 1}, "'defer': expected true or false, got 1"),
        ({"name": "greensched", "intensity": "tomorrow"}, "expected one of forecast, now, got 'tomorrow'"),
        ({"name": "greensched", "defer_saving_frac": 2.0}, r"expected a fraction in \(0, 1\), got 2.0"),
        ({"name": "local-only", "alpha": 1}, "no option of policy 'local-only' 'alpha'"),
        ({"name": "local-only", "predictor": "analytic"}, "'local-only' uses no predictor"),
        ({"name": "greensched", "predictor": "anallytic"}, "no predictor 'anallytic'. Did you mean 'analytic'"),
        ({"name": "greensched", "predictor": 3}, "expected a name or a mapping with 'name', got 3"),
        ({"name": "greensched", "predictor": {"name": "analytic", "speed": 2}}, "no option of predictor 'analytic'"),
        ({"name": "greensched", "predictor": {"name": "analytic", "typical_run_s": 0}}, "expected more than 0, got 0"),
        ({"name": "greensched", "predictor": {"name": "analytic", "cpu_utilisation_frac": 2}}, r"fraction in \(0, 1\]"),
        ({"name": "nowhere:Policy"}, "cannot import 'nowhere'"),
        ({"name": "own:Missing"}, "no policy in module own 'Missing'"),
        ({"name": "own:NotOne"}, "policy 'own:NotOne'"),
        ({"name": "greensched", "predictor": "own:NotOne"}, "NotOne has no name, version, start, predict"),
        ({"name": "greensched", "predictor": "broken:X"}, "broken.py failed to load: ZeroDivisionError"),
        ({"name": 7}, "expected text, got 7"),
    ],
)
def test_what_is_wrong_is_said(block: dict[str, Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "broken.py").write_text("1 / 0")
    with pytest.raises(ConfigError, match=message):
        registry.policy_from_block(block, tmp_path)
    assert registry.problems(block, tmp_path)


def test_all_problems_of_a_block_at_once() -> None:
    found = registry.problems({"name": "greensched", "alpha": 1, "predictor": "oracel"})
    assert len(found) == 2
    assert registry.problems({"name": "greensched", "predictor": "oracle", "carbon_weight": 2}) == []


def test_a_file_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text(OWN)  # a name of the standard library, which stays what it was
    policy, predictor = registry.policy_from_block(
        {"name": "greensched", "predictor": "random:Mine", registry.FOLDER_KEY: str(tmp_path)}
    )
    assert predictor is not None
    assert predictor.name == "mine"
    assert policy.predictor is predictor  # type: ignore[attr-defined]
    import random

    assert random.randint(1, 1) == 1


def test_a_model_is_looked_for_beside_the_scenario_and_in_the_current_directory_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario, here = tmp_path / "scenario", tmp_path / "here"
    for folder in (scenario / "a", here / "b", tmp_path / "secret"):
        folder.mkdir(parents=True)
    (scenario / "link").symlink_to(tmp_path / "secret")
    monkeypatch.chdir(here)
    for model, found in (
        ("a", scenario / "a"),
        ("b", here / "b"),
        ("c", scenario / "c"),
        (str(here / "b"), here / "b"),
    ):
        with pytest.raises(GreenSchedError, match=re.escape(f"no model at {found} ")):
            registry.make_predictor("xgboost", {"model": model}, scenario)
    for model in ("../secret", "../../../etc", "/etc", "link", "a/../../secret", "a\0", ""):
        with pytest.raises(ConfigError, match=r"'model': '.*' leads out of .*scenario and .*here"):
            registry.make_predictor("xgboost", {"model": model}, scenario)


def test_what_a_predictor_may_require() -> None:
    predictor = AnalyticPredictor()
    assert requires_of(predictor) == frozenset()
    predictor.requires = "truth"  # type: ignore[attr-defined]
    assert requires_of(predictor) == {"truth"}
    predictor.requires = {"truth", "wisdom"}  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match=r"'analytic': requires \['wisdom'\]; known: 'truth'"):
        requires_of(predictor)


def test_which_predictor_a_policy_gets() -> None:
    class Silent:
        """Says nothing about predictors."""

    assert predictor_for(Silent, None) is None
    assert predictor_for(Silent, "oracle") == "oracle"
    assert predictor_for(registry.load("policy", "greensched"), None) == "analytic"
    assert predictor_for(registry.load("policy", "greensched"), "oracle") == "oracle"
    assert predictor_for(registry.load("policy", "local-only"), None) is None


def test_an_importable_module(tmp_path: Path) -> None:
    made = registry.make_predictor("greensched.predictors.analytic:AnalyticPredictor", {"typical_run_s": 60.0})
    assert isinstance(made, AnalyticPredictor)


def test_entry_points_of_installed_distributions(monkeypatch: pytest.MonkeyPatch) -> None:
    good = EntryPoint("their-own", "greensched.policies.local_only:LocalOnlyPolicy", "greensched.policies")
    bad = EntryPoint("gone", "no_such_module:Policy", "greensched.policies")
    monkeypatch.setattr(registry, "entry_points", lambda group: [good, bad] if group == good.group else [])
    assert "their-own" in registry.names("policy")
    assert "their-own" not in registry.names("predictor")
    assert isinstance(registry.policy_from_block({"name": "their-own"})[0], LocalOnlyPolicy)
    with pytest.raises(ConfigError, match=r"policy 'gone' \(no_such_module:Policy\) cannot be loaded"):
        registry.load("policy", "gone")
    with pytest.raises(UnknownNameError, match="Did you mean 'their-own'"):
        registry.load("policy", "their-ow")


def test_importing_the_registry_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    heavy = "[m for m in ('xgboost', 'pandas', 'pyarrow') if m in sys.modules]"
    code = f"import sys, greensched.core.registry; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
