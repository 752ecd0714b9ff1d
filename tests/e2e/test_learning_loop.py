"""The loop in a real run: an update is promoted, the error falls, and both bridges decide alike."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import greensched
from greensched.learning.versions import ModelStore
from greensched.predictors.analytic import AnalyticPredictor
from tests.conftest import ROOT

pytest.importorskip("xgboost")
pytestmark = [pytest.mark.java, pytest.mark.usefixtures("world_jar")]


def scenario() -> dict[str, Any]:
    text = (ROOT / "docs" / "learning.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    found: dict[str, Any] = yaml.safe_load(block)
    found["start"] = "2022-07-04T00:00:00Z"
    return found


def test_a_run_learns_and_both_bridges_decide_alike(tmp_path: Path) -> None:
    one = greensched.simulate(scenario(), out=tmp_path / "one", bridge="jpype")
    two = greensched.simulate(scenario(), out=tmp_path / "two", bridge="py4j")
    static = greensched.simulate(scenario(), overrides={"policy.learning.update": None}, out=tmp_path / "static")
    assert one.summary["decision_log_sha256"] == two.summary["decision_log_sha256"]
    assert one.summary["decision_log_sha256"] != static.summary["decision_log_sha256"]
    assert one.decisions["propensity"].tolist() == two.decisions["propensity"].tolist()
    told = json.loads((tmp_path / "one" / "learning.json").read_text())
    assert told["swaps"] == json.loads((tmp_path / "two" / "learning.json").read_text())["swaps"]
    began_s = told["swaps"][0]["t_s"]
    update = told["updates"][0]
    assert began_s >= update["t_s"] + 300
    models = one.decisions.groupby("model", observed=True)["t_s"].agg(["min", "max"])
    physics = AnalyticPredictor.version
    assert models.loc[physics, "max"] < began_s <= models.drop(index=physics)["min"].min()

    # the error falls: the same placements' later windows, against the run whose model never changes
    def later(folder: str) -> float:
        d = pd.read_parquet(tmp_path / folder / "prequential.parquet")
        d = d[(d["kind"] == "all") & (d["begin_s"] >= began_s)]
        return float((d["energy_median_frac"] * d["reports"]).sum() / d["reports"].sum())

    assert later("one") < 0.8 * later("static")
    assert one.summary["learning"]["promoted"] >= 1
    assert static.summary["learning"]["updates"] == 0
    n_trained = one.summary["learning"]["updates"] - one.summary["learning"]["skipped"]
    n_decided = int((one.decisions["source"] == "mind").sum())
    kwh = (n_trained * 300 * 250 + n_decided * 0.002 * 60) / 3.6e6
    assert one.summary["scheduler_energy_kwh"] == pytest.approx(kwh)
    frankfurt = one.datacenters[one.datacenters["dc"] == "frankfurt"]["carbon_gpkwh"]
    assert kwh * frankfurt.min() < 1e3 * one.summary["scheduler_carbon_kg"] < kwh * frankfurt.max()
    assert json.loads((tmp_path / "one" / "metadata.json").read_text())["learning_measured"]
    page = (tmp_path / "one" / "report.html").read_text(encoding="utf-8")
    assert "Predictor error over time" in page
    assert update["version"] in page

    store = ModelStore(tmp_path / "one" / "models")
    assert store.serving() is not None
    assert len(store.versions()) == n_trained
    explored = one.decisions[one.decisions["propensity"] < 0.5]
    assert 20 < len(explored) < 120
