"""YAML of a CloudSim file as plain nodes with lines: fast, bounded, and never an object that a tag names.

The nodes are built from the parser's events, so that neither a deep file nor one of a million lines is a danger. A tag
is kept as a name only; whoever reads the node decides whether it is right there.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from greensched.core.errors import ConfigError
from greensched.scenario.yaml_lines import plain_value

_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a tenth of the time where libyaml is there
_MAX_BYTES = 256_000_000
_MAX_DEPTH = 50
_MAX_MERGED = 1_000_000  # entries of a file that come from keys <<
_MERGE = "<<"
_MAX_PLAIN = 200_000  # values of one block of our own keys, aliases expanded
_STARTS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
_NULL = re.compile(r"(?:~|null|)$")  # Null is a utilisation model
_MARKS = re.compile(
    rb"customers|customerRegistries|datacenterRegistries|!datacenter|!host\b|hostList|\bpes\b|numOfPes|vmScheduler|maxPower"
)
_CUSTOMERS = ("customers", "customerRegistries")
_ROOT_KEYS = (*_CUSTOMERS, "datacenterRegistries")
_HOST_KEYS = {"pes", "numOfPes", "mipsPerPe", "ram", "vmScheduler", "schedulingPolicyAlias", "maxPower"}
"""Fields of a host of which a host group of a scenario has none."""


@dataclass(slots=True)
class Scalar:
    """A text; ``plain`` if it stands without quotes."""

    line: int
    tag: str | None
    text: str
    plain: bool

    @property
    def empty(self) -> bool:
        """Nothing was written, or null."""
        return not self.text or (self.plain and _NULL.match(self.text) is not None)


@dataclass(slots=True)
class Items:
    """A list."""

    line: int
    tag: str | None
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """A mapping: (key, its line, value) in the order of the file."""

    line: int
    tag: str | None
    entries: list[tuple[str, int, Node]] = field(default_factory=list)

    def get(self, key: str) -> Node | None:
        """The value of a key, or None."""
        return next((value for name, _, value in self.entries if name == key), None)


Node = Scalar | Items | Mapping


def cloudsim_documents(path: Path) -> list[Node] | None:
    """The documents of a file that has the form of CloudSim Plus Automation; None for any other file.

    Raises:
        ConfigError: it has that form, but is not YAML.
    """
    try:
        raw = path.read_bytes()
    except OSError:
        return None  # whoever reads it next says why
    if _MARKS.search(raw) is None:
        return None
    try:
        roots = documents(path)
    except ConfigError:
        if re.search(rb"^(customers|customerRegistries)\s*:", raw, re.MULTILINE):
            raise
        return None
    return roots if any(isinstance(root, Mapping) and _is_cloudsim(root) for root in roots) else None


def count_documents(path: Path) -> int:
    """How many scenarios a file holds; 1 for what is no CloudSim file or cannot be read.

    Raises:
        ConfigError: it is a CloudSim file, but not YAML.
    """
    if not several_possible(path):
        return 1
    return max(1, len(cloudsim_documents(path) or ()))


def several_possible(path: Path) -> bool:
    """Whether a file could hold more than one document, from a glance at its lines."""
    try:
        raw = path.read_bytes()
    except OSError:
        return False
    return raw.startswith(b"---") or b"\n---" in raw


def _is_cloudsim(root: Mapping) -> bool:
    if any(root.get(key) is not None for key in _ROOT_KEYS):
        return True
    version, datacenters = root.get("greensched"), root.get("datacenters")
    if not isinstance(datacenters, Items) or (isinstance(version, Scalar) and not version.empty):
        return False
    return any(item.tag == "!datacenter" or _has_its_hosts(item) for item in datacenters.items)


def _has_its_hosts(datacenter: Node) -> bool:
    """Whether a datacenter has hosts as CloudSim's are, which a file without customers or tags has as well."""
    hosts = [datacenter.get(key) for key in ("hosts", "hostList")] if isinstance(datacenter, Mapping) else []
    items = [item for node in hosts if isinstance(node, Items) for item in node.items]
    return any(
        item.tag == "!host" or (isinstance(item, Mapping) and any(key in _HOST_KEYS for key, _, _ in item.entries))
        for item in items
    )


def documents(path: Path) -> list[Node]:
    """The root of every document of a file; documents that hold nothing are left out.

    Raises:
        ConfigError: the file cannot be read, is not YAML, or is nested too deeply; the message names the line.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    if len(raw) > _MAX_BYTES:
        raise ConfigError(f"{path}: {len(raw)} bytes; a CloudSim file may have at most {_MAX_BYTES}")
    collecting = gc.isenabled()
    try:
        gc.disable()  # a million new objects, none of them garbage: the collector would go through them again and again
        events = yaml.parse(raw.decode("utf-8"), Loader=_PARSER)
        return list(_Composer(path.name).documents(events))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path.name}:{mark.line + 1}" if mark else path.name
        if "nesting depth" in str(error.problem):  # newer libyaml has a limit of its own
            raise ConfigError(f"{where}  nested too deeply, at most {_MAX_DEPTH} levels") from error
        raise ConfigError(f"{where}  not YAML: {error.problem or error.context}") from error
    except yaml.reader.ReaderError as error:  # a character such as NUL
        raise ConfigError(f"{path.name}  not YAML: {error.reason} (at character {error.position})") from error
    finally:
        if collecting:
            gc.enable()


class _Composer:
    """Builds nodes from events with a stack of its own."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._anchors: dict[str, Node] = {}
        self._merged = 0

    def documents(self, events: Iterator[Any]) -> Iterator[Node]:
        """The roots."""
        stack: list[Items | Mapping] = []
        keys: list[tuple[str, int] | None] = []  # the key that a mapping on the stack waits for a value of
        for event in events:
            kind = type(event)
            if kind in _ENDS:
                self._merge(stack.pop())
                keys.pop()
                continue
            if kind is yaml.DocumentStartEvent:
                self._anchors = {}
            node = self._node(event, kind)
            if node is None:
                continue
            if stack:
                self._attach(stack[-1], keys, node, event.start_mark.line + 1)
            elif not (isinstance(node, Scalar) and node.empty):
                yield node
            if kind in _STARTS and not isinstance(node, Scalar):
                if len(stack) >= _MAX_DEPTH:
                    raise ConfigError(f"{self._file}:{node.line}  nested too deeply, at most {_MAX_DEPTH} levels")
                stack.append(node)
                keys.append(None)

    def _merge(self, node: Items | Mapping) -> None:
        """Replaces the key ``<<`` by what it stands for; keys that the mapping has itself, or got first, win."""
        if not isinstance(node, Mapping) or all(key != _MERGE for key, _, _ in node.entries):
            return
        own = [entry for entry in node.entries if entry[0] != _MERGE]
        seen = {key for key, _, _ in own}
        for key, line, value in node.entries:
            if key != _MERGE:
                continue
            for source in value.items if isinstance(value, Items) else [value]:
                if not isinstance(source, Mapping) or source is node:
                    raise ConfigError(f"{self._file}:{line}  << expects a mapping, or a list of mappings, before it")
                fresh = [entry for entry in source.entries if entry[0] not in seen]
                seen |= {name for name, _, _ in fresh}
                own += fresh
                self._merged += len(fresh)
                if self._merged > _MAX_MERGED:
                    raise ConfigError(f"{self._file}:{line}  too large (keys << that expand too far)")
        node.entries = own

    def _node(self, event: Any, kind: type) -> Node | None:
        if kind is yaml.AliasEvent:
            return self._alias(event)
        if kind is yaml.ScalarEvent:
            node: Node = Scalar(event.start_mark.line + 1, event.tag, event.value, event.implicit[0])
        elif kind in _STARTS:
            made = Mapping if kind is yaml.MappingStartEvent else Items
            node = made(event.start_mark.line + 1, event.tag)
        else:
            return None
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Any) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            raise ConfigError(f"{self._file}:{event.start_mark.line + 1}  no anchor &{event.anchor} before this alias")
        return node

    def _attach(self, parent: Items | Mapping, keys: list[tuple[str, int] | None], node: Node, line: int) -> None:
        if isinstance(parent, Items):
            parent.items.append(node)
        elif (key := keys[-1]) is not None:
            parent.entries.append((*key, node))
            keys[-1] = None
        else:
            keys[-1] = (node.text if isinstance(node, Scalar) else "?", line)


def plain(node: Node, file: str) -> Any:
    """A block of our own keys as plain data, read as a scenario file would be; aliases are expanded, within bounds.

    Raises:
        ConfigError: it expands too far or into itself.
    """
    count = 0

    def build(part: Node, depth: int) -> Any:
        nonlocal count
        count += 1
        if count > _MAX_PLAIN or depth > _MAX_DEPTH:
            raise ConfigError(f"{file}:{node.line}  too large (aliases that expand too far or into themselves)")
        if isinstance(part, Scalar):
            return plain_value(part.text) if part.plain else part.text
        if isinstance(part, Items):
            return [build(item, depth + 1) for item in part.items]
        return {key: build(value, depth + 1) for key, _, value in part.entries}

    return build(node, 0)
