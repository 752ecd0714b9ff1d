"""GreenSched: carbon-aware scheduling of geo-distributed clouds (the mind and its tools)."""

__version__ = "0.1.0"
