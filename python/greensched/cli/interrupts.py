"""A polite kill or a closed terminal, taken as Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def signals_as_interrupt() -> Iterator[None]:
    """A polite kill or a closed terminal raises what Ctrl-C does: what is under way is told, cleared up or kept.

    It also keeps a JVM in this process whole: JPype hands SIGTERM on to Python, which crashes where Python's handler is
    the default one and no function.
    """

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


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Ctrl-C is raised at the end of the block: a process that begins in it is known by then, and can be ended.

    In another thread than the main one, where no Ctrl-C arrives, nothing is changed.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {s: signal.getsignal(s) for s in numbers if callable(signal.getsignal(s))}
    for number in previous:
        signal.signal(number, lambda signum, _: came.append(signum))
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)
        if came:
            signal.raise_signal(came[0])
