"""The feedback log: what was decided, on what knowledge, and what came of it."""
