"""Entry point of ``greensched``: registers the commands and turns errors into messages and exit codes.

Exit codes: 0 done, 1 the run failed, 2 bad input, 3 Java missing or too old, 4 the run is degraded, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from greensched import __version__
from greensched.cli import codes, generate, model, signal, trace
from greensched.core.errors import GreenSchedError


class _Commands(TyperGroup):
    """Ctrl-C as an error of ours: typer ends the process without a word, or with another code, by version."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise codes.Interrupted from None


app = typer.Typer(
    name="greensched",
    cls=_Commands,
    help="Carbon-aware scheduling of geo-distributed clouds, co-simulated on CloudSim Plus.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# name, module:function. Modules import what is heavy (pandas, pyarrow, the bridge) inside their functions.
COMMANDS = (
    ("run", "greensched.cli.run:run"),
    ("demo", "greensched.cli.run:demo"),
    ("validate", "greensched.cli.validate:validate"),
    ("prepare", "greensched.cli.prepare:prepare"),
    ("finish", "greensched.cli.finish:finish"),
    ("report", "greensched.cli.finish:report"),
    ("explain", "greensched.cli.explain:explain"),
    ("bound", "greensched.cli.bound:bound"),
    ("policies", "greensched.cli.listing:policies"),
    ("predictors", "greensched.cli.listing:predictors"),
    ("schema", "greensched.cli.schema:schema"),
    ("train", "greensched.cli.train:train"),
    ("export", "greensched.cli.export:export"),
    ("doctor", "greensched.cli.doctor:doctor"),
)
for _name, _target in COMMANDS:
    _module, _, _function = _target.partition(":")
    app.command(_name)(getattr(import_module(_module), _function))
app.add_typer(signal.app)


app.add_typer(trace.app, name="trace")
app.add_typer(generate.app)
app.add_typer(model.app, name="model")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"greensched {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Carbon-aware scheduling of geo-distributed clouds, co-simulated on CloudSim Plus."""


def main() -> None:
    """Run the command line; every deliberate error is one message on stderr and its exit code."""
    try:
        app(prog_name="greensched")  # also when started as python -m greensched
    except GreenSchedError as error:
        if os.environ.get("GREENSCHED_TRACEBACK"):
            raise
        print(f"greensched: {error}", file=sys.stderr)
        sys.exit(codes.of(error))
    except KeyboardInterrupt:
        print("greensched: interrupted", file=sys.stderr)
        sys.exit(codes.INTERRUPTED)
    except BrokenPipeError:  # `greensched explain ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(codes.OK)
    except OSError as error:  # a full disk, a folder without permission
        if os.environ.get("GREENSCHED_TRACEBACK"):
            raise
        where = f": {error.filename}" if error.filename else ""
        print(f"greensched: {(error.strerror or str(error)).lower()}{where}", file=sys.stderr)
        sys.exit(codes.FAILED)
