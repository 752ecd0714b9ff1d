"""What is generated from the models is current and complete."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from greensched.core import registry
from greensched.policies.greensched import GreenSchedOptions
from greensched.scenario import plugins
from greensched.scenario.reference import json_schema, markdown
from greensched.scenario.schema import Scenario
from greensched.scenario.yaml_lines import read

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "scenarios").glob("*.yml"))


def test_the_reference_page_is_current() -> None:
    page = (ROOT / "docs" / "scenario-reference.md").read_text(encoding="utf-8")
    assert page == markdown() + "\n", "run: greensched schema --reference > docs/scenario-reference.md"


def test_every_key_has_a_meaning_and_a_readable_type() -> None:
    rows = [line for line in markdown().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    for row in rows:
        cells = [c.strip() for c in row.strip("|").replace("\\|", "/").split("|")]
        assert all(cells), f"an empty cell in {row}"
        assert "typing" not in row
        assert "pydantic" not in row
        assert "<class" not in row


def _objects(schema: Any) -> list[dict[str, Any]]:
    found = []
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            found.append(schema)
        for value in schema.values():
            found += _objects(value)
    elif isinstance(schema, list):
        for value in schema:
            found += _objects(value)
    return found


def test_the_json_schema_is_strict_and_described() -> None:
    schema = json_schema()
    json.dumps(schema)
    objects = _objects(schema)
    assert len(objects) > 15
    for entry in objects:
        assert entry.get("additionalProperties") is (entry["title"] in ("Policy", "Predictor"))
        for name, key in entry["properties"].items():
            assert key.get("description"), f"{entry['title']}.{name} has no description"
            if key.get("type") == "string" and key.get("default") is not None:
                assert isinstance(key["default"], str)


def _case(where: dict[str, Any], name: str) -> dict[str, Any]:
    """What the schema demands of a plug-in called ``name``; nothing where it knows none of that name."""
    cases = [c for c in where["allOf"] if c["if"]["properties"]["name"] == {"const": name}]
    assert len(cases) <= 1
    then: dict[str, Any] = cases[0]["then"] if cases else {}
    return then


def test_the_json_schema_knows_the_options_of_every_built_in_plug_in() -> None:
    schema = json_schema()
    policy, predictor = schema["$defs"]["Policy"], schema["$defs"]["Predictor"]
    kinds: tuple[tuple[registry.Kind, dict[str, Any]], ...] = (("policy", policy), ("predictor", predictor))
    for kind, where in kinds:
        assert where["properties"]["name"]["anyOf"] == [{"enum": registry.built_in(kind)}, {"type": "string"}]
        assert len(where["allOf"]) == len(registry.built_in(kind))
        for name in registry.built_in(kind):
            then = _case(where, name)
            assert then["additionalProperties"] is False and then["properties"]["name"] is True
            for option in plugins.options(registry.load(kind, name)):
                assert len(then["properties"][option.name]["description"]) > 20, option
        assert _case(where, "module:Own") == {}  # a plug-in of others has the options that it likes
        assert where["additionalProperties"] is True
    options = _case(policy, "greensched")["properties"]
    assert {f.name for f in dataclasses.fields(GreenSchedOptions)} | {"name", "predictor", "learning"} == set(options)
    assert (options["carbon_weight"]["type"], options["carbon_weight"]["default"]) == ("number", 1.0)
    assert (options["defer"]["type"], options["intensity"]["enum"]) == ("boolean", ["forecast", "now"])
    assert _case(predictor, "analytic")["properties"]["typical_run_s"]["default"] == 3600.0
    assert _case(predictor, "xgboost")["required"] == ["model"]
    assert {"$ref": "#/$defs/Predictor"} in policy["properties"]["predictor"]["anyOf"]


def test_the_json_schema_allows_a_bare_number_as_pue() -> None:
    kinds = json_schema()["$defs"]["Datacenter"]["properties"]["pue"]["anyOf"]
    assert {"type": "number", "minimum": 1.0, "maximum": 5.0} in kinds


def _refused(scenario: dict[str, Any]) -> list[str]:
    """What an editor would underline: where, and what is wrong there."""
    schema = json.loads(json.dumps(json_schema()))
    Draft202012Validator.check_schema(schema)
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(scenario)]


def _shipped(path: Path) -> dict[str, Any]:
    raw, _, problems = read(path)
    assert problems.problems == []
    return dict(raw)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_are_valid_by_the_json_schema(path: Path) -> None:
    assert _refused(_shipped(path)) == []


def test_the_json_schema_refuses_typos() -> None:
    scenario = _shipped(ROOT / "scenarios" / "demo.yml")
    scenario["horizn"] = scenario.pop("horizon", "1d")
    assert any(said.startswith("$: ") and "'horizn' was unexpected" in said for said in _refused(scenario))
    scenario = _shipped(ROOT / "scenarios" / "demo.yml")
    scenario["policy"] = {"name": "greensched", "carbn_weight": 2.0}
    assert any(said.startswith("$.policy: ") and "'carbn_weight'" in said for said in _refused(scenario))


@pytest.mark.parametrize("name", ["demo", "minimal", "real-10dc-2022"])
def test_shipped_scenarios_survive_a_round_trip(name: str) -> None:
    raw, _, problems = read(ROOT / "scenarios" / f"{name}.yml")
    assert problems.problems == []
    scenario = Scenario.model_validate(raw)
    again = Scenario.model_validate(yaml.safe_load(json.dumps(scenario.model_dump(mode="json", exclude_none=True))))
    assert again.model_copy(update={"baseline": scenario.baseline}) == scenario


def test_every_option_of_a_policy_is_documented_with_its_default() -> None:
    page = markdown().partition("### policy `greensched`")[2]
    for field in dataclasses.fields(GreenSchedOptions):
        row = next(line for line in page.splitlines() if line.startswith(f"| `{field.name}` |"))
        assert f"`{str(field.default).lower()}`" in row
        assert len(row.split("|")[4].strip()) > 20, row
    assert "| `typical_run_s` | number | `3600.0` | run time in s" in page
