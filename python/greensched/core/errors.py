"""Everything GreenSched raises on purpose.

::

    GreenSchedError
    ├── ConfigError          a scenario or option is wrong (exit code 2)
    │   └── UnknownNameError a name that no registry, zone list or column list knows
    ├── DataError            an input file is missing, malformed or does not cover what was asked (exit code 2)
    │   └── FrameError       a binary frame is damaged
    ├── BridgeError          the two processes could not talk
    │   ├── BridgeAuthError
    │   ├── BridgeTimeoutError
    │   └── BridgeProtocolError
    ├── PredictorError
    ├── PolicyError
    ├── FeedbackLogError
    └── RunError             a run ended without a usable result (exit code 1)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GreenSchedError(Exception):
    """Base of all errors that GreenSched raises on purpose."""


class ConfigError(GreenSchedError):
    """A scenario file or an option is wrong."""


class UnknownNameError(ConfigError):
    """A name that is not registered; the message suggests the nearest known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str], where: str = "") -> None:
        names = sorted(known)
        hint = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        suggestion = f" Did you mean '{hint[0]}'?" if hint else ""
        prefix = f"{where}: " if where else ""
        super().__init__(f"{prefix}no {kind} '{name}'.{suggestion} Known: {', '.join(names)}.")


class DataError(GreenSchedError):
    """An input file is missing, malformed, or does not cover what was asked of it."""


class FrameError(DataError):
    """A binary frame is damaged or not a frame at all."""


class BridgeError(GreenSchedError):
    """World and mind could not talk."""


class BridgeAuthError(BridgeError):
    """Wrong or missing token, or a second client."""


class BridgeTimeoutError(BridgeError):
    """The other side did not answer in time."""


class BridgeProtocolError(BridgeError):
    """A message that the protocol does not allow."""


class PredictorError(GreenSchedError):
    """A predictor returned something unusable or could not be loaded."""


class PolicyError(GreenSchedError):
    """A policy returned something unusable."""


class FeedbackLogError(GreenSchedError):
    """The feedback log is damaged or of another version."""


class RunError(GreenSchedError):
    """A run ended without a usable result."""


def how_to_install(extra: str) -> str:
    """The command that installs an optional part, for error messages."""
    return f"pip install 'greensched[{extra}]', in a clone: pip install -e '.[{extra}]'"
