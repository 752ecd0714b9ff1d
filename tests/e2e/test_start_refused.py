"""A scenario whose policy or predictor cannot work ends at once; it is not simulated by the fallback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from greensched_bridge.launch import WorldError
from tests.worlds import Site, Task, host, play, write_world


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ({"name": "greensched", "predictor": "oracle"}, "set `privileged: true`"),
        ({"name": "lowest-carbn"}, "Did you mean 'lowest-carbon'?"),
        ({"name": "greensched", "carbon_wieght": 1}, "carbon_weight"),
    ],
)
def test_the_run_is_aborted_with_the_reason(tmp_path: Path, policy: dict[str, Any], says: str) -> None:
    site = Site("a", [host()], [100])
    folder = write_world(tmp_path / "w", [site], [Task(0, 60)], hours=1, policy=policy, on_mind_failure="fallback")
    with pytest.raises(WorldError) as refused:
        play(folder)
    status = json.loads((folder / "world" / "world.json").read_text())
    assert (refused.value.exit_code, status["status"]) == (1, "aborted")
    assert says in status["reason"]
    assert "Traceback" not in str(refused.value)
