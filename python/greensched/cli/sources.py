"""Which sources of signals there are, and which can be used with today's keys: for ``signal sources``, ``doctor``."""

from __future__ import annotations

from collections.abc import Iterator

from greensched.core import registry
from greensched.core.errors import GreenSchedError


def lines() -> Iterator[str]:
    """A line per registered source; nothing is asked of the network."""
    from greensched.signals.live import fetching
    from greensched.signals.live.contract import ForecastSource

    for name in registry.names("source"):
        try:
            source = fetching.open_source(name)
        except GreenSchedError as error:
            yield f"{name:<23} cannot be loaded: {error}"
            continue
        missing = fetching.usable(source)
        state = f"set {' and '.join(missing)}" if missing else "usable" if source.needs else "usable, no key needed"
        gives = ", ".join(source.kinds) + (" and forecasts" if isinstance(source, ForecastSource) else "")
        yield f"{name:<23} {state}: {gives}; {source.licence}"
