"""Predictions that a language model writes as text (docs/llm-generate.md)."""
