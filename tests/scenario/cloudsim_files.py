"""Small CloudSim files for tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.frames import read_frame
from greensched.scenario.prepare import Prepared, prepare

HOST = "{pes: 8, mips: 2000, ram: 32000, vmScheduler: SpaceShared, maxPower: 200, staticPowerPercent: 0.5}"
VM = "{pes: 2, mips: 1000, ram: 2000, cloudletScheduler: SpaceShared}"
CLOUDLET = "{pes: 1, length: 10000}"
PLAIN = f"""\
datacenters:
  - !datacenter
    hosts:
      - !host {HOST}
customers:
  - !customer
    vms:
      - !vm {VM}
    cloudlets:
      - !cloudlet {CLOUDLET}
"""


@dataclass
class Input:
    """What prepare wrote, as plain columns."""

    prepared: Prepared
    run: dict[str, Any]
    tasks: dict[str, Any]
    vms: dict[str, Any]
    cloudlets: dict[str, Any]

    @property
    def warnings(self) -> str:
        return "\n".join(self.prepared.warnings)


def file(folder: Path, text: str, name: str = "cloud.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def prepared(folder: Path, text: str, *overrides: str, **options: Any) -> Input:
    """Prepare the text of a file; its input as columns."""
    out = folder / f"run{len(list(folder.glob('run*')))}"
    done = prepare(file(folder, text), out, list(overrides), **options)
    hidden = read_frame(out / "input" / "hidden.gsf")
    return Input(
        done,
        json.loads((out / "input" / "run.json").read_text()),
        _columns(read_frame(out / "input" / "tasks.gsf").table("tasks")),
        _columns(hidden.table("vms")),
        _columns(hidden.table("cloudlets")),
    )


def _columns(table: Any) -> dict[str, Any]:
    return {k: v.tolist() if isinstance(v, np.ndarray) else list(v) for k, v in table.items()}
