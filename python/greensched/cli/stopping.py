"""Being asked to stop, in whatever way."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def signals_as_interrupt() -> Iterator[None]:
    """A polite kill or a closed terminal ends what runs the way Ctrl-C does: it cleans up, or keeps what it has."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGHUP)}
    for number, before in previous.items():
        if before is not signal.SIG_IGN:  # nohup means it
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)
