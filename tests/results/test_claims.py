"""Claims on a run folder, between real processes (locks of one process do not stand in its own way)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from greensched.core.errors import ConfigError
from greensched.results.claims import LOCK, claimed, refuse_live

HOLD = """
import sys
from pathlib import Path
from greensched.results.claims import claimed
with claimed(Path(sys.argv[1])) as folder:
    (folder / "metadata.json").write_text("{}")
    print("claimed", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "claimed\n"
        yield process
        process.kill()


def test_a_second_run_is_refused_and_the_first_untouched(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="another run has just begun"), claimed(tmp_path / "run"):
        pass
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [LOCK, "metadata.json"]


def test_live_until_its_process_ends(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="still running"):
        refuse_live(tmp_path / "run")
    holder.kill()
    holder.wait()
    refuse_live(tmp_path / "run")


def test_only_what_was_made_is_removed(tmp_path: Path) -> None:
    empty = tmp_path / "mine"
    empty.mkdir()
    for folder in (empty, tmp_path / "new"):
        with claimed(folder):
            assert (folder / LOCK).is_file()
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
