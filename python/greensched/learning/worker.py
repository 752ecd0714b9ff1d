"""An update in a process of its own: ``python -m greensched.learning.worker REQUEST.json ANSWER.json``.

The mind goes on deciding meanwhile; the answer appears whole, or never.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from greensched.learning import disk
from greensched.learning.update import Request, carry_out

_NICE = 10  # decisions go first


def main(arguments: list[str]) -> int:
    """Do the update that a file asks for and write what came of it."""
    os.nice(_NICE)
    request, answer = (Path(a) for a in arguments)
    disk.write_json(answer, carry_out(Request(**disk.read_json(request))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
