"""What a language model reads: one renderer of jobs and their context, in named levels (docs/prompts.md)."""

from greensched.prompts.headers import QUESTION
from greensched.prompts.job import Caps
from greensched.prompts.levels import LEVELS, Level, Section
from greensched.prompts.renderer import VERSION, PromptRenderer
from greensched.prompts.untrusted import sentences

__all__ = ["LEVELS", "QUESTION", "VERSION", "Caps", "Level", "PromptRenderer", "Section", "sentences"]
