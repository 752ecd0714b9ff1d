"""The options of policies and predictors, for the reference page: read from the code, so that they are never stale.

An option is a field of the policy's options (a dataclass ``*Options`` in its module), or an argument of the predictor's
class; its meaning stands in the docstring under ``Attributes:`` or ``Args:``.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from greensched.core import registry

_EMPTY = inspect.Parameter.empty


class Option(NamedTuple):
    """One option as the page shows it."""

    name: str
    kind: str
    default: str
    meaning: str


def markdown() -> list[str]:
    """Lines of the page's chapter; only what is built in, so that the page is the same everywhere."""
    lines = [
        "## Policies and predictors",
        "",
        "`policy: {name: greensched, carbon_weight: 2, predictor: {name: analytic, typical_run_s: 1800}}`:",
        "what follows a name are the options of that policy or predictor. Units are in the names.",
        "",
    ]
    kinds: tuple[registry.Kind, ...] = ("policy", "predictor")
    for kind in kinds:
        for name in registry.built_in(kind):
            plug_in = registry.load(kind, name)
            needs = getattr(plug_in, "default_predictor", None)
            uses = f" Predictor, unless another is named: `{needs}`." if needs else ""
            lines += [f"### {kind} `{name}`", "", _first_line(plug_in) + uses, ""]
            lines += [*_table(list(options(plug_in))), ""]
    return lines


def _table(found: list[Option]) -> list[str]:
    if not found:
        return ["No options."]
    head = ["| option | type | default | meaning |", "|---|---|---|---|"]
    return head + [f"| `{o.name}` | {o.kind} | {o.default} | {o.meaning} |" for o in found]


def options(plug_in: Any) -> Iterator[Option]:
    """The options of a plug-in class, in the order of the code."""
    for cls in vars(sys.modules[plug_in.__module__]).values():
        if dataclasses.is_dataclass(cls) and getattr(cls, "__module__", "") == plug_in.__module__:
            meanings = _meanings(cls)
            for field in dataclasses.fields(cls):
                default = _EMPTY if field.default is dataclasses.MISSING else field.default
                yield _option(field.name, field.type, default, meanings)
            return
    meanings = _meanings(plug_in)
    for parameter in inspect.signature(plug_in).parameters.values():
        if parameter.name not in ("context", "args", "kwargs"):
            yield _option(parameter.name, parameter.annotation, parameter.default, meanings)


def _option(name: str, annotation: Any, default: Any, meanings: dict[str, str]) -> Option:
    text = str(annotation)
    literal = re.fullmatch(r"Literal\[(.*)\]", text)
    kind = {"float": "number", "int": "whole number", "str": "text", "bool": "true or false"}.get(text, text)
    if literal:
        words = [word.strip(" '\"") for word in literal[1].split(",")]
        kind = " or ".join(f"`{word}`" for word in words)
    shown = "required" if default is _EMPTY else f"`{str(default).lower() if isinstance(default, bool) else default}`"
    return Option(name, kind, shown, meanings.get(name, ""))


def _meanings(thing: Any) -> dict[str, str]:
    """Name -> sentence, from the section ``Attributes:`` or ``Args:`` of a Google docstring."""
    section = re.search(r"^(?:Attributes|Args):\n((?:[ ].*\n?|\n)*)", inspect.getdoc(thing) or "", re.MULTILINE)
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", section[1] if section else "", re.MULTILINE)
    return {name: " ".join(text.replace("``", "`").split()).replace("|", "\\|") for name, text in entries}


def _first_line(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").split("\n", 1)[0]
