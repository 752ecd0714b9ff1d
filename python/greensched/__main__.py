"""``python -m greensched`` is the command line."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from greensched.cli.main import main
    except KeyboardInterrupt:  # imports take half a second, long enough for Ctrl-C
        print("greensched: interrupted", file=sys.stderr)
        sys.exit(130)
    main()
