"""How the command speaks to people."""

from typing import NoReturn

import typer
from rich.console import Console

console = Console()
_errors = Console(stderr=True)


def fail(message: str, advice: str = "") -> NoReturn:
    """Print what went wrong and what to do, and exit with status 1."""
    _errors.print(f"[red bold]Error:[/] {message}", highlight=False)
    if advice:
        _errors.print(f"       {advice}", highlight=False)
    raise typer.Exit(1)
