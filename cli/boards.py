"""`podium boards`: board files, listed and checked before anything runs on them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table
from rich.text import Text

from cli.console import console, fail
from cli.hub import HUGGING_FACE, hub_url
from runtime.board_report import BoardReport, TaskSummary
from runtime.boards import Problem, examine_board
from runtime.settings import REPOSITORY

boards = typer.Typer(help="List board files, or check one.", invoke_without_command=True)

_KINDS = {
    "multiple_choice": "choice",
    "generate_until": "free text",
    "loglikelihood": "log-likelihood",
    "loglikelihood_rolling": "perplexity",
}


@boards.callback()
def list_boards(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Option(envvar="PODIUM_BOARDS", help="Folder with a YAML file per leaderboard.")
    ] = REPOSITORY / "boards",
) -> None:
    """List the board files there are, or check one with `podium boards check FILE`.

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
    """lm-eval belongs to the evaluator, which answers as a process of its own."""
    with hub_url(hub) as url:
        answer = subprocess.run(
            [sys.executable, "-m", "services.evaluator.check_board", str(file)],
            env=os.environ | {"HF_ENDPOINT": url, "TQDM_DISABLE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        return BoardReport.model_validate_json(answer.stdout)
    except ValidationError:
        last_line = answer.stderr.rstrip().rpartition("\n")[2]
        fail(
            f"The check broke off with status {answer.returncode}: {last_line}",
            "It needs the evaluator's packages: pip install 'podium[evaluator]'.",
        )


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
