"""Our own keys for a CloudSim file: under ``greensched:`` in the file itself, or in a second file.

They become parts of a scenario and are validated as such, so that an error here reads like one there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from greensched.core.errors import ConfigError
from greensched.scenario.cloudsim import naming
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
_MOST_BYTES = 4_000_000  # of a file that is looked at
KEYS = sorted({*Scenario.model_fields, "customers", "deadlines", "version"} - set(_TAKEN))


def sidecar_of(path: Path, given: Path | None) -> Path | None:
    """The second file: the one given, else ``<stem>.greensched.yml`` beside the first if there is one."""
    if given is not None:
        return given
    beside = path.with_name(f"{path.stem}.greensched.yml")
    return beside if beside.is_file() else None


def refuse_second(path: Path, roots: list[Node] | None) -> None:
    """Refuse a second file that was taken for a scenario.

    Args:
        path: the file.
        roots: its documents, if they have been read.

    Raises:
        ConfigError: it has keys for a CloudSim file and nothing to run.
    """
    if roots is None:
        try:
            roots = documents(path) if path.is_file() and path.stat().st_size < _MOST_BYTES else []
        except ConfigError:
            return  # said by whoever reads it as a scenario
    if roots and _is_second(roots[0]):
        raise ConfigError(
            f"{path.name}:{roots[0].line}  this is a second file, with keys for a CloudSim file and nothing to run; "
            f"run the CloudSim file, with --with {path}"
        )


def _is_second(root: Node) -> bool:
    """Whether a document has no lists of datacenters and customers, but our keys for them."""
    if not isinstance(root, Mapping):
        return False
    version, parts = root.get(OUR_KEY), [root.get(key) for key in ("datacenters", "customers")]
    if isinstance(version, Scalar) and not version.empty:
        return False  # that of a scenario
    if any(isinstance(part, Mapping) and _by_name(part) for part in parts):
        return not any(isinstance(part, Items) for part in parts)
    names = [key for key, _, _ in root.entries]
    return all(part is None for part in parts) and bool(names) and set(names) <= {*KEYS, OUR_KEY}


def _by_name(part: Mapping) -> bool:
    return all(
        isinstance(value, Mapping) or (isinstance(value, Scalar) and value.empty) for _, _, value in part.entries
    )


@dataclass(frozen=True)
class Second:
    """The part of a second file that is about one document.

    Attributes:
        root: the keys.
        own: whether it is about no other document.
        prefix: where it lies in its file.
    """

    root: Mapping
    own: bool
    prefix: Path_ = ()


def sidecar_root(path: Path, document: int, count: int, first: Path) -> Second | None:
    """The keys of a second file: of its only document for all of the first, else of the one with the same number.

    Raises:
        ConfigError: it cannot be read, is no mapping, or has neither one document nor the ``count`` of the first.
    """
    roots = documents(path)
    if not roots:
        return None
    if len(roots) > 1 and len(roots) != count:
        raise ConfigError(
            f"{path.name} has {len(roots)} documents, {first.name} has {count}: expected one for all, or one for each"
        )
    root = roots[0] if len(roots) == 1 else roots[document - 1]
    prefix: Path_ = ()
    if isinstance(root, Mapping) and (inner := root.get(OUR_KEY)) is not None and not isinstance(inner, Scalar):
        root, prefix = inner, (OUR_KEY,)  # written as it would be in the first file
    if not isinstance(root, Mapping):
        raise ConfigError(f"{path.name}:{root.line}  expected a mapping with keys such as start, policy, datacenters")
    return Second(root, len(roots) == count, prefix)


class Extension:
    """Writes our keys into a raw scenario and notes their lines."""

    def __init__(self, raw: dict[str, Any], problems: Collector, names: naming.Named) -> None:
        """Extend ``raw``; ``names`` are those of its document."""
        self._raw = raw
        self._problems = problems
        self._names = names
        self._file = problems.places.file
        self._prefix: Path_ = (OUR_KEY,)
        self._others: Callable[[], list[naming.Named]] = list

    def take(
        self,
        node: Node,
        file: str,
        prefix: Path_ = (OUR_KEY,),
        others: Callable[[], list[naming.Named]] = list,
    ) -> None:
        """Take over a block of our keys.

        Args:
            node: the block.
            file: where it stands.
            prefix: and under which keys.
            others: reads the names of other documents that the block is about as well.
        """
        self._file, self._prefix, self._others = file, prefix, cache(others)
        if isinstance(node, Scalar) and node.empty:
            return
        if not isinstance(node, Mapping):
            self._problem((), node.line, "wrong type, expected a mapping with keys such as start, policy")
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
                    self._problem((key,), line, "unknown version, expected 1")
            elif key in _TAKEN or key not in KEYS:
                said = _TAKEN.get(key) or f"expected one of {', '.join(KEYS)}{did_you_mean(key, KEYS)}"
                self._problem((key,), line, f"unknown key '{key}': {said}")
            else:
                self._put((key,), line, value)

    def _datacenters(self, node: Node, line: int) -> None:
        known = self._names.datacenters
        for name, at, value in self._known("datacenter", known, node, line):
            for key, inner_line, inner in self._entries(("datacenters", name), value, at):
                for i in known[name]:
                    if key in ("name", "hosts"):
                        self._problem(("datacenters", name, key), inner_line, "stands in the CloudSim file itself")
                    else:
                        self._put(("datacenters", i, key), inner_line, inner)

    def _customers(self, node: Node, line: int) -> None:
        for name, at, value in self._known("customer", self._names.customers, node, line):
            for key, inner_line, inner in self._entries(("customers", name), value, at):
                if key != "home":
                    self._problem(("customers", name, key), inner_line, "unknown key, expected home")
                else:
                    self._home(name, inner, inner_line)

    def _home(self, customer: str, node: Node, line: int) -> None:
        """A home under the name that the world has for it."""
        path, asked = ("customers", customer, "home"), plain(node, self._file)
        if not isinstance(asked, str):
            self._problem(path, line, "wrong type, expected the name of a datacenter")
            return
        places = self._names.datacenters.get(asked)
        names = [self._raw["datacenters"][i]["name"] for i in places or ()]
        names = [asked] if asked in names else names
        if not names:
            self._problem(path, line, naming.expected("datacenter", asked, self._names.datacenters))
        elif len(names) > 1:
            self._problem(path, line, f"'{asked}' is {len(names)} datacenters, expected one of {', '.join(names)}")
        else:
            self._put(("workload", "homes", customer), line, Scalar(line, None, names[0], plain=False))

    def _known(self, kind: str, known: dict[str, list[int]], node: Node, line: int) -> list[tuple[str, int, Node]]:
        """The entries whose names this document knows; what stands for less comes later and so wins."""
        good = []
        for name, at, value in self._entries((f"{kind}s",), node, line):
            if name in known:
                good.append((name, at, value))
                continue
            others = [getattr(other, f"{kind}s") for other in self._others()]
            if not any(name in other for other in others):
                names = dict.fromkeys(text for each in (known, *others) for text in each)
                self._problem((f"{kind}s", name), at, naming.expected(kind, name, names))
        return sorted(good, key=lambda entry: -len(known[entry[0]]))

    def _entries(self, path: Path_, node: Node, line: int) -> list[tuple[str, int, Node]]:
        if isinstance(node, Mapping):
            return node.entries
        if not (isinstance(node, Scalar) and node.empty):
            self._problem(path, line, "wrong type, expected a mapping")
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
        """A problem of the block itself: the path is that of its file."""
        path = (*self._prefix, *path)
        self._note(path, line)
        self._problems.add(path, message)
