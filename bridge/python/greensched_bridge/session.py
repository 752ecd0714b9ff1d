"""One world's conversation with one mind: what may be called when, by whom, and what a failure looks like."""

from __future__ import annotations

import json
import logging
import os
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from greensched import __version__
from greensched.core.contracts import Needs
from greensched.core.delta import Delta
from greensched.core.delta_frames import delta_from_frame
from greensched.core.errors import BridgeProtocolError, ConfigError
from greensched.core.frames import Frame, decode
from greensched.core.types import I64, Decisions, Options, Predictions, Truth, World
from greensched_bridge import messages
from greensched_bridge.shared import SharedFile

_log = logging.getLogger("greensched.bridge")


class MindLike(Protocol):
    """What the bridge asks of a mind (implemented by ``greensched.service.mind.Mind``)."""

    truth: Truth | None
    """Set before each ``decide`` of a privileged run: asks the world; works until ``decide`` returns."""

    @property
    def names(self) -> dict[str, str | None]:
        """``policy``, ``predictor`` and ``model``, for the log of the world."""

    def start(self, world: World, policy_block: dict[str, Any]) -> Needs:
        """Told once about the static part of the run."""

    def decide(self, delta: Delta) -> Decisions:
        """Apply a delta and decide what it asks about."""

    def catch_up(self, asked: Callable[[], bool]) -> None:
        """Do what could wait, now that an answer is out, until ``asked`` says that the next question is there."""

    def finish(self, delta: Delta | None = None) -> None:
        """Apply the last delta, if there is one, and let go of files; harmless after it has finished."""


class Link(Protocol):
    """A connection of the world, as far as the session needs it."""

    def call_truth(self, sequence: int, length: int) -> int:
        """Call the world's ``truth`` over this connection; returns the length of its answer in bytes."""


class Session:
    """Serves ``hello`` and ``call``; the two methods run in the thread of the connection that called them."""

    def __init__(self, mind: MindLike, run_id: str | None = None) -> None:
        """Serve ``mind``; a world of another run than ``run_id`` is refused (None: any)."""
        self._mind = mind
        self._run_id = run_id
        self._gate = threading.RLock()  # guards who may call
        self._turn = threading.Lock()  # the mind answers one call at a time
        self._owner: str | None = None
        self._link: Link | None = None
        self._request: SharedFile | None = None
        self._reply: SharedFile | None = None
        self._started = False
        self._privileged = False
        self.connected = threading.Event()
        self.finished = threading.Event()

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
        with self._turn:
            with self._gate:
                if link is not self._link or self._request is None or self._reply is None:
                    raise BridgeProtocolError("this connection has no session; say hello first")
                request, reply = self._request, self._reply
            return reply.write(self._answer(link, kind, sequence, request.read(length), (request, reply)))

    def between(self, link: Link, asked: Callable[[], bool]) -> None:
        """The mind's own time, after an answer went out over ``link`` and until ``asked`` becomes true."""
        with self._turn:
            if link is self._link and self._started and not self.finished.is_set():
                self._mind.catch_up(asked)

    def finish_mind(self, timeout_s: float) -> bool:
        """Let the mind go when no world will call any more.

        A decision that the world gave up may still be running in its thread: it has ``timeout_s`` to end, since a mind
        is not to be finished while it decides. One that takes longer is left alone: it ends with the process, and
        the log stays whole, being written in transactions.

        Returns:
            Whether the mind was finished.
        """
        if not self._turn.acquire(timeout=timeout_s):
            _log.warning("the mind still decides after %g s; it is left alone", timeout_s)
            return False
        try:
            self._link = None  # who still waits for a turn has no session any more
            self._mind.finish()
        finally:
            self._turn.release()
        return True

    def _answer(
        self, link: Link, kind: str, sequence: int, message: bytes, files: tuple[SharedFile, SharedFile]
    ) -> bytes:
        try:
            frame, _ = decode(message, f"message '{kind}'")
            messages.expect(frame, kind, sequence)
            if kind == "start":
                return self._start(link, sequence, frame, files)
            if kind not in ("observe", "finish"):
                raise BridgeProtocolError(f"unknown message '{kind}'; known: start, observe, finish")
            if not self._started:
                raise BridgeProtocolError(f"'{kind}' before 'start'")
            delta = delta_from_frame(frame, message)
            if kind == "observe":
                return self._observe(link, sequence, delta, files)
            self._mind.finish(delta)
            self.finished.set()
            return messages.encode_bye(sequence)
        except ConfigError as error:  # a mistake in the scenario: the message says it all
            return messages.encode_error(sequence, "config", str(error), "")
        except Exception as error:
            _log.exception("call '%s' %d failed", kind, sequence)
            code = "protocol" if isinstance(error, BridgeProtocolError) else "mind_error"
            text = f"{type(error).__name__}: {error}"
            return messages.encode_error(sequence, code, text, traceback.format_exc())

    def _start(self, link: Link, sequence: int, frame: Frame, files: tuple[SharedFile, SharedFile]) -> bytes:
        if frame.meta.get("protocol") != messages.PROTOCOL_VERSION:
            raise BridgeProtocolError(f"start speaks protocol {frame.meta.get('protocol')}")
        world = messages.world_from_meta(frame.meta)
        self._privileged = world.privileged
        needs = self._mind.start(world, dict(frame.meta["policy"]))
        if needs.truth and not world.privileged:
            raise ConfigError("the policy needs the truth, but the run is not privileged; set `privileged: true`")
        self._started = True
        names = self._mind.names
        return messages.encode_ready(sequence, needs, str(names["policy"]), names.get("predictor"))

    def _observe(self, link: Link, sequence: int, delta: Delta, files: tuple[SharedFile, SharedFile]) -> bytes:
        if not self._privileged:
            return messages.encode_decisions(sequence, self._mind.decide(delta), self._mind.names)
        line = _TruthLine(link, sequence, *files)
        self._mind.truth = line
        try:
            return messages.encode_decisions(sequence, self._mind.decide(delta), self._mind.names)
        finally:
            line.open = False


class _TruthLine:
    """The truth during one call, over that call's connection and files."""

    def __init__(self, link: Link, sequence: int, request: SharedFile, reply: SharedFile) -> None:
        self._link, self._sequence, self._request, self._reply = link, sequence, request, reply
        self.open = True

    def __call__(self, tasks: I64, options: Options) -> Predictions:
        """What would happen to ``tasks`` at ``options``."""
        if not self.open:
            raise BridgeProtocolError("the truth can be asked only while the mind decides")
        length = self._reply.write(messages.encode_truth_request(self._sequence, tasks, options))
        message = self._request.read(self._link.call_truth(self._sequence, length))
        answer, _ = decode(message, "answer of the world to 'truth'")
        if answer.kind == "error":
            raise BridgeProtocolError(f"the world refused to tell the truth: {answer.meta.get('message')}")
        messages.expect(answer, "truth", self._sequence)
        return messages.predictions_from_truth(answer, len(tasks), len(options))
