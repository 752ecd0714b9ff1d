"""``python -m greensched`` is the command line."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found] # signal itself imports enum: long enough for Ctrl-C
import os


def _leave_at_once(signum: int, frame: object) -> None:
    """While modules are imported an exception may come up where Python throws it away, and the run would go on."""
    os.write(2, b"greensched: interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    # imports take half a second, long enough for Ctrl-C; who ignores the signal (nohup) goes on ignoring it
    listens = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if listens:
        signal.signal(signal.SIGINT, _leave_at_once)
    from greensched.cli.main import main

    if listens:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
