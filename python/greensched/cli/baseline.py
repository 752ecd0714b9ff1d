"""The baseline run: the same input, seed and luck under another policy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from greensched.core.registry import FOLDER_KEY
from greensched.results import metadata

FOLDER = "baseline"


def make_baseline_folder(folder: Path, policy: str) -> Path:
    """Make ``folder``/baseline: the input of ``folder``, hard-linked where possible, with only the policy changed.

    Returns:
        The new run folder; an older one is replaced.
    """
    target = folder / FOLDER
    if target.exists():
        shutil.rmtree(target)
    (target / "input").mkdir(parents=True)
    for source in sorted((folder / "input").iterdir()):
        if source.name != "run.json" and source.is_file():
            _link(source, target / "input" / source.name)
    config = metadata.read_json(folder / "input" / "run.json")
    block = {"name": policy}
    if FOLDER_KEY in config["policy"]:  # where the scenario's own plug-ins lie
        block[FOLDER_KEY] = config["policy"][FOLDER_KEY]
    config |= {"policy": block, "run_id": f"{config['run_id']}-{policy}", "privileged": False}
    metadata.write_json(target / "input" / "run.json", config)
    metadata.begin(target, baseline_of=folder.resolve().name, config=config, seed=config["seed"])
    metadata.update(target, config=config)
    return target


def _link(source: Path, target: Path) -> None:
    """Hard link, or copy across file systems; permissions (0600 of the hidden part) stay either way."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
