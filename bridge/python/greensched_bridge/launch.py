"""Python first: start the mind's server, then the world, and see both to their end."""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greensched.core.contracts import Predictor
from greensched.core.errors import BridgeTimeoutError, ConfigError, RunError
from greensched_bridge.conversation import MindLike
from greensched_bridge.java import find_jar, find_java
from greensched_bridge.messages import PROTOCOL_VERSION
from greensched_bridge.minds import make_mind, run_id_of
from greensched_bridge.server import MindServer
from greensched_bridge.session import Session

__all__ = ["PROTOCOL_VERSION", "WorldEnd", "run_world"]

_STOP_S = 20.0
# The first compiler only: on two cores the second costs a short run more than it gains. GREENSCHED_JAVA_OPTS comes
# later and so wins.
JAVA_DEFAULTS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_TAIL_LINES = 15
ENDED_WITH_RESULT = frozenset({0, 4, 130})


@dataclass(frozen=True)
class WorldEnd:
    """How a world ended: its exit code (PROTOCOL.md §2.11), its world.json, and the file of what it printed, if any."""

    exit_code: int
    status: dict[str, Any]
    log: Path | None


def run_world(
    folder: Path,
    mind: MindLike | None = None,
    *,
    predictor: Predictor | None = None,
    java_options: Sequence[str] = (),
    timeout_s: float | None = None,
) -> WorldEnd:
    """Run the world of a prepared run folder against a mind in this process.

    Args:
        folder: a prepared run folder.
        mind: decides; by default the mind of GreenSched with the policy of the run folder.
        predictor: for that mind, instead of the one that the scenario names.
        java_options: for the virtual machine, for example ``-Xmx4g``; added to those in ``GREENSCHED_JAVA_OPTS``.
        timeout_s: give up after this many seconds of wall time; by default never.

    Returns:
        How it ended: completed, degraded, or interrupted from outside.

    Raises:
        ConfigError: the folder is simulated already.
        RunError: the world failed; the message holds the end of its output.
        BridgeTimeoutError: it was still running after ``timeout_s``.
        KeyboardInterrupt: Ctrl-C; the world has been ended and its status is "interrupted".
    """
    refuse_simulated(folder)
    java, jar, run_id = find_java(), find_jar(), run_id_of(folder)
    logging.getLogger("py4j").setLevel(logging.ERROR)
    own = mind is None
    served = make_mind(folder, predictor) if mind is None else mind
    token = secrets.token_hex(32)
    session = Session(served, run_id)
    server = MindServer(session, token)
    try:
        options = [*JAVA_DEFAULTS, *os.environ.get("GREENSCHED_JAVA_OPTS", "").split(), *java_options]
        command = [java, *options, "-jar", str(jar), "--run", str(folder), "--connect"]
        end = _play(command, folder, json.dumps({"port": server.port, "token": token}), timeout_s)
    finally:
        server.stop()
        if own:
            session.finish_mind(_STOP_S)
    if end.exit_code not in ENDED_WITH_RESULT:
        raise WorldError(end)
    return end


def refuse_simulated(folder: Path) -> None:
    """A run folder holds one run.

    Raises:
        ConfigError: it holds one already.
    """
    if (folder / "world" / "world.json").exists():
        raise ConfigError(
            f"{folder} is already simulated (or in use); a run is never overwritten, prepare another folder"
        )


class WorldError(RunError):
    """The world ended without a usable result."""

    def __init__(self, end: WorldEnd) -> None:
        how = f"was killed by signal {-end.exit_code}" if end.exit_code < 0 else f"ended with exit code {end.exit_code}"
        reason = end.status.get("reason")
        said = f": {reason}" if reason else ""
        printed = f"\n{_tail(end.log)}\n(all of its output: {end.log})" if end.log else ""
        super().__init__(f"the world {how}{said}{printed}")
        self.exit_code = 2 if end.exit_code == 2 else 1
        self.end = end


def _play(command: list[str], folder: Path, stdin_line: str, timeout_s: float | None) -> WorldEnd:
    log = folder / "world.log"
    with log.open("wb") as output:
        # a session of its own: Ctrl-C in the terminal reaches this process only, which ends the world in good order
        world = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _say(world, stdin_line)
        code = world.wait(timeout_s)
    except subprocess.TimeoutExpired:
        raise BridgeTimeoutError(f"the world was still running after {timeout_s} s; see {log}") from None
    finally:
        _stop(world)
    return WorldEnd(code, status_of(folder), log)


def _say(world: subprocess.Popen[bytes], line: str) -> None:
    assert world.stdin is not None
    try:
        world.stdin.write(f"{line}\n".encode())
        world.stdin.flush()
    except BrokenPipeError:
        pass  # it has ended already; its exit code and output say why


def _stop(world: subprocess.Popen[bytes]) -> None:
    """Close its stdin, which tells it to end, and see that it does, also when the user is impatient."""
    previous = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:
        previous = None  # not the main thread: no Ctrl-C arrives here
    try:
        if world.stdin is not None:
            try:
                world.stdin.close()
            except BrokenPipeError:
                pass
        try:
            world.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            world.kill()
            world.wait()
    finally:
        if previous is not None:
            signal.signal(signal.SIGINT, previous)


def status_of(folder: Path) -> dict[str, Any]:
    """The world's own word on how it ended, or nothing."""
    try:
        status = json.loads((folder / "world" / "world.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return status if isinstance(status, dict) else {}


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    except OSError as error:  # somebody moved the run folder; how the world ended is to be told all the same
        lines = [f"its output cannot be read: {error}"]
    return "\n".join(f"  | {line}" for line in lines)
