"""The JVM inside this process (JPype): the same messages without a second process. For sweeps and notebooks.

One JVM serves all runs of a process and cannot be started again; a crash of either side takes the other along, which is
why two processes (``launch``) are the default.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.contracts import Predictor
from greensched.core.errors import BridgeTimeoutError, ConfigError, RunError
from greensched_bridge.conversation import Conversation, MindLike
from greensched_bridge.java import find_jar, find_java
from greensched_bridge.launch import ENDED_WITH_RESULT, JAVA_DEFAULTS, WorldEnd, WorldError, refuse_simulated, status_of
from greensched_bridge.minds import make_mind

_POLL_S = 0.2  # how often a waiting run looks for Ctrl-C
_STOP_S = 20.0
_PROGRAM = "org.greensched.bridge.InProcess"
_one_starts = threading.Lock()


def run_world_inside(
    folder: Path,
    mind: MindLike | None = None,
    *,
    predictor: Predictor | None = None,
    java_options: Sequence[str] = (),
    timeout_s: float | None = None,
) -> WorldEnd:
    """Run the world of a prepared run folder in a JVM of this process, against a mind in it.

    Args:
        folder: a prepared run folder.
        mind: decides; by default the mind of GreenSched with the policy of the run folder.
        predictor: for that mind, instead of the one that the scenario names.
        java_options: for the virtual machine; only the first run of a process can set any.
        timeout_s: give up after this many seconds of wall time; by default never.

    Returns:
        How it ended: completed, degraded, or interrupted.

    Raises:
        ConfigError: the folder is simulated already, or Java options came too late.
        RunError: the world failed, or JPype1 or Java is missing.
        BridgeTimeoutError: it was still running after ``timeout_s``; it has been told to stop.
        KeyboardInterrupt: Ctrl-C; the world has been stopped and its status is "interrupted".
    """
    refuse_simulated(folder)
    jpype = _machine(java_options)
    conversation = Conversation(make_mind(folder, predictor) if mind is None else mind)
    world = _World(jpype, folder, conversation)
    try:
        world.wait(timeout_s)
    finally:
        if mind is None:
            conversation.finish(_STOP_S)
    end = WorldEnd(world.exit_code, status_of(folder), None)
    if end.exit_code not in ENDED_WITH_RESULT:
        raise WorldError(end)
    return end


class _World:
    """One run, in a thread of its own so that Ctrl-C reaches the thread that waits for it."""

    def __init__(self, jpype: Any, folder: Path, conversation: Conversation) -> None:
        self.exit_code = 1
        self._failure: BaseException | None = None
        self._ended = threading.Event()  # not Thread.join: a Ctrl-C in it makes a thread pass for ended (bpo-45274)
        self._stop = jpype.JClass("java.util.concurrent.atomic.AtomicBoolean")(False)
        program = jpype.JClass(_PROGRAM)
        port = _port(jpype, conversation)

        def play() -> None:
            try:
                self.exit_code = int(program.run(str(folder), port, self._stop))
            except BaseException as error:
                self._failure = error
            finally:
                self._ended.set()

        threading.Thread(target=play, name="greensched-world", daemon=True).start()

    def wait(self, timeout_s: float | None) -> None:
        """Until the run is over; whatever cuts this short stops the world."""
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        try:
            while not self._ended.wait(_POLL_S):
                if until_s is not None and time.monotonic() > until_s:
                    raise BridgeTimeoutError(f"the world was still running after {timeout_s} s")
        except BaseException:
            self._stop.set(True)
            self._ended.wait(_STOP_S)
            raise
        if self._failure is not None:
            raise RunError(f"the world failed: {self._failure}") from self._failure


def _machine(java_options: Sequence[str]) -> Any:
    """JPype with a running JVM that has the world on its class path."""
    try:
        import jpype
    except ImportError as error:
        raise RunError(f"the JVM inside this process needs JPype1: pip install 'JPype1>=1.5,<2' ({error})") from error
    with _one_starts:
        if not jpype.isJVMStarted():
            java, jar = Path(find_java()).resolve(), find_jar()
            options = [*JAVA_DEFAULTS, *os.environ.get("GREENSCHED_JAVA_OPTS", "").split(), *java_options]
            # Ctrl-C stays Python's: a machine that ended on it would take the notebook along. So do others: JPype's own
            # handler of SIGTERM calls Python from a thread that Python does not know; nothing follows, or a crash
            options.append("-Xrs")
            library = _library(java) or jpype.getDefaultJVMPath()
            jpype.startJVM(str(library), *options, classpath=[str(jar)], interrupt=False)
        elif java_options:
            raise ConfigError("java_options came too late: the JVM of this process runs already")
    return jpype


def _library(java: Path) -> Path | None:
    """``libjvm`` of the runtime that ``java`` belongs to, so that both bridges use the same."""
    home = java.parent.parent
    for name in ("libjvm.so", "libjvm.dylib"):
        candidate = home / "lib" / "server" / name
        if candidate.is_file():
            return candidate
    return None


def _port(jpype: Any, conversation: Conversation) -> Any:
    """The mind as the world's ``MindPort``."""
    to_bytes = jpype.JArray(jpype.JByte)

    class Port:
        def call(self, kind: Any, sequence: int, request: Any, truth: Any) -> Any:
            def ask(question: bytes) -> bytes:
                return bytes(truth.tell(to_bytes(np.frombuffer(question, dtype=np.int8))))

            # the mind's own copy: the buffer is the world's again after the call
            message = bytes(memoryview(request))
            reply = conversation.answer(str(kind), int(sequence), message, ask)
            return to_bytes(np.frombuffer(reply, dtype=np.int8))

        def between(self, asked: Any) -> None:
            conversation.between(asked.getAsBoolean)

    return jpype.JProxy("org.greensched.bridge.MindPort", inst=Port())
