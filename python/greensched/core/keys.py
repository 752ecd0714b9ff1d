"""Keys of services: only from the environment, never shown, never written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from greensched.core.errors import ConfigError

MASK = "***"


@dataclass(frozen=True, repr=False)
class Secret:
    """A key, token or password; its text is only had by asking for it."""

    name: str
    _value: str

    def reveal(self) -> str:
        """The text, for the request and for nothing else."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.name}={MASK})"

    __str__ = __repr__


def secret(
    name: str, environment: Mapping[str, str] | None = None, page: str = "docs/signals.md says where keys come from"
) -> Secret:
    """The key in the environment variable ``name``; ``page`` ends the message where there is none.

    Raises:
        ConfigError: it is not set, or holds what cannot stand in a header.
    """
    value = (os.environ if environment is None else environment).get(name, "").strip()
    if not value:
        raise ConfigError(f"no key: set the environment variable {name} ({page})")
    if not value.isascii() or not value.isprintable():
        raise ConfigError(f"{name} holds characters that a key cannot have; copy it again")
    return Secret(name, value)


def has(names: tuple[str, ...], environment: Mapping[str, str] | None = None) -> list[str]:
    """Those of ``names`` that are not set."""
    there = os.environ if environment is None else environment
    return [name for name in names if not there.get(name, "").strip()]
