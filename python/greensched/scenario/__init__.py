"""Scenario files: models, validation, and the preparation of run folders."""
