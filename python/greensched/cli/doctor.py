"""``greensched doctor``: what this installation can do, and how to get what it cannot."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from greensched.cli import codes
from greensched.cli.sources import lines
from greensched.core.errors import GreenSchedError

OPTIONAL = {"xgboost": "the xgboost predictor"}


def doctor(
    data: Annotated[Path | None, typer.Option("--data", metavar="DIR", help="A data folder to look at.")] = None,
) -> None:
    """Check Java, the jar, packages, data, sources of signals and base models; exit code 3 if no run is possible."""
    possible = all([_python(), _try("Java", _java), _try("world", _jar)])
    _packages()
    _data(data)
    for line in lines():
        print(f"  source     {line}")
    _base_models()
    print("ready to run" if possible else "not ready: see the lines marked with !")
    raise typer.Exit(codes.OK if possible else codes.NO_JAVA)


def _line(good: bool, what: str, detail: str) -> bool:
    print(f"{' ' if good else '!'} {what:<10} {detail}")
    return good


def _python() -> bool:
    version = ".".join(map(str, sys.version_info[:3]))
    return _line(True, "Python", f"{version} ({sys.executable})")


def _try(what: str, look: Callable[[], str]) -> bool:
    try:
        return _line(True, what, look())
    except GreenSchedError as error:
        return _line(False, what, str(error).replace("\n", "\n" + " " * 13))


def _java() -> str:
    from greensched_bridge.java import find_java, java_version

    java = find_java()
    return f"{java_version(java)} ({java})"


def _jar() -> str:
    from greensched.results.metadata import world_versions
    from greensched_bridge.java import find_jar

    jar = find_jar()
    versions = world_versions(jar)
    return f"greensched-sim {versions['greensched_sim']}, CloudSim Plus {versions['cloudsimplus']} ({jar})"


def _packages() -> None:
    from greensched.results.metadata import versions

    found = versions()
    for name in ("numpy", "pandas", "pyarrow", "pydantic", "py4j"):
        _line(found[name] is not None, name, found[name] or "missing: pip install greensched")
    for name, use in OPTIONAL.items():
        version = found.get(name)
        print(f"  {name:<10} {version or f'not installed ({use} needs it: {_how(name)})'}")


def _base_models() -> None:
    from greensched.language import usable

    for line in usable.lines():
        print(f"  base model {line}")


def _how(extra: str) -> str:
    """How an optional part gets here: ./greensched installs it into the environment of its clone by itself."""
    if (Path(__file__).resolve().parents[3] / "greensched").is_file():
        return f"./greensched installs it when a command or its arguments name {extra}"
    return f"pip install greensched[{extra}]"


def _data(data: Path | None) -> None:
    folder = data or (Path(os.environ["GREENSCHED_DATA"]) if os.environ.get("GREENSCHED_DATA") else None)
    if folder is None:
        print("  data       none named; runs use synthetic signals and jobs (--data DIR for real ones)")
        return
    parts = ("grid", "prices", "weather", "network", "traces")
    there = [part for part in parts if (folder / part).exists()]
    _line(bool(there), "data", f"{folder}: {', '.join(there) if there else 'holds none of ' + ', '.join(parts)}")
