"""The mind as a child of the world (Java first): ``python -m greensched_bridge.serve --run <folder>``.

Reads ``{"token": "..."}`` from stdin, writes ``{"port": p, "protocol": 1, "pid": n}`` to stdout, serves until stdin
ends.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from pathlib import Path

from greensched.core.errors import BridgeAuthError, GreenSchedError
from greensched_bridge.messages import PROTOCOL_VERSION
from greensched_bridge.minds import make_mind, run_id_of
from greensched_bridge.server import MindServer
from greensched_bridge.session import Session

_log = logging.getLogger("greensched.bridge")
_STOP_S = 2.0  # for a decision that nobody waits for any more; the world that started this process has ended


def main(arguments: list[str] | None = None) -> int:
    """Serve one world; returns the exit code."""
    parser = argparse.ArgumentParser(prog="greensched_bridge.serve", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="a prepared run folder")
    folder: Path = parser.parse_args(arguments).run
    # Ctrl-C reaches the whole process group: the world ends first, and its end closes stdin
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("py4j").setLevel(logging.ERROR)
    try:
        _serve(folder)
    except GreenSchedError as error:
        _log.error("%s", error)
        return 1
    return 0


def _serve(folder: Path) -> None:
    token = _token(sys.stdin.readline())
    mind = make_mind(folder)
    session = Session(mind, run_id_of(folder))
    server = MindServer(session, token)
    try:
        print(json.dumps({"port": server.port, "protocol": PROTOCOL_VERSION, "pid": os.getpid()}), flush=True)
        # from here on what a plug-in prints goes to the log: nobody reads stdout any more
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        sys.stdin.read()
    finally:
        server.stop()
        session.finish_mind(_STOP_S)


def _token(line: str) -> str:
    try:
        return str(json.loads(line)["token"])
    except (ValueError, KeyError, TypeError):
        # the line may hold the token: it must not reach the log
        raise BridgeAuthError('stdin must begin with one line {"token": "..."}') from None


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # a mind that still computes an answer for which nobody waits must not keep the process alive
    os._exit(code)
