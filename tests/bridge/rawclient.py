"""A client of the mind's server that speaks py4j's text protocol by hand, as an attacker or a second world would."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np

from greensched.core.contracts import Needs
from greensched.core.delta import Delta
from greensched.core.types import Decisions, Truth, World

TOKEN = "0123456789abcdef" * 4


class EchoMind:
    """Places everything in datacenter 0."""

    names: dict[str, str | None] = {"policy": "echo", "predictor": None, "model": None}  # noqa: RUF012 - never changed

    def __init__(self) -> None:
        self.truth: Truth | None = None
        self.deltas: list[Delta] = []
        self.worlds: list[World] = []

    def start(self, world: World, policy_block: dict[str, Any]) -> Needs:
        self.worlds.append(world)
        return Needs()

    def decide(self, delta: Delta) -> Decisions:
        self.deltas.append(delta)
        return place_all(delta)

    def catch_up(self, asked: Callable[[], bool]) -> None:
        pass

    def finish(self, delta: Delta | None = None) -> None:
        if delta is not None:
            self.deltas.append(delta)


def place_all(delta: Delta, dc: int = 0) -> Decisions:
    """Everything that is asked goes to ``dc``."""
    n = len(delta.ask)
    zeros = np.zeros(n, dtype=np.int32)
    nan = np.full(n, np.nan)
    return Decisions(delta.ask, zeros, zeros + dc, nan, np.ones(n), zeros + 6, nan, nan, ["test"] * n)


class RawClient:
    """One TCP connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._stream = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self.socket.close()

    def send(self, *lines: str) -> str:
        """Send lines and read one; empty when the server closed the connection."""
        try:
            self.socket.sendall("".join(f"{line}\n" for line in lines).encode())
            return self._stream.readline().decode().rstrip("\n")
        except ConnectionError:
            return ""

    def authenticate(self, token: str = TOKEN) -> str:
        return self.send("A", token, "e")

    def hello(self, **changes: Any) -> dict[str, Any]:
        body = {"protocol": 1, "run_id": "golden-s1", "world": "test", "session": "s-1"} | changes
        answer = self.send("c", "t", "hello", "s" + json.dumps(body), "e")
        assert answer.startswith("!ys"), answer
        result: dict[str, Any] = json.loads(answer[3:].replace("\\\\", "\\"))
        return result

    def call(self, kind: str, sequence: int, length: int) -> str:
        return self.send("c", "t", "call", f"s{kind}", f"L{sequence}", f"L{length}", "e")


class Files:
    """The pair of shared files that a world makes."""

    def __init__(self, folder: Path) -> None:
        self.paths: dict[str, str] = {}
        for name in ("request", "reply"):
            descriptor, path = tempfile.mkstemp(dir=folder, suffix=f".{name}")
            os.ftruncate(descriptor, 4096)
            os.close(descriptor)
            self.paths[name] = path

    def put(self, message: bytes) -> int:
        Path(self.paths["request"]).write_bytes(message.ljust(4096, b"\0"))
        return len(message)

    def reply(self, answer: str) -> bytes:
        assert answer.startswith("!yi"), answer
        return Path(self.paths["reply"]).read_bytes()[: int(answer[3:])]
