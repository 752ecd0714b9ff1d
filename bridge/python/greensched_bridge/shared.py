"""The two files that carry the messages. The world makes them (mode 0600); both sides map them."""

from __future__ import annotations

import mmap
import os
import stat
from pathlib import Path

from greensched.core.errors import BridgeProtocolError


class SharedFile:
    """One mapped file of which message after message is read from, or written to, offset 0.

    The file stays open: the world removes its name once both sides have it, so that nothing is left behind when a
    process is killed.
    """

    def __init__(self, path: Path) -> None:
        """Open ``path``.

        Raises:
            BridgeProtocolError: not a plain file of this user that nobody else can open.
        """
        self._descriptor = -1
        self._map: mmap.mmap | None = None
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise BridgeProtocolError(f"cannot open the world's shared file {path}: {error.strerror}") from error
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise BridgeProtocolError(f"shared file {path} must be a plain file of mode 0600 owned by this user")

    def read(self, length: int) -> bytes:
        """A private copy of the first ``length`` bytes.

        The copy lets the world write its next message, and makes the arrays decoded from it the reader's own.
        """
        return self._mapped(length)[:length]

    def write(self, message: bytes) -> int:
        """Put ``message`` at offset 0, growing the file if need be; returns its length in bytes."""
        mapped = self._mapped_for_writing(len(message))
        mapped[: len(message)] = message
        return len(message)

    def close(self) -> None:
        """Let go of the file; it may be called twice."""
        if self._map is not None:
            self._map.close()
            self._map = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        """Let go when the last call that uses it has ended."""
        self.close()

    def _mapped(self, length: int) -> mmap.mmap:
        if self._map is None or len(self._map) < length:
            size = os.fstat(self._descriptor).st_size
            if length <= 0 or size < length:
                raise BridgeProtocolError(f"a message of {length} bytes was announced, the shared file has {size}")
            if self._map is not None:
                self._map.close()
            self._map = mmap.mmap(self._descriptor, size)
        return self._map

    def _mapped_for_writing(self, length: int) -> mmap.mmap:
        size = os.fstat(self._descriptor).st_size
        if size < length:
            # allocated now: a full disk is an error here, but a SIGBUS when a mapped hole is written
            os.posix_fallocate(self._descriptor, 0, max(length, 2 * size))
        return self._mapped(length)
