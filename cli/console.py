"""How the command speaks to people."""

import json
from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

console = Console()
_errors = Console(stderr=True)


def print_json(value: object) -> None:
    """For scripts: one line, at once."""
    typer.echo(json.dumps(value))


def fail(message: str, advice: str = "", *, status: int = 1) -> NoReturn:
    """Print what went wrong and what to do, and exit with that status."""
    _errors.print(Text.assemble(("Error:", "red bold"), f" {message}"))
    if advice:
        _errors.print(Text(f"       {advice}"))
    raise typer.Exit(status)
