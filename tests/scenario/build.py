"""Small scenario files for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

MINIMAL: dict[str, Any] = {
    "greensched": 1,
    "name": "test",
    "start": "2022-06-06T00:00:00Z",
    "horizon": "6h",
    "drain": "2h",
    "policy": {"name": "local-only"},
    "datacenters": [
        {"name": "frankfurt", "zone": "DE", "hosts": [{"type": "epyc-2021", "count": 2}]},
        {"name": "tokyo", "zone": "JP-TK", "hosts": [{"type": "xeon-2019", "count": 1}]},
    ],
    "workload": {"source": "synthetic", "jobs": 200},
}


def write(folder: Path, **changes: Any) -> Path:
    """A scenario file with some top-level keys changed; a value of ``...`` removes the key."""
    content = {k: v for k, v in (MINIMAL | changes).items() if v is not ...}
    path = folder / "s.yml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def text(folder: Path, content: str) -> Path:
    """A scenario file from literal text."""
    path = folder / "s.yml"
    path.write_text(content, encoding="utf-8")
    return path
