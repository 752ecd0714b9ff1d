"""What a language model reads: one renderer of jobs and their context, in named levels (docs/prompts.md)."""
