"""``greensched policies`` and ``greensched predictors``: what a scenario may name."""

from __future__ import annotations

import inspect
import sys
from typing import Literal

from greensched.core.errors import GreenSchedError


def policies() -> None:
    """List the policies that a scenario may name, those of installed plug-ins included."""
    _print("policy")


def predictors() -> None:
    """List the predictors that a scenario may name, those of installed plug-ins included."""
    _print("predictor")


def _print(kind: Literal["policy", "predictor"]) -> None:
    from greensched.core import registry

    names = registry.names(kind)
    width = max(map(len, names), default=0)
    for name in names:
        try:
            line = _first_line(registry.load(kind, name))
        except GreenSchedError as error:  # one broken plug-in must not hide the others
            print(f"{name:<{width}}  (cannot be loaded: {error})", file=sys.stderr)
            continue
        print(f"{name:<{width}}  {line}")


def _first_line(plug_in: object) -> str:
    return (inspect.getdoc(plug_in) or "").split("\n", 1)[0]
