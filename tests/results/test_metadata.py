"""metadata.json is written first, replaced whole, and never claims more than is known."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from greensched.core.errors import DataError
from greensched.results import metadata


def test_it_says_running_first_and_then_the_end(tmp_path: Path) -> None:
    metadata.begin(tmp_path, command=["x"])
    first = json.loads((tmp_path / "metadata.json").read_text())
    assert first["status"] == "running" and first["ended_utc"] is None
    assert first["versions"]["python"] and first["versions"]["numpy"]
    metadata.update(tmp_path, seed=7)
    assert json.loads((tmp_path / "metadata.json").read_text())["ended_utc"] is None
    metadata.update(tmp_path, status="completed")
    last = json.loads((tmp_path / "metadata.json").read_text())
    assert (last["status"], last["seed"], last["command"]) == ("completed", 7, ["x"])
    assert last["ended_utc"] is not None


def test_a_failing_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    metadata.begin(tmp_path)
    before = (tmp_path / "metadata.json").read_bytes()
    with pytest.raises(ValueError, match="Out of range float"):
        metadata.update(tmp_path, bad=float("nan"))
    assert (tmp_path / "metadata.json").read_bytes() == before
    assert os.listdir(tmp_path) == ["metadata.json"]


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text("{")
    with pytest.raises(DataError, match=r"metadata\.json: cannot be read as JSON"):
        metadata.read(tmp_path)


def test_versions_of_the_world_come_from_the_jar(world_jar: Path) -> None:
    versions = metadata.world_versions(world_jar)
    assert versions == {"greensched_sim": "0.1.0", "cloudsimplus": "8.5.7"}
