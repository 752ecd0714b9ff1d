"""Our own keys for a CloudSim file: under ``greensched:`` in the file itself, or in a second file.

They become parts of a scenario and are validated as such, so that an error here reads like one there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from greensched.core.errors import ConfigError
from greensched.scenario.cloudsim.document import OUR_KEY
from greensched.scenario.cloudsim.nodes import Items, Mapping, Node, Scalar, documents, plain
from greensched.scenario.problems import Collector, did_you_mean
from greensched.scenario.problems import Path as Path_
from greensched.scenario.schema import Scenario

_TAKEN = {
    "greensched": "no key of its own here",
    "host_types": "the file's own hosts are the host types",
    "workload": "the file's customers are the workload; their deadlines go under the key deadlines",
}
KEYS = sorted({*Scenario.model_fields, "customers", "deadlines", "version"} - set(_TAKEN))


def sidecar_of(path: Path, given: Path | None) -> Path | None:
    """The second file: the one given, else ``<stem>.greensched.yml`` beside the first if there is one."""
    if given is not None:
        return given
    beside = path.with_name(f"{path.stem}.greensched.yml")
    return beside if beside.is_file() else None


def sidecar_root(path: Path, document: int) -> Mapping | None:
    """The keys of a second file: of its only document for all, else of the one with the same number.

    Raises:
        ConfigError: it cannot be read, or is no mapping.
    """
    roots = documents(path)
    if not roots:
        return None
    if len(roots) > 1 and document > len(roots):
        raise ConfigError(f"{path.name} has {len(roots)} documents, none for number {document}: give one, or one each")
    root = roots[0] if len(roots) == 1 else roots[document - 1]
    if isinstance(root, Mapping) and (inner := root.get(OUR_KEY)) is not None and not isinstance(inner, Scalar):
        root = inner  # written as it would be in the first file
    if not isinstance(root, Mapping):
        raise ConfigError(f"{path.name}:{root.line}  expected a mapping with keys such as start, policy, datacenters")
    return root


class Extension:
    """Writes our keys into a raw scenario and notes their lines."""

    def __init__(self, raw: dict[str, Any], problems: Collector, names: dict[str, list[int]]) -> None:
        """Extend ``raw``; ``names`` has the datacenters that a name stands for, by position."""
        self._raw = raw
        self._problems = problems
        self._names = names
        self._file = problems.places.file

    def take(self, node: Node, file: str) -> None:
        """Take over a block of our keys that stands in ``file``."""
        self._file = file
        if isinstance(node, Scalar) and node.empty:
            return
        if not isinstance(node, Mapping):
            self._problem((OUR_KEY,), node.line, "wrong type, expected a mapping with keys such as start, policy")
            return
        special: dict[str, Callable[[Node, int], None]] = {
            "datacenters": self._datacenters,
            "customers": self._customers,
        }
        for key, line, value in node.entries:
            if key in special:
                special[key](value, line)
            elif key == "deadlines":
                self._put(("workload", "deadlines"), line, value)
            elif key == "version":
                if plain(value, file) != 1:
                    self._problem((OUR_KEY, key), line, "unknown version, expected 1")
            elif key in _TAKEN or key not in KEYS:
                said = _TAKEN.get(key) or f"expected one of {', '.join(KEYS)}{did_you_mean(key, KEYS)}"
                self._problem((OUR_KEY, key), line, f"unknown key '{key}': {said}")
            else:
                self._put((key,), line, value)

    def _datacenters(self, node: Node, line: int) -> None:
        for name, at, value in self._entries("datacenters", node, line):
            places = self._names.get(name)
            if places is None:
                known = ", ".join(self._names)
                hint = did_you_mean(name, self._names)
                path = (OUR_KEY, "datacenters", name)
                self._problem(path, at, f"the file has no datacenter '{name}', expected one of {known}{hint}")
                continue
            for key, inner_line, inner in self._entries(name, value, at):
                for i in places:
                    if key in ("name", "hosts"):
                        self._problem(("datacenters", i, key), inner_line, "stands in the CloudSim file itself")
                    else:
                        self._put(("datacenters", i, key), inner_line, inner)

    def _customers(self, node: Node, line: int) -> None:
        for name, at, value in self._entries("customers", node, line):
            for key, inner_line, inner in self._entries(name, value, at):
                if key != "home":
                    self._problem((OUR_KEY, "customers", name, key), inner_line, "unknown key, expected home")
                else:
                    self._put(("workload", "homes", name), inner_line, inner)

    def _entries(self, name: str, node: Node, line: int) -> list[tuple[str, int, Node]]:
        if isinstance(node, Mapping):
            return node.entries
        if not (isinstance(node, Scalar) and node.empty):
            self._problem((OUR_KEY, name), line, "wrong type, expected a mapping")
        return []

    def _put(self, path: Path_, line: int, node: Node) -> None:
        """Write a value at a path of the scenario; a later file wins over an earlier one, key by key."""
        here: Any = self._raw
        for part in path[:-1]:
            here = here[part] if isinstance(part, int) else here.setdefault(part, {})
        value = plain(node, self._file)
        old = here.get(path[-1])
        here[path[-1]] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
        self._note(path, line)
        self._lines(path, node)

    def _lines(self, path: Path_, node: Node) -> None:
        if isinstance(node, Mapping):
            for key, line, value in node.entries:
                self._note((*path, key), line)
                self._lines((*path, key), value)
        elif isinstance(node, Items):
            for i, item in enumerate(node.items):
                self._note((*path, i), item.line)
                self._lines((*path, i), item)

    def _note(self, path: Path_, line: int) -> None:
        self._problems.places.lines[path] = line
        self._problems.places.elsewhere[path] = self._file

    def _problem(self, path: Path_, line: int, message: str) -> None:
        self._note(path, line)
        self._problems.add(path, message)
