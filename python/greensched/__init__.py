"""GreenSched: carbon-aware scheduling of geo-distributed clouds (the mind and its tools).

In three lines: ``import greensched``, ``result = greensched.simulate("scenario.yml", "lowest-carbon")``,
``result.jobs``.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers know it: typing itself takes a while to import, and Ctrl-C may fall into it
if TYPE_CHECKING:
    from typing import Any

    from greensched.cli.simulate import Result, simulate

__version__ = "0.1.0"
__all__ = ["Result", "__version__", "simulate"]


def __getattr__(name: str) -> Any:
    """Load what runs a simulation only when it is asked for: predictors and policies import this package, too."""
    if name in ("Result", "simulate"):
        from greensched.cli import simulate as module

        return getattr(module, name)
    raise AttributeError(f"module 'greensched' has no attribute '{name}'")
