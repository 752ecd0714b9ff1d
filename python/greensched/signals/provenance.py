"""``provenance.json`` of a folder of signals: what each column is, where it came from, when and under which licence.

A folder without it is read as one that says nothing about itself. Keys and tokens are never written here.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from greensched.core.errors import DataError
from greensched.signals.ingest.text import decode, parse_json, read_bytes
from greensched.signals.provider import Label

FILE = "provenance.json"
FORMAT = 1
_CHOICES = {"measure": ("", "average", "marginal"), "factors": ("", "lifecycle", "direct")}


@dataclass(frozen=True)
class Origin:
    """One file or reply that values came from.

    Attributes:
        name: file name, or address without secrets.
        sha256: of the content.
        fetched_at: when it was fetched (UTC, ISO 8601); "" for a file.
    """

    name: str
    sha256: str
    fetched_at: str = ""


@dataclass(frozen=True)
class Entry:
    """What is known about one column.

    Attributes:
        label: where the values come from and what they measure.
        unit: of a kind that is not one of the core's; "" for those, whose unit is in the name.
        origins: files and replies.
    """

    label: Label
    unit: str = ""
    origins: tuple[Origin, ...] = ()


Entries = dict[tuple[str, str], Entry]  # (zone, kind)


def read(folder: Path) -> Entries:
    """The entries of a folder; none where it has no such file.

    Raises:
        DataError: the file is damaged or of another format.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    document = parse_json(decode(read_bytes(path, 1 << 26), str(path)), str(path))
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise DataError(f'{path}: expected an object with "format": {FORMAT}; written by another version?')
    found: Entries = {}
    for zone, kinds in _mapping(document.get("series"), f"{path}, series").items():
        for kind, raw in _mapping(kinds, f"{path}, series.{zone}").items():
            found[zone, kind] = _entry(raw, f"{path}, series.{zone}.{kind}")
    return found


def _mapping(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{place}: expected an object")
    return value


def _entry(raw: Any, place: str) -> Entry:
    values = dict(_mapping(raw, place))
    origins = tuple(Origin(**_texts(o, Origin, place)) for o in values.pop("origins", ()))
    unit = values.pop("unit", "")
    for name, allowed in _CHOICES.items():
        if values.get(name, "") not in allowed:
            raise DataError(f"{place}: {name} is '{values[name]}', expected one of {', '.join(allowed[1:])}")
    known = {field.name for field in fields(Label)}
    if not {"source", "synthetic"} <= set(values) <= known:
        raise DataError(
            f"{place}: has {', '.join(sorted(values))}, expected source, synthetic and any of {sorted(known)}"
        )
    return Entry(Label(**values), str(unit), origins)


def _texts(raw: Any, kind: type, place: str) -> dict[str, str]:
    known = {field.name for field in fields(kind)}
    values = {name: str(value) for name, value in _mapping(raw, place).items()}
    if not {"name", "sha256"} <= set(values) <= known:
        raise DataError(f"{place}: an origin has {', '.join(sorted(values))}, expected {', '.join(sorted(known))}")
    return values


def write(folder: Path, entries: Entries) -> None:
    """Write the entries, whole or not at all."""
    series: dict[str, dict[str, Any]] = {}
    for (zone, kind), entry in sorted(entries.items()):
        label = {name: value for name, value in asdict(entry.label).items() if value not in ("", 0.0) or value is False}
        extra = {"unit": entry.unit} if entry.unit else {}
        origins = [{k: v for k, v in asdict(origin).items() if v} for origin in entry.origins]
        series.setdefault(zone, {})[kind] = label | extra | {"origins": origins}
    document = {"format": FORMAT, "series": series}
    replace_text(folder / FILE, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def replace_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of it."""
    replace_bytes(path, text.encode())


def replace_bytes(path: Path, data: bytes) -> None:
    """The same for bytes."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
