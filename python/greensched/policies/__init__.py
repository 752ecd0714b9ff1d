"""Policies: where, and when, tasks run."""
