"""`podium reproduce`: a published score, computed again by lm-eval alone."""

import os
import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.comparison import Comparison, Verdict, compare, differing_versions
from cli.console import console, fail
from cli.gateway import Gateway, PublishedScore
from cli.hub import HUGGING_FACE, data_revision, hub_url
from cli.options import LOCAL_GATEWAY, GatewayUrl
from cli.rerun import CannotRunError, Rerun, check_installed, installed_versions
from contracts.evaluation import Provenance

_COULD_NOT_RUN = 2
_STYLES = {Verdict.EQUAL: "green", Verdict.NOISE: "yellow", Verdict.DIFFERS: "red bold"}


@dataclass(frozen=True)
class _Column:
    """One task of the board, and how to compute it again."""

    task: str
    metrics: tuple[str, ...]
    published: PublishedScore
    origin: Provenance
    rerun: Rerun


def reproduce(
    submission_id: Annotated[str, typer.Argument(help="Id of a submission that has scores.")],
    task: Annotated[
        list[str] | None,
        typer.Option(help="Task of the board; may be given again. All when left out."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Only this many questions per lm-eval task, for a quick look."),
    ] = None,
    print_only: Annotated[
        bool, typer.Option("--print", help="Print the commands and run nothing.")
    ] = False,
    include_path: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="Folder with the board's own lm-eval tasks, if any."
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Where results and samples go; else reproduce-ID."),
    ] = None,
    hub: Annotated[
        str,
        typer.Option(
            envvar="HF_ENDPOINT", help="Hub with the board's models and data: its URL, or a folder."
        ),
    ] = HUGGING_FACE,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Run lm-eval's own command for a submission, and compare its scores with the published ones.

    Needs lm-eval in the Python that runs this.

    Exit status: 0 all scores agree, 1 one differs, 2 it could not be run.

    Example: podium reproduce 5f0c2a9be1d34f77a8c2 --task bbh
    """
    with _failing_with(_COULD_NOT_RUN):
        columns = _published(gateway, submission_id, task or [], limit)
        if print_only:
            for column in columns:
                _print_commands(column)
            return
        check_installed([column.rerun for column in columns], columns[0].published.versions)
        columns = [
            replace(column, rerun=column.rerun.including(include_path)) for column in columns
        ]
        folder = folder or Path(f"reproduce-{submission_id}")
        folder.mkdir(parents=True, exist_ok=True)
        with hub_url(hub) as url:
            found = _compare_all(columns, folder, url, limit)
            _explain(columns, found, url)
    console.print(f"lm-eval's results and samples are in {folder}.", highlight=False)
    if any(one.verdict is Verdict.DIFFERS for one in found):
        raise typer.Exit(1)


@contextmanager
def _failing_with(status: int) -> Iterator[None]:
    try:
        yield
    except CannotRunError as fault:
        fail(str(fault), fault.advice, status=status)
    except typer.Exit as stop:  # the gateway's answer was an error, and has been told
        raise typer.Exit(status) from stop


def _published(
    gateway: str, submission_id: str, tasks: Sequence[str], limit: int | None
) -> list[_Column]:
    with Gateway(gateway) as client:
        board = client.submission(submission_id).board
        scores = client.published_scores(board, submission_id)
        [definition] = [one for one in client.boards() if one["name"] == board]
    metrics = {one["id"]: tuple(one["metrics"]) for one in definition["tasks"]}
    if unknown := [task for task in tasks if task not in scores]:
        raise CannotRunError(
            f"The submission has no score for {unknown[0]!r}.",
            f"It has scores for {', '.join(scores) or 'nothing yet'}.",
        )
    columns = []
    for task, score in scores.items():
        if tasks and task not in tasks:
            continue
        if score.provenance is None or not score.provenance.command:
            raise CannotRunError(
                f"The score for {task!r} is from before commands were kept.",
                "Name other tasks with --task, or ask a moderator for a re-run.",
            )
        rerun = Rerun.read(score.provenance.command)
        columns.append(_Column(task, metrics[task], score, score.provenance, rerun.limited(limit)))
    return columns


def _compare_all(
    columns: Sequence[_Column], folder: Path, hub: str, limit: int | None
) -> list[Comparison]:
    table = _empty_table()
    found: list[Comparison] = []
    try:
        for column in columns:
            _print_commands(column)
            report = column.rerun.execute(folder, os.environ | {"HF_ENDPOINT": hub})
            limited = limit not in (None, column.origin.limit)
            compared = compare(column.published, column.metrics, report, limited=limited)
            found += compared
            for one in compared:
                _add_row(table, column.task, one)
    finally:  # hours may lie behind what has been compared when a later task fails
        console.print()
        console.print(table)
    return found


def _print_commands(column: _Column) -> None:
    origin = column.origin
    console.rule(Text(column.task, style="bold"), align="left")
    console.print(
        f"published: {origin.engine.name} engine, {origin.dtype} on {origin.device}",
        style="dim",
        highlight=False,
    )
    for line in column.rerun.lines:
        # Unwrapped, so that it can be copied.
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _empty_table() -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("task")
    table.add_column("lm-eval task", overflow="fold")
    for heading in ("here", "published", "difference", "std. error"):
        table.add_column(heading, justify="right", min_width=len(heading))
    table.add_column("verdict", min_width=len(Verdict.NOISE))
    return table


def _add_row(table: Table, task: str, one: Comparison) -> None:
    table.add_row(
        task,
        one.harness_task,
        f"{one.here:.4f}",
        f"{one.published:.4f}",
        f"{one.difference:+.4f}",
        "" if one.stderr is None else f"{one.stderr:.4f}",
        Text(one.verdict, style=_STYLES[one.verdict]),
    )


def _explain(columns: Sequence[_Column], compared: Sequence[Comparison], hub: str) -> None:
    """What is not as it was at the evaluator; nothing where all is."""
    changed = {one.harness_task for one in compared if one.asked_the_same is False}
    origins = Counter(
        (subtask.data_set, subtask.data_revision)
        for column in columns
        for subtask in column.published.subtasks
        if subtask.harness_task in changed
    )
    for (data_set, revision), count in origins.items():
        tasks = "1 lm-eval task was" if count == 1 else f"{count} lm-eval tasks were"
        sentence = f"{tasks} asked something else than when published"
        if revision:
            sentence += f", from {data_set} at {revision}"
            now = data_revision(data_set, hub)
            if now and now != revision:
                sentence += f"; it is at {now} now"
        console.print(f"{sentence}.", style="yellow", highlight=False)
    published = columns[0].published.versions
    here = installed_versions(list(published)) | {"python": platform.python_version()}
    for name, (theirs, ours) in differing_versions(published, here).items():
        console.print(f"{name} is {ours} here, and was {theirs}.", style="dim", highlight=False)
