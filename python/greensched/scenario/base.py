"""Base of all scenario models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Strict: no unknown keys, no silent conversion of text to numbers; immutable; field docstrings are the reference."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )
