"""Signals from the services of others: one careful client, a cache that remembers, a source per service."""
