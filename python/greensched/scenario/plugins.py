"""The options of policies and predictors, for reference page and JSON Schema: read from the code, so never stale.

An option is a field of the policy's options (a dataclass ``*Options`` in its module, or in ``<its module>_options``),
or an argument of the predictor's class; its meaning stands in the docstring under ``Attributes:`` or ``Args:``.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter

from greensched.core import registry

_EMPTY = inspect.Parameter.empty


class Option(NamedTuple):
    """One option: its type as the code has it, and its default, ``Parameter.empty`` where it is required."""

    name: str
    hint: Any
    default: Any
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
    return head + [f"| `{o.name}` | {_kind(o.hint)} | {_shown(o.default)} | {o.meaning} |" for o in found]


def complete(schema: dict[str, Any]) -> None:
    """Add to the JSON Schema of scenario files what may follow the name of each built-in policy and predictor.

    Plug-ins of others stay open: any name is allowed, and with it any option.
    """
    policy = schema["$defs"]["Policy"]
    predictor = {
        "title": "Predictor",
        "description": "A predictor and its options.",
        "type": "object",
        "properties": {"name": {"description": "Registered predictor, or module:class."}},
        "required": ["name"],
        "additionalProperties": True,
    }
    schema["$defs"]["Predictor"] = predictor
    policy["properties"]["predictor"] = {
        "description": "Predictor of the policy: a name, or a mapping with name and options. Default: its own.",
        "anyOf": [*_any_name("predictor"), {"$ref": "#/$defs/Predictor"}, {"type": "null"}],
    }
    _know_options(policy, "policy", {"name": True, "predictor": True, "learning": True})
    _know_options(predictor, "predictor", {"name": True})


def _know_options(plug_in: dict[str, Any], kind: registry.Kind, always: dict[str, Any]) -> None:
    name = plug_in["properties"]["name"]
    name.pop("type", None)
    name["anyOf"] = _any_name(kind)
    plug_in["allOf"] = []
    for known in registry.built_in(kind):
        found = list(options(registry.load(kind, known)))
        then: dict[str, Any] = {"properties": always | {o.name: _json(o) for o in found}, "additionalProperties": False}
        if required := [o.name for o in found if o.default is _EMPTY]:
            then["required"] = required
        plug_in["allOf"].append({"if": {"properties": {"name": {"const": known}}, "required": ["name"]}, "then": then})


def _any_name(kind: registry.Kind) -> list[dict[str, Any]]:
    return [{"enum": registry.built_in(kind)}, {"type": "string"}]


def _json(option: Option) -> dict[str, Any]:
    default = {} if option.default is _EMPTY else {"default": option.default}
    return TypeAdapter(option.hint).json_schema() | {"description": option.meaning} | default


def options(plug_in: Any) -> Iterator[Option]:
    """The options of a plug-in class, in the order of the code."""
    for cls in vars(sys.modules[plug_in.__module__]).values():
        if dataclasses.is_dataclass(cls) and _are_options(cls, plug_in):
            hints, meanings = get_type_hints(cls), _meanings(cls)
            for field in dataclasses.fields(cls):
                default = _EMPTY if field.default is dataclasses.MISSING else field.default
                yield Option(field.name, hints[field.name], default, meanings.get(field.name, ""))
            return
    hints, meanings = get_type_hints(plug_in.__init__), _meanings(plug_in)
    for parameter in inspect.signature(plug_in).parameters.values():
        name = parameter.name
        # what is given in code only, a function, is no option of a scenario
        if name not in ("context", "args", "kwargs") and "Callable" not in str(hints.get(name)):
            yield Option(name, hints.get(name, Any), parameter.default, meanings.get(name, ""))


def _are_options(cls: Any, plug_in: Any) -> bool:
    """Whether a dataclass holds the options of a plug-in: it lies beside it and is called so."""
    beside = f"{plug_in.__module__}_options"
    return bool(cls.__module__ in (plug_in.__module__, beside) and cls.__name__.endswith("Options"))


def _kind(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(f"`{word}`" for word in get_args(hint))
    return {float: "number", int: "whole number", str: "text", str | None: "text", bool: "true or false"}.get(
        hint, str(hint)
    )


def _shown(default: Any) -> str:
    if default is _EMPTY:
        return "required"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _meanings(thing: Any) -> dict[str, str]:
    """Name -> sentence, from the section ``Attributes:`` or ``Args:`` of a Google docstring."""
    section = re.search(r"^(?:Attributes|Args):\n((?:[ ].*\n?|\n)*)", inspect.getdoc(thing) or "", re.MULTILINE)
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", section[1] if section else "", re.MULTILINE)
    return {name: " ".join(text.replace("``", "`").split()).replace("|", "\\|") for name, text in entries}


def _first_line(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").split("\n", 1)[0]
