"""Contracts, types, units, errors, frames: what every other package builds on. No heavy imports."""
