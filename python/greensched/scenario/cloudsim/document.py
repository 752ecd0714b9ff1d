"""One document of a CloudSim file: datacenters, customers and our own keys, typed, with every problem at its line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greensched.core.errors import ConfigError
from greensched.scenario.cloudsim import fields
from greensched.scenario.cloudsim.nodes import Items, Mapping, Node, Scalar, plain
from greensched.scenario.problems import Collector, did_you_mean
from greensched.scenario.problems import Path as Path_

_LISTS = {
    "datacenters": "datacenter",
    "datacenterRegistries": "datacenter",
    "customers": "customer",
    "customerRegistries": "customer",
}
_OLD_LISTS = ("datacenterRegistries", "customerRegistries")
OUR_KEY = "greensched"
_MOST_ENTRIES = 1_000_000  # of a document, aliases expanded
_MOST_PROBLEMS = 100  # nobody reads on; the rest comes after these are mended
_MOST_COPIES = {
    "datacenter": fields.MOST_DATACENTERS,
    "customer": fields.MOST_CUSTOMERS,
    "vm": fields.MOST,
    "cloudlet": fields.MOST,
}
_YAML_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!", None)


@dataclass
class Entry:
    """A datacenter or a customer: its values by field, and the rows of what it holds.

    ``rows`` are tuples in the order of ``fields.FIELDS`` of their kind: hosts, or VMs and cloudlets.
    """

    line: int
    values: dict[str, Any]
    rows: dict[str, list[tuple[Any, ...]]]
    ours: dict[str, tuple[int, Any]] = field(default_factory=dict)  # key -> its line, plain value
    lines: dict[str, list[int]] = field(default_factory=dict)  # of the rows


@dataclass
class Document:
    """What a document says; ``ours`` is the node of our own keys, if there is one."""

    datacenters: list[Entry]
    customers: list[Entry]
    ours: Node | None
    count: int
    """Documents of the file."""


def read(path: Path, roots: list[Node], number: int | None, problems: Collector, asked: str = "--document") -> Document:
    """Read a document.

    Args:
        path: the file.
        roots: its documents.
        number: which one, from 1; None: the only one.
        problems: gets every problem, and a warning for each key that is unknown or means nothing here.
        asked: where the number is given, for messages.

    Raises:
        ConfigError: the file has not that document, or too many datacenters, customers, VMs or cloudlets.
    """
    if not roots:
        raise ConfigError(f"{path.name}:1  the file is empty, expected datacenters and customers")
    if number is None and len(roots) > 1:
        raise ConfigError(f"{path.name} holds {len(roots)} scenarios; name one of them: {asked} 1 to {len(roots)}")
    number = 1 if number is None else number
    if not 1 <= number <= len(roots):
        held = f"{len(roots)} document{'s' if len(roots) > 1 else ''}"
        upto = f" to {len(roots)}" if len(roots) > 1 else ""
        raise ConfigError(f"{asked} {number}: {path.name} holds {held}, expected 1{upto}")
    return _Reader(path.name, problems).document(roots[number - 1], len(roots))


class _Reader:
    def __init__(self, file: str, problems: Collector) -> None:
        self._file = file
        self._problems = problems
        self._old = False
        self._entries = 0
        self._lookup = {kind: _lookup(kind) for kind in fields.FIELDS}
        self._unknown: dict[tuple[str, str], None] = {}
        self._unused: dict[str, int] = {}
        self._assumed: dict[str, int] = {}

    def document(self, root: Node, count: int) -> Document:
        """Everything in a document."""
        if not isinstance(root, Mapping):
            raise ConfigError(f"{self._file}:{root.line}  expected a mapping with the keys datacenters and customers")
        found: dict[str, list[Entry]] = {"datacenter": [], "customer": []}
        ours = None
        for key, line, value in root.entries:
            if key == OUR_KEY:
                ours = value
            elif key in _LISTS:
                self._old = key in _OLD_LISTS
                found[_LISTS[key]] += self._owners(key, _LISTS[key], value, line)
            else:
                self._note_unknown("document", key, line, (key,), [*_LISTS, OUR_KEY])
        given = {_LISTS[key] for key, _, _ in root.entries if key in _LISTS}
        for kind, entries in found.items():
            if kind not in given or (not entries and not self._problems.problems):
                self._add((f"{kind}s",), root.line, f"no {kind}s, expected a list of them under the key {kind}s")
            self._bound(kind, entries)
        self._warn()
        return Document(found["datacenter"], found["customer"], ours, count)

    def _bound(self, kind: str, entries: list[Entry]) -> None:
        """Refuses too many copies in all at once, before any has a name or takes memory."""
        totals = {inner: 0 for inner in fields.LISTS[kind].values() if inner in _MOST_COPIES} | {kind: 0}
        for i, entry in enumerate(entries):
            amount = entry.values["amount"]
            totals[kind] += amount
            for inner, rows in entry.rows.items():
                if inner in totals:
                    at = [f.name for f in fields.FIELDS[inner]].index("amount")
                    totals[inner] += amount * sum(row[at] for row in rows)
            for what, total in totals.items():
                if total > _MOST_COPIES[what]:
                    said = f"more than {_MOST_COPIES[what]:,} {what}s in all, expected fewer"
                    self._add((f"{kind}s", i), entry.line, said)
                    self._problems.raise_if_any()

    def _owners(self, key: str, kind: str, node: Node, line: int) -> list[Entry]:
        return [self._owner(kind, child, (key, i)) for i, child in enumerate(self._list(node, (key,), kind, line))]

    def _list(self, node: Node, path: Path_, kind: str, line: int) -> list[Mapping]:
        """The entries of a list; what is no mapping, or has the tag of something else, is a problem."""
        if isinstance(node, Scalar) and node.empty:
            return []
        if not isinstance(node, Items):
            self._add(path, line, f"wrong type, expected a list of {kind}s")
            return []
        good = []
        for i, item in enumerate(node.items):
            self._entries += 1
            if self._entries > _MOST_ENTRIES:
                raise ConfigError(f"{self._file}:{item.line}  more than {_MOST_ENTRIES} entries; use amount instead")
            if item.tag not in _YAML_PLAIN and item.tag not in fields.TAGS[kind]:
                self._add((*path, i), item.line, f"tag {item.tag} here, expected {fields.TAGS[kind][0]} or none")
            elif isinstance(item, Mapping):
                good.append(item)
            elif isinstance(item, Scalar) and item.empty and item.tag in fields.TAGS[kind]:
                good.append(Mapping(item.line, item.tag))  # `- !host` alone: one with all defaults
            else:
                self._add((*path, i), item.line, f"wrong type, expected the fields of a {kind}")
        return good

    def _owner(self, kind: str, node: Mapping, path: Path_) -> Entry:
        lists = fields.LISTS[kind]
        rows: dict[str, list[tuple[Any, ...]]] = {inner: [] for inner in lists.values()}
        ours: dict[str, tuple[int, Any]] = {}
        lines: dict[str, list[int]] = {inner: [] for inner in lists.values()}
        rest: list[tuple[str, int, Node]] = []
        for key, line, value in node.entries:
            if key in lists:
                inner = lists[key]
                for i, child in enumerate(self._list(value, (*path, key), inner, line)):
                    rows[inner].append(self._row(inner, child.entries, child.line, (*path, key, i)))
                    lines[inner].append(child.line)
            elif kind == "datacenter" and key in fields.OURS:
                ours[key] = (line, plain(value, self._file))
            else:
                rest.append((key, line, value))
        values = self._row(kind, rest, node.line, path)
        names = [f.name for f in fields.FIELDS[kind]]
        return Entry(node.line, dict(zip(names, values, strict=True)), rows, ours, lines)

    def _row(self, kind: str, entries: list[tuple[str, int, Node]], at: int, path: Path_) -> tuple[Any, ...]:
        """The values of an entry in the order of its kind's fields."""
        known = fields.FIELDS[kind]
        lookup, values = self._lookup[kind], [_ABSENT] * len(known)
        for key, line, node in entries:
            index = lookup.get(key)
            if index is None:
                self._other(kind, key, line, node, (*path, key))
            elif isinstance(node, Scalar):
                if values[index] is not _ABSENT:
                    self._add((*path, key), line, f"'{known[index].name}' given twice, expected once")
                if not node.empty:
                    values[index] = self._value(known[index], node, (*path, key))
            else:
                self._add((*path, key), line, "wrong type, expected a single value")
        for index, value in enumerate(values):
            if value is _ABSENT:
                values[index] = self._default(kind, known[index], at, path)
        return tuple(values)

    def _value(self, known: fields.Field, node: Scalar, path: Path_) -> Any:
        try:
            return known.read(node.text)
        except ValueError as error:
            shown = node.text if len(node.text) <= 40 else f"{node.text[:37]}..."
            self._add(path, node.line, f"expected {error}, got '{shown}'")
            return known.default

    def _default(self, kind: str, known: fields.Field, at: int, path: Path_) -> Any:
        if known.required and not self._old:
            self._add((*path, known.name), at, f"missing, expected a value (every {kind} needs it)")
        elif known.assumed or known.required:
            shown = known.default if not isinstance(known.default, float) else f"{known.default:g}"
            self._assumed.setdefault(f"{kind}.{known.name} {_WORDS.get(known.name, {}).get(shown, shown)}", at)
        if self._old and kind == "cloudlet" and known.name == "amount":
            self._assumed.setdefault(f"cloudlet.amount {fields.OLD_AMOUNT}", at)
            return fields.OLD_AMOUNT
        return known.default

    def _other(self, kind: str, key: str, line: int, node: Node, path: Path_) -> None:
        """A key that is not a field that counts."""
        if key in fields.UNUSED[kind]:
            if not (isinstance(node, Scalar) and node.empty):
                self._unused.setdefault(f"{kind}.{key}", line)
            return
        own = fields.OURS if kind == "datacenter" else ()
        inner = fields.LISTS.get(kind, {})
        self._note_unknown(kind, key, line, path, [*self._lookup[kind], *fields.UNUSED[kind], *own, *inner])

    def _note_unknown(self, kind: str, key: str, line: int, path: Path_, known: list[str]) -> None:
        """Once per key, with its first line."""
        if (kind, key) not in self._unknown:
            self._unknown[kind, key] = None
            hint = did_you_mean(key, known)
            self._problems.warnings.append(f"{self._file}:{line}  unknown key '{key}' of a {kind}, ignored{hint}")

    def _warn(self) -> None:
        if self._unused:
            named = ", ".join(f"{key} (line {line})" for key, line in self._unused.items())
            self._problems.warnings.append(f"{self._file}: read, but of no effect here: {named}")
        if self._assumed:
            named = ", ".join(f"{text} (line {line})" for text, line in self._assumed.items())
            self._problems.warnings.append(
                f"{self._file}: not given, the defaults of CloudReports, from which the tool has its models: {named}"
            )

    def _add(self, path: Path_, line: int, message: str) -> None:
        self._problems.places.lines[path] = line
        self._problems.add(path, message)
        if len(self._problems.problems) >= _MOST_PROBLEMS:
            self._problems.raise_if_any()


class _Absent:
    pass


_ABSENT: Any = _Absent()
_WORDS: dict[str, dict[Any, str]] = {
    "cloudletScheduler": {fields.TIME_SHARED: "TimeShared"},
    "vmScheduler": {"time": "TimeShared"},
}


def _lookup(kind: str) -> dict[str, int]:
    """Position of a field by any of its names."""
    return {name: i for i, f in enumerate(fields.FIELDS[kind]) for name in (f.name, *f.old)}
