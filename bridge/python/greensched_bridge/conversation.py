"""What world and mind say to each other, whatever carries it: messages in, messages out, failures included."""

from __future__ import annotations

import gc
import logging
import threading
import traceback
from collections.abc import Callable
from typing import Any, Protocol

from greensched.core.contracts import Needs
from greensched.core.delta import Delta
from greensched.core.delta_frames import delta_from_frame
from greensched.core.errors import BridgeProtocolError, ConfigError
from greensched.core.frames import Frame, decode
from greensched.core.types import I64, Decisions, Options, Predictions, Truth, World
from greensched_bridge import messages

_log = logging.getLogger("greensched.bridge")

Ask = Callable[[bytes], bytes]
"""Sends a question for the truth to the world; returns its answer. Both are frames."""


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


class Conversation:
    """One mind's side of a run: it answers one call at a time, whoever calls.

    Attributes:
        turn: held while the mind works.
    """

    def __init__(self, mind: MindLike) -> None:
        self.turn = threading.RLock()
        self._mind = mind
        self._started = False
        self._privileged = False
        self._finished = False

    def answer(self, kind: str, sequence: int, message: bytes, ask: Ask) -> bytes:
        """Answer one message (PROTOCOL.md §4); a failure is an answer too."""
        with self.turn:
            return self._answer(kind, sequence, message, ask)

    def _answer(self, kind: str, sequence: int, message: bytes, ask: Ask) -> bytes:
        try:
            frame, _ = decode(message, f"message '{kind}'")
            messages.expect(frame, kind, sequence)
            if kind == "start":
                return self._start(sequence, frame)
            if kind not in ("observe", "finish"):
                raise BridgeProtocolError(f"unknown message '{kind}'; known: start, observe, finish")
            if not self._started:
                raise BridgeProtocolError(f"'{kind}' before 'start'")
            delta = delta_from_frame(frame, message)
            if kind == "observe":
                return self._observe(sequence, delta, ask)
            self._mind.finish(delta)
            self._finished = True
            gc.unfreeze()
            return messages.encode_bye(sequence)
        except ConfigError as error:  # a mistake in the scenario: the message says it all
            return messages.encode_error(sequence, "config", str(error), "")
        except Exception as error:
            _log.exception("call '%s' %d failed", kind, sequence)
            code = "protocol" if isinstance(error, BridgeProtocolError) else "mind_error"
            text = f"{type(error).__name__}: {error}"
            return messages.encode_error(sequence, code, text, traceback.format_exc())

    def between(self, asked: Callable[[], bool]) -> None:
        """The mind's own time, after an answer went out and until ``asked`` becomes true."""
        with self.turn:
            if self._started and not self._finished:
                self._mind.catch_up(asked)

    def finish(self, timeout_s: float) -> bool:
        """Let the mind go when no world will call any more.

        A decision that the world gave up may still be running in its thread: it has ``timeout_s`` to end, since a mind
        is not to be finished while it decides. One that takes longer is left alone: it ends with the process, and
        the log stays whole, being written in transactions.

        Returns:
            Whether the mind was finished.
        """
        if not self.turn.acquire(timeout=timeout_s):
            _log.warning("the mind still decides after %g s; it is left alone", timeout_s)
            return False
        try:
            self._mind.finish()
        finally:
            gc.unfreeze()
            self.turn.release()
        return True

    def _start(self, sequence: int, frame: Frame) -> bytes:
        if frame.meta.get("protocol") != messages.PROTOCOL_VERSION:
            raise BridgeProtocolError(f"start speaks protocol {frame.meta.get('protocol')}")
        world = messages.world_from_meta(frame.meta)
        self._privileged = world.privileged
        needs = self._mind.start(world, dict(frame.meta["policy"]))
        if needs.truth and not world.privileged:
            raise ConfigError("the policy needs the truth, but the run is not privileged; set `privileged: true`")
        self._started = True
        # what is there now (models, vocabularies) stays until the end: looking through it would hold up an answer
        gc.collect()
        gc.freeze()
        names = self._mind.names
        return messages.encode_ready(sequence, needs, str(names["policy"]), names.get("predictor"))

    def _observe(self, sequence: int, delta: Delta, ask: Ask) -> bytes:
        if not self._privileged:
            return messages.encode_decisions(sequence, self._mind.decide(delta), self._mind.names)
        line = _TruthLine(sequence, ask)
        self._mind.truth = line
        try:
            return messages.encode_decisions(sequence, self._mind.decide(delta), self._mind.names)
        finally:
            line.open = False


class _TruthLine:
    """The truth during one call."""

    def __init__(self, sequence: int, ask: Ask) -> None:
        self._sequence, self._ask = sequence, ask
        self.open = True

    def __call__(self, tasks: I64, options: Options) -> Predictions:
        """What would happen to ``tasks`` at ``options``."""
        if not self.open:
            raise BridgeProtocolError("the truth can be asked only while the mind decides")
        message = self._ask(messages.encode_truth_request(self._sequence, tasks, options))
        answer, _ = decode(message, "answer of the world to 'truth'")
        if answer.kind == "error":
            raise BridgeProtocolError(f"the world refused to tell the truth: {answer.meta.get('message')}")
        messages.expect(answer, "truth", self._sequence)
        return messages.predictions_from_truth(answer, len(tasks), len(options))
