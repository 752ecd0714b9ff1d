"""An update that is made by a process of its own while the mind goes on deciding."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from greensched.core.errors import DataError
from greensched.learning import disk
from greensched.learning.update import FAILED, Request

_STOP_S = 5.0


class Background:
    """One such process; its own folder goes when it has been asked for its answer, or stopped.

    Attributes:
        spent_s: wall time since it began.
    """

    def __init__(self, request: Request) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="greensched-update-"))
        self._began = time.monotonic()
        asked, self._answer = self._folder / "request.json", self._folder / "answer.json"
        disk.write_json(asked, request.as_json())
        code = [str(Path(path).resolve()) for path in sys.path if path]  # the same code as this process
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(code)}
        with (self._folder / "output.txt").open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "greensched.learning.worker", str(asked), str(self._answer)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment,
                start_new_session=True,
            )  # fmt: skip

    @property
    def spent_s(self) -> float:
        """Seconds of wall time since it began."""
        return time.monotonic() - self._began

    def poll(self) -> dict[str, Any] | None:
        """What came of it, as :func:`~greensched.learning.update.carry_out` says; None while it is at work."""
        code = self._process.poll()
        if code is None:
            return None
        try:
            outcome = disk.read_json(self._answer)
        except DataError:
            said = (self._folder / "output.txt").read_text(errors="replace").strip().splitlines()
            how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            last = f": {said[-1]}" if said else ""
            outcome = {"status": FAILED, "version": None, "reason": f"the process that trained {how}{last}"}
        self._forget()
        return outcome

    def stop(self) -> None:
        """End it, whatever it has reached."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._forget()

    def _forget(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
