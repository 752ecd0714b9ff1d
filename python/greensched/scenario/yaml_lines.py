"""Safe YAML with line numbers, and without the traps of YAML 1.1.

Plain scalars follow YAML 1.2: only ``true``/``false`` are booleans (the zone ``NO`` stays text), numbers have no octal
or base-60 forms, and instants stay text. Tags are refused, duplicate keys are problems, and the size is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Any

import yaml

from greensched.core.errors import ConfigError
from greensched.scenario.problems import Collector, Path, Places

_MAX_BYTES = 4_000_000
_SEVERAL = "expected a single document in the stream"  # PyYAML's words
_MAX_NODES = 200_000
_MAX_DEPTH = 50


class _Loader(yaml.SafeLoader):
    """SafeLoader with the plain-scalar rules of YAML 1.2 (core schema)."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # PyYAML's own attribute


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:null", r"(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+$", list("-+0123456789")),
    (
        "tag:yaml.org,2002:float",
        r"(?:[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
        r"|[-+]?\.inf|\.nan|\.NaN)$",
        list("-+.0123456789"),
    ),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


_YAML = "tag:yaml.org,2002:"
_PLAIN = {f"{_YAML}{name}" for name in ("str", "seq", "map")}
_SCALARS: dict[str, Callable[[str], Any]] = {
    f"{_YAML}null": lambda _: None,
    f"{_YAML}bool": lambda text: text.lower() == "true",
    f"{_YAML}int": int,
    f"{_YAML}float": lambda text: float(text.replace(".inf", "inf").replace(".nan", "nan").replace(".NaN", "nan")),
}


def plain_value(text: str) -> Any:
    """What a text without quotes stands for: null, a boolean, a number, else the text itself."""
    for tag, pattern in _Loader.yaml_implicit_resolvers.get(text[:1], ()):
        if pattern.match(text):
            try:
                return _SCALARS[tag](text)
            except ValueError:  # thousands of digits
                return text
    return text


def parse_scalar(text: str) -> Any:
    """One value as it would be read from a scenario file (used for ``--set``)."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"not a YAML value: {text[:200]!r}") from error
    problems = Collector(Places("--set"))
    value = None if node is None else _Reader(problems).build(node, ())
    problems.raise_if_any()
    return value


def read(path: FilePath) -> tuple[Any, Places, Collector]:
    """Read a file into plain data, the lines of its paths, and a collector with the problems found so far.

    Raises:
        ConfigError: the file cannot be read or is not YAML.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    if len(raw) > _MAX_BYTES:
        raise ConfigError(f"{path}: {len(raw)} bytes; a scenario file may have at most {_MAX_BYTES}")
    places = Places(path.name)
    problems = Collector(places)
    try:
        node = yaml.compose(raw.decode("utf-8"), Loader=_Loader)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path.name}:{mark.line + 1}" if mark else path.name
        if error.context == _SEVERAL:
            raise ConfigError(
                f"{where}  a second document begins here, but a scenario has only one; several are for CloudSim files"
            ) from error
        raise ConfigError(f"{where}  not YAML: {error.problem or error.context}") from error
    except yaml.reader.ReaderError as error:  # a character such as NUL
        raise ConfigError(f"{path.name}  not YAML: {error.reason} (at character {error.position})") from error
    except RecursionError as error:
        raise ConfigError(f"{path.name}  nested too deeply, expected at most {_MAX_DEPTH} levels") from error
    if node is None:
        raise ConfigError(f"{path.name}:1  the file is empty, expected a scenario")
    return _Reader(problems).build(node, ()), places, problems


class _Reader:
    def __init__(self, problems: Collector) -> None:
        self._problems = problems
        self._nodes = 0
        self._open: list[yaml.Node] = []

    def build(self, node: yaml.Node, path: Path) -> Any:
        """Plain data of a node; notes its line and its problems."""
        self._problems.places.lines.setdefault(path, node.start_mark.line + 1)
        self._nodes += 1
        if self._nodes > _MAX_NODES or any(node is parent for parent in self._open):
            raise ConfigError(
                f"{self._problems.places.file}: too large (aliases that expand too far or into themselves)"
            )
        if len(self._open) > _MAX_DEPTH:
            raise ConfigError(f"{self._problems.places.file}  nested too deeply, expected at most {_MAX_DEPTH} levels")
        if node.tag not in _PLAIN and node.tag not in _SCALARS:
            self._problems.add(path, f"tags such as {node.tag.replace(_YAML, '!!')} are not allowed")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._open.append(node)
        value = self._sequence(node, path) if isinstance(node, yaml.SequenceNode) else self._mapping(node, path)
        self._open.pop()
        return value

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        try:
            return _SCALARS[node.tag](node.value) if node.tag in _SCALARS else node.value
        except ValueError:  # a number of thousands of digits, or a tag that the text does not fit
            self._problems.add(path, f"{node.value[:40]!r} cannot be read as a number")
            return None

    def _sequence(self, node: yaml.SequenceNode, path: Path) -> list[Any]:
        return [self.build(child, (*path, i)) for i, child in enumerate(node.value)]

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            here = (*path, key)
            first = self._problems.places.lines.get(here)
            if key in result:
                self._problems.places.lines[here] = key_node.start_mark.line + 1
                self._problems.add(here, f"key given twice (first in line {first}), expected once")
            self._problems.places.lines[here] = key_node.start_mark.line + 1
            result[key] = self.build(value_node, here)
        return result
