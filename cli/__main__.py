"""The `podium` command."""

from importlib.metadata import version
from typing import Annotated

import typer

from cli.actions import cancel, promote, rerun, vote
from cli.boards import boards
from cli.check import check
from cli.dead_letters import dead_letters
from cli.demo import demo
from cli.imports import imports
from cli.moderation import moderate
from cli.queue import queue
from cli.reproduce import reproduce
from cli.submissions import board, status, submit
from cli.up import up
from cli.workers import workers
from runtime.logs import configure_logs

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="An open leaderboard for language models that anyone can run.\n\nExample: podium demo",
)
_COMMANDS = {
    "Run": (demo, up),
    "Submit and read": (check, submit, status, queue, board, cancel, rerun, vote, reproduce),
    "Operate": (promote,),
}
for panel, commands in _COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
for name, group in {
    "workers": workers,
    "moderate": moderate,
    "dead-letters": dead_letters,
    "boards": boards,
    "import": imports,
}.items():
    app.add_typer(group, name=name, rich_help_panel="Operate")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"podium {version('podium')}")
        raise typer.Exit


@app.callback()
def podium(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=_print_version,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """What comes before the command."""


def main() -> None:
    # Warnings tell of restarted processes; the rest is in the services' own logs.
    configure_logs("podium", log_format="console", log_level="warning")
    app()


if __name__ == "__main__":
    main()
