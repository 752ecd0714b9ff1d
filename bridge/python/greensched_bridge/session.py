"""One world's conversation with one mind: what may be called when, by whom, and what a failure looks like."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from greensched import __version__
from greensched.core.errors import BridgeProtocolError
from greensched_bridge import messages
from greensched_bridge.conversation import Conversation, MindLike
from greensched_bridge.shared import SharedFile

_log = logging.getLogger("greensched.bridge")


class Link(Protocol):
    """A connection of the world, as far as the session needs it."""

    def call_truth(self, sequence: int, length: int) -> int:
        """Call the world's ``truth`` over this connection; returns the length of its answer in bytes."""


class Session:
    """Serves ``hello`` and ``call``; the two methods run in the thread of the connection that called them."""

    def __init__(self, mind: MindLike, run_id: str | None = None) -> None:
        """Serve ``mind``; a world of another run than ``run_id`` is refused (None: any)."""
        self._conversation = Conversation(mind)
        self._run_id = run_id
        self._gate = threading.RLock()  # guards who may call
        self._owner: str | None = None
        self._link: Link | None = None
        self._request: SharedFile | None = None
        self._reply: SharedFile | None = None
        self.connected = threading.Event()

    def hello(self, link: Link, text: str) -> str:
        """Open the session, or take it over after the same world lost its connection."""
        try:
            request = json.loads(text)
            refusal = self._admit(link, request)
        except (ValueError, KeyError, TypeError, BridgeProtocolError) as error:
            refusal = ("protocol", f"bad hello: {error}")
        if refusal is not None:
            _log.warning("refused a client: %s", refusal[1])
            return json.dumps({"error": {"code": refusal[0], "message": refusal[1]}})
        self.connected.set()
        return json.dumps({"protocol": messages.PROTOCOL_VERSION, "mind": __version__, "pid": os.getpid()})

    def _admit(self, link: Link, request: dict[str, Any]) -> tuple[str, str] | None:
        version = request["protocol"]
        if version != messages.PROTOCOL_VERSION:
            return "protocol", (
                f"the world speaks protocol {version}, this mind {messages.PROTOCOL_VERSION}; "
                "install world and mind of the same release"
            )
        if self._run_id is not None and request["run_id"] != self._run_id:
            return "auth", f"this mind serves run {self._run_id}, not {request['run_id']}"
        session = str(request["session"])
        with self._gate:
            if self._owner is not None and self._owner != session:
                return "second_client", "another world is connected; a mind serves one world"
            files = SharedFile(Path(request["request"])), SharedFile(Path(request["reply"]))
            # a call that is still running for the old connection keeps its own files open
            self._owner, self._link = session, link
            self._request, self._reply = files
        return None

    def call(self, link: Link, kind: str, sequence: int, length: int) -> int:
        """Answer one message; see PROTOCOL.md §3."""
        with self._conversation.turn:
            with self._gate:
                if link is not self._link or self._request is None or self._reply is None:
                    raise BridgeProtocolError("this connection has no session; say hello first")
                request, reply = self._request, self._reply

            def ask(question: bytes) -> bytes:
                return request.read(link.call_truth(sequence, reply.write(question)))

            return reply.write(self._conversation.answer(kind, sequence, request.read(length), ask))

    def between(self, link: Link, asked: Callable[[], bool]) -> None:
        """The mind's own time, after an answer went out over ``link`` and until ``asked`` becomes true."""
        with self._conversation.turn:
            if link is self._link:
                self._conversation.between(asked)

    def finish_mind(self, timeout_s: float) -> bool:
        """Let the mind go when no world will call any more; see :meth:`Conversation.finish`."""
        with self._gate:
            self._link = None  # who still waits for a turn has no session any more
        return self._conversation.finish(timeout_s)
