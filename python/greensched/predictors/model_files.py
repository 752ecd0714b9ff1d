"""Files of trained models: written whole, read only if they are what was written; data, never code."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from greensched.core.errors import ConfigError, PredictorError


def write(path: Path, content: bytes) -> str:
    """Replace a file at once; returns its SHA-256."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    os.replace(temporary, path)
    return hashlib.sha256(content).hexdigest()


def write_manifest(path: Path, facts: Mapping[str, Any]) -> None:
    """Write what says that the model is whole: the last file of its folder."""
    write(path, (json.dumps(facts, indent=1, sort_keys=True) + "\n").encode())


def read_manifest(path: Path, predictor: str) -> dict[str, Any]:
    """The facts of a model.

    Raises:
        ConfigError: no model there; the message says how to train one.
        PredictorError: it is none.
    """
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        folder = "NEW-FOLDER" if path.parent.is_dir() else path.parent
        raise ConfigError(
            f"predictor '{predictor}': no model at {path.parent} ({path.name}: {error.strerror}); "
            f"train one: greensched train {predictor} --log RUN --out {folder}"
        ) from error
    except ValueError as error:
        raise PredictorError(f"{path}: not a model manifest: {error}") from error
    return facts


def require_version(path: Path, facts: Mapping[str, Any], **expected: Any) -> None:
    """Refuse a manifest that does not say what this version of the code expects.

    Raises:
        PredictorError: it says something else.
    """
    if any(facts.get(name) != value for name, value in expected.items()):
        told = f" (format {facts.get('format')}, needed is {expected['format']})" if "format" in expected else ""
        raise PredictorError(
            f"{path}: made by another version of GreenSched, or for another predictor{told}; "
            "train it again: greensched train PREDICTOR --log RUN --out FOLDER"
        )


def read(path: Path, sha256: Mapping[str, str], manifest: str) -> bytes:
    """A file of a model.

    Raises:
        PredictorError: it is missing, or not what the manifest says.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PredictorError(f"{path}: {error.strerror}; train the model again") from error
    if hashlib.sha256(content).hexdigest() != sha256.get(path.name):
        raise PredictorError(f"{path}: checksum differs from {manifest}; the model is damaged")
    return content
