"""Training of ``llm-prompt``: ridge regression on what a base model read in whole prompts; without torch."""
