"""Replies on disk, with where and when they came from: fetched once, used offline.

An entry is two files: ``<key>.body`` as it was received, and ``<key>.json`` with source, address without secrets, time,
licence and checksum. The key is a checksum of source and address, so two windows never meet.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from greensched.core.errors import DataError
from greensched.signals.provenance import replace_bytes, replace_text


@dataclass(frozen=True)
class Reply:
    """What a service answered.

    Attributes:
        source: name of the source.
        url: address, without secrets.
        fetched_at: when (UTC, ISO 8601, to the second).
        licence: of the data.
        sha256: of the body.
        body: as it was received.
    """

    source: str
    url: str
    fetched_at: str
    licence: str
    sha256: str
    body: bytes

    @property
    def age_s(self) -> float:
        """Seconds since it was fetched."""
        return (datetime.now(UTC) - datetime.fromisoformat(self.fetched_at)).total_seconds()


def folder() -> Path:
    """Where replies lie: ``GREENSCHED_CACHE``, else ``$XDG_CACHE_HOME/greensched``, else ``~/.cache/greensched``."""
    given = os.environ.get("GREENSCHED_CACHE")
    if given:
        return Path(given) / "signals"
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "greensched" / "signals"


class Cache:
    """Replies of all sources below one folder."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = folder() if root is None else root

    def _paths(self, source: str, url: str) -> tuple[Path, Path]:
        key = sha256(f"{source}\n{url}".encode()).hexdigest()[:40]
        return self.root / source / f"{key}.json", self.root / source / f"{key}.body"

    def find(self, source: str, url: str) -> Reply | None:
        """The reply to a request, or None.

        Raises:
            DataError: the entry is damaged.
        """
        about, content = self._paths(source, url)
        try:
            meta, body = json.loads(about.read_text(encoding="utf-8")), content.read_bytes()
            reply = Reply(**meta, body=body)
            sound = sha256(body).hexdigest() == reply.sha256 and (reply.source, reply.url) == (source, url)
            sound = sound and datetime.fromisoformat(reply.fetched_at).tzinfo is not None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{about}: damaged entry of the cache ({type(error).__name__}); remove it") from error
        if not sound:
            raise DataError(f"{content}: does not fit its checksum; remove it and {about.name}")
        return reply

    def drop(self, reply: Reply) -> None:
        """Remove a reply, if it is there."""
        for path in self._paths(reply.source, reply.url):
            path.unlink(missing_ok=True)

    def keep(self, reply: Reply) -> None:
        """Store a reply, body first: an entry without its description is none."""
        about, content = self._paths(reply.source, reply.url)
        about.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_bytes(content, reply.body)
        meta = {name: value for name, value in asdict(reply).items() if name != "body"}
        replace_text(about, json.dumps(meta, indent=1) + "\n")
