"""Ctrl-C at the worst moment: while a process is being started."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from greensched.cli.interrupts import held_back
from greensched.cli.order import Order, run_greensched


def test_ctrl_c_is_raised_at_the_end_of_the_block() -> None:
    done = []

    def block() -> None:
        with held_back():
            signal.raise_signal(signal.SIGINT)
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        block()
    assert done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_are_left_alone() -> None:
    seen: list[Any] = []

    def work() -> None:
        with held_back():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


def test_a_process_that_begins_as_ctrl_c_comes_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It once was an orphan that went on, and kept the terminal's pipe open."""
    started: list[int] = []
    real = subprocess.Popen.__init__

    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs)
        started.append(self.pid)
        signal.raise_signal(signal.SIGINT)  # before the caller has the process in hand

    monkeypatch.setattr(subprocess.Popen, "__init__", begin)
    with pytest.raises(KeyboardInterrupt):
        run_greensched(Order(Path("none.yml")), ["--version"])
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)
