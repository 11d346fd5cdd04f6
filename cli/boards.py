"""`podium boards`: board files, listed and checked before anything runs on them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.asking import ask
from cli.console import console, fail
from cli.hub import HUGGING_FACE, hub_url
from cli.options import BoardsFolder
from runtime.board_report import BoardReport, TaskSummary
from runtime.boards import Problem, examine_board
from runtime.settings import REPOSITORY

boards = typer.Typer(invoke_without_command=True)

_KINDS = {
    "multiple_choice": "choice",
    "generate_until": "free text",
    "loglikelihood": "log-likelihood",
    "loglikelihood_rolling": "perplexity",
}


@boards.callback()
def list_boards(
    context: typer.Context,
    folder: BoardsFolder = REPOSITORY / "boards",
) -> None:
    """List board files, or check one.

    Example: podium boards
    """
    if context.invoked_subcommand is None:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("board", "title", "tasks", "file"):
            table.add_column(heading, overflow="fold")
        for file in sorted(folder.glob("*.yaml")):
            if board := examine_board(file).board:
                titles = ", ".join(task.title for task in board.tasks)
                table.add_row(board.name, board.title, titles, str(file))
            else:
                advice = "`podium boards check FILE` says why"
                table.add_row(file.stem, Text("not valid", style="red"), advice, str(file))
        console.print(table if table.row_count else f"{folder} holds no *.yaml board definition.")


@boards.command()
def check(
    file: Annotated[Path, typer.Argument(help="The board's YAML file.")],
    hub: Annotated[
        str,
        typer.Option(envvar="HF_ENDPOINT", help="Hub that data comes from: its URL, or a folder."),
    ] = HUGGING_FACE,
) -> None:
    """Say everything that is wrong with a board file; lm-eval's tasks are loaded for it, with data.

    Example: podium boards check boards/open-llm-v2.yaml
    """
    contents = examine_board(file)
    problems, report = contents.problems, BoardReport(problems=(), remarks=(), tasks=())
    if contents.tasks:
        with console.status("Loading lm-eval's tasks and their data (minutes, the first time) …"):
            report = _ask_the_harness(file, hub)
    _print_list(report.remarks, "yellow")
    problems += report.problems
    if problems:
        _print_list(problems, "red")
        fail(f"{file} has {len(problems)} {'problem' if len(problems) == 1 else 'problems'}.")
    console.print(_summary(report.tasks))
    console.print(f"{file} is fine.", style="green")


def _ask_the_harness(file: Path, hub: str) -> BoardReport:
    """lm-eval belongs to the evaluator."""
    with hub_url(hub) as url:
        environment = {"HF_ENDPOINT": url, "TQDM_DISABLE": "1"}
        return ask("evaluator.check_board", str(file), BoardReport, environment)


def _print_list(problems: Sequence[Problem], style: str) -> None:
    for problem in problems:
        console.print(Text.assemble((problem.where, style), f": {problem.what}"))


def _summary(tasks: Sequence[TaskSummary]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("task")
    table.add_column("lm-eval task")
    for heading in ("members", "documents"):
        table.add_column(heading, justify="right")
    for heading in ("answers", "shots"):
        table.add_column(heading)
    for task in tasks:
        table.add_row(
            task.id,
            task.harness_task,
            str(task.tasks),
            f"{task.documents:,}",
            ", ".join(_KINDS[kind] for kind in task.kinds) + _range(task.choices),
            ", ".join(map(str, task.shots)),
        )
    return table


def _range(choices: tuple[int, int] | None) -> str:
    if choices is None:
        return ""
    fewest, most = choices
    return f" of {most}" if fewest == most else f" of {fewest} to {most}"
