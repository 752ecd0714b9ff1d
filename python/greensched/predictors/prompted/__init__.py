"""Predictions from the whole prompt, read as one sequence (docs/llm.md)."""
