"""Turning pydantic's errors into sentences that say what is wrong, what was expected and what was perhaps meant."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from greensched.scenario.problems import Collector, Path, did_you_mean, get

_TAGS = ("source", "model", "kind")  # keys that choose among the members of a union
_EXPECTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "finite_number": "a finite number",
}


def explain(error: ValidationError, raw: Any, model: type[BaseModel], problems: Collector) -> None:
    """Add every error of ``error`` to ``problems``; ``raw`` is the data that was validated against ``model``."""
    for item in error.errors(include_url=False):
        path, last = _raw_path(raw, item["loc"])
        kind = item["type"]
        if kind == "extra_forbidden":
            known = _known_keys(raw, model, path[:-1])
            problems.add(
                path, f"unknown key '{last}', expected one of {', '.join(known)}{did_you_mean(str(last), known)}"
            )
        elif kind == "missing":
            problems.add((*path, str(last)) if not path or path[-1] != last else path, "missing, expected a value")
        elif kind == "model_attributes_type" and path and path[-1] == "pue":
            expected = "a number of 1 or more, or a mapping with the key model"
            problems.add(path, f"wrong type, expected {expected}, got {_show(get(raw, path))}")
        elif kind != "too_short" or _too_few(get(raw, path), item):
            problems.add(path, _sentence(kind, item, get(raw, path)))


def _too_few(value: object, item: Mapping[str, Any]) -> bool:
    """Whether a list really is too short: pydantic does not count items that failed on their own."""
    return not isinstance(value, list) or len(value) < int(item["ctx"]["min_length"])


def _sentence(kind: str, item: Mapping[str, Any], value: object) -> str:
    context = item.get("ctx", {})
    got = f", got {_show(value)}"
    if kind == "value_error":
        return str(context["error"])
    if kind in _EXPECTED:
        return f"wrong type, expected {_EXPECTED[kind]}{got}"
    if kind == "literal_error":
        text = str(context["expected"])
        names = [n.strip("'") for n in text.replace(" or ", ", ").split(", ")]
        return f"unknown value, expected {text}{got}{did_you_mean(str(value), names)}"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        key = str(context["discriminator"]).strip("'")
        names = [n.strip("'") for n in str(context.get("expected_tags", "")).split(", ")]
        tag = value.get(key) if isinstance(value, Mapping) else None
        if kind == "union_tag_not_found":
            return f"missing key '{key}', which says what kind it is"
        return f"unknown {key} '{tag}', expected one of {', '.join(names)}{did_you_mean(str(tag), names)}"
    bounds = {"greater_than": "more than", "greater_than_equal": "at least", "less_than": "less than"}
    bounds["less_than_equal"] = "at most"
    if kind in bounds:
        return f"out of range, expected {bounds[kind]} {next(iter(context.values())):g}{got}"
    if kind == "string_pattern_mismatch":
        return f"not allowed, expected lower case letters, digits, '.', '_' or '-', at most 64{got}"
    if kind == "too_short":
        return f"too few items, expected at least {context['min_length']}"
    message = str(item["msg"])
    return message[0].lower() + message[1:] + got


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _raw_path(raw: Any, loc: tuple[str | int, ...]) -> tuple[Path, str | int]:
    """The location without the union tags that pydantic puts into it; and its last part."""
    path: list[str | int] = []
    here = raw
    for depth, part in enumerate(loc):
        if isinstance(here, Mapping) and part in here:
            here = here[part]
        elif isinstance(here, list | tuple) and isinstance(part, int) and part < len(here):
            here = here[part]
        elif depth == len(loc) - 1 and isinstance(here, Mapping) and part not in ("[key]", *map(here.get, _TAGS)):
            path.append(part)
            break
        else:
            continue
        path.append(part)
    return tuple(path), (loc[-1] if loc else "")


def _known_keys(raw: Any, model: type[BaseModel], path: Path) -> list[str]:
    """Keys of the model that validates the mapping at ``path``."""
    annotation: Any = model
    for depth, part in enumerate(path):
        annotation = _step(annotation, part, get(raw, path[:depth]))
    found = _models(annotation)
    here = get(raw, path)
    chosen = _by_tag(found, here) if len(found) > 1 else found
    return sorted({field.alias or name for m in chosen for name, field in m.model_fields.items()})


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is Annotated:
        return _models(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [m for a in get_args(annotation) for m in _models(a)]
    return []


def _step(annotation: Any, part: str | int, raw: object) -> Any:
    models = _models(annotation)
    if models:
        for m in _by_tag(models, raw):
            if part in m.model_fields:
                return m.model_fields[str(part)].annotation
        return None
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    args = get_args(annotation)
    if get_origin(annotation) is tuple:
        return args[0]
    return args[-1] if get_origin(annotation) is dict else None


def _by_tag(models: list[type[BaseModel]], raw: object) -> list[type[BaseModel]]:
    """The members of a union that the raw mapping's tag selects; all of them where it selects none."""
    if not isinstance(raw, Mapping):
        return models
    chosen = []
    for m in models:
        for key in _TAGS:
            field = m.model_fields.get(key)
            if field is not None and raw.get(key) in get_args(field.annotation):
                chosen.append(m)
    return chosen or models
