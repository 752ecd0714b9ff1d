"""``greensched schema``: the JSON Schema of scenario files, for editors."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def schema(
    reference: Annotated[bool, typer.Option("--reference", help="Print docs/scenario-reference.md instead.")] = False,
) -> None:
    """Print the JSON Schema of scenario files."""
    from greensched.scenario import reference as generated

    print(generated.markdown() if reference else json.dumps(generated.json_schema(), indent=2), end="\n")
