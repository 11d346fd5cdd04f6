"""The `podium` command."""

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
    help="An open leaderboard for language models that anyone can run. Try `podium demo` first.",
)
for command in (
    demo,
    up,
    check,
    submit,
    status,
    queue,
    board,
    cancel,
    rerun,
    vote,
    promote,
    reproduce,
):
    app.command()(command)
app.add_typer(boards, name="boards")
app.add_typer(workers, name="workers")
app.add_typer(moderate, name="moderate")
app.add_typer(imports, name="import")
app.add_typer(dead_letters, name="dead-letters")


def main() -> None:
    # Warnings tell of restarted processes; the rest is in the services' own logs.
    configure_logs("podium", log_format="console", log_level="warning")
    app()


if __name__ == "__main__":
    main()
