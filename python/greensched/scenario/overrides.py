"""``--set a.b[0].c=value``: change any value of a scenario before it is validated."""

from __future__ import annotations

import re
from typing import Any

from greensched.core.errors import ConfigError
from greensched.scenario.problems import Path, Places, did_you_mean, path_text
from greensched.scenario.yaml_lines import parse_scalar

_PART = re.compile(r"([A-Za-z0-9_-]+)((?:\[[0-9]+\])*)")


def parse_path(text: str) -> Path:
    """The parts of a path: ``a.b[0].c`` as ("a", "b", 0, "c")."""
    path: list[str | int] = []
    for part in text.split("."):
        match = _PART.fullmatch(part)
        if match is None:
            raise ConfigError(f"--set {text}: not a path such as workload.jobs or datacenters[0].pue")
        path.append(match[1])
        path.extend(int(i) for i in re.findall(r"\[([0-9]+)\]", match[2]))
    return tuple(path)


def apply(data: Any, overrides: list[str], places: Places) -> Any:
    """Apply overrides in order to raw scenario data (changed in place and returned).

    Missing mappings on the way are created; whether the key exists is for validation to say, which knows all keys.

    Raises:
        ConfigError: not of the form path=value, or the path goes through a value that has no parts.
    """
    for override in overrides:
        target, equals, text = override.partition("=")
        if not equals:
            raise ConfigError(f"--set {override}: expected path=value, for example workload.jobs=1000")
        path = parse_path(target.strip())
        value = parse_scalar(text)
        places.override(path, target.strip())
        _put(data, path, value, target.strip())
    return data


def _put(data: Any, path: Path, value: Any, text: str) -> None:
    here = data
    for depth, part in enumerate(path[:-1]):
        here = _child(here, part, path[: depth + 1], text, create=not isinstance(path[depth + 1], int))
    last = path[-1]
    if isinstance(last, int):
        if not isinstance(here, list) or last > len(here):
            raise ConfigError(f"--set {text}: {path_text(path[:-1])} has {_size(here)}, no item {last}")
        here[last : last + 1] = [value]
    elif isinstance(here, dict):
        here[last] = value
    else:
        raise ConfigError(f"--set {text}: {path_text(path[:-1])} is {_describe(here)}, it has no key '{last}'")


def _child(here: Any, part: str | int, upto: Path, text: str, *, create: bool) -> Any:
    if isinstance(part, int):
        if isinstance(here, list) and part < len(here):
            return here[part]
        raise ConfigError(f"--set {text}: {path_text(upto[:-1])} has {_size(here)}, no item {part}")
    if not isinstance(here, dict):
        raise ConfigError(f"--set {text}: {path_text(upto[:-1])} is {_describe(here)}, it has no key '{part}'")
    if part not in here or here[part] is None:
        if not create:
            raise ConfigError(f"--set {text}: no list {path_text(upto)}{did_you_mean(part, here)}")
        here[part] = {}
    elif not isinstance(here[part], dict | list):
        # e.g. pue: 1.2 with --set ...pue.model=static: the parts replace the plain value
        here[part] = {}
    return here[part]


def _size(value: Any) -> str:
    return f"{len(value)} items" if isinstance(value, list) else "no items"


def _describe(value: Any) -> str:
    return "a list" if isinstance(value, list) else f"'{value}'"
