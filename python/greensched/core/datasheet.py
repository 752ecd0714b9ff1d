"""Data sets of ours: a folder that is written whole or not at all, with a datasheet that says what is in it.

The datasheet follows "Datasheets for Datasets" (Gebru et al., 2021). It names no time, path or machine, so that equal
seeds give equal bytes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from greensched import __version__
from greensched.core.errors import ConfigError
from greensched.core.paths import making

FILE = "datasheet.md"
LICENCE = (
    "CC BY 4.0 (The GreenSched authors). What is published here are random draws; the statistics behind them are those "
    "of the sources named above, whose licences ask for attribution: keep their names with any copy."
)
_BYTES_READ = 1 << 20


@dataclass(frozen=True)
class Datasheet:
    """What has to be said about a data set; each text is Markdown.

    Attributes:
        title: of the data set.
        command: that makes it again, without the folder's name.
        motivation: what it was made for.
        composition: what a file, a row and a column is; how many there are.
        process: how it was made.
        parameters: (what, value or file, source) of everything that decides what it looks like.
        randomness: seed and streams.
        uses: what it is for, and what it is not for.
        limits: where it differs from the real thing.
        licence: of the data.
        opening: whether anything here was measured.
    """

    title: str
    command: str
    motivation: str
    composition: str
    process: str
    parameters: tuple[tuple[str, str, str], ...]
    randomness: str
    uses: str
    limits: str
    licence: str = LICENCE
    opening: str = "All values are synthetic. Nothing here was measured."
    extra: dict[str, str] = field(default_factory=dict)

    def text(self, files: dict[str, str]) -> str:
        """The whole document; ``files`` are checksums by name."""
        parameters = "\n".join(f"| {what} | {value} | {source} |" for what, value, source in self.parameters)
        sums = "\n".join(f"| `{name}` | `{digest}` |" for name, digest in sorted(files.items()))
        parts = {
            "Motivation": self.motivation,
            "Composition": self.composition,
            "How it was made": f"{self.process}\n\n    {self.command}",
            "Parameters and their sources": f"| what | value | source |\n|---|---|---|\n{parameters}",
            "Randomness": self.randomness,
            **self.extra,
            "Uses": self.uses,
            "Limits": self.limits,
            "Licence": self.licence,
            "Version and maintenance": f"Made by GreenSched {__version__}. Another version may draw other values from "
            "the same seed: name the version with the data. It is not changed after it is made; make it again instead.",
            "Files": f"| file | SHA-256 |\n|---|---|\n{sums}",
        }
        body = "\n".join(f"## {title}\n{part}\n" for title, part in parts.items())
        return f"# {self.title}\n\n{self.opening}\n\n{body}"


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 of the files of a folder and of the folders in it, by relative name."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest = sha256()
        with path.open("rb") as stream:
            while block := stream.read(_BYTES_READ):
                digest.update(block)
        found[path.relative_to(folder).as_posix()] = digest.hexdigest()
    return found


@contextlib.contextmanager
def whole(target: Path, option: str = "--output") -> Iterator[Path]:
    """A new folder to write into; it becomes ``target`` when the body ends, and nothing is left of it if that fails.

    Raises:
        ConfigError: something is there already, or no folder can be made there.
    """
    _require_unused(target, option)
    with making(target, option):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o777 & ~umask)
        os.rename(temporary, target)  # replaces an empty folder, nothing else
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            _require_unused(target, option)
        raise


def _require_unused(target: Path, option: str) -> None:
    if target.is_symlink() or (target.is_dir() and target.samefile(Path.cwd())):
        # neither can be replaced by a folder in one step
        what = "is a link" if target.is_symlink() else "is the current folder"
        raise ConfigError(f"{option} {target}: {what}; name a new folder")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError(
            f"{option} {target}: exists and is not an empty folder; name another, a data set is never overwritten"
        )
