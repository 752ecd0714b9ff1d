"""``python -m greensched`` is the command line."""

from __future__ import annotations

from greensched.cli.main import main

if __name__ == "__main__":
    main()
