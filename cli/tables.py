"""Submissions and boards as terminal tables."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli import times
from cli.gateway import Submission
from contracts.models import Reason
from contracts.views import RequestState

_NAME_WIDTH = 14
_STYLES = {
    RequestState.RECEIVED: "dim",
    RequestState.WAITING: "dim",
    RequestState.RUNNING: "cyan",
    RequestState.FINISHED: "green",
    RequestState.REJECTED: "yellow",
    RequestState.FAILED: "red",
    RequestState.CANCELLED: "yellow",
}


def submissions_table(submissions: Sequence[Submission]) -> Table:
    """One line per submission, with the score of each task as it comes in."""
    task_ids = list(dict.fromkeys(task.task for one in submissions for task in one.tasks))
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="bold")
    # On a narrow terminal names are folded and headings cut, scores and states never.
    table.add_column("model", overflow="fold", min_width=_NAME_WIDTH)
    table.add_column("precision", min_width=8)
    table.add_column("state", min_width=8)
    for task_id in task_ids:
        table.add_column(task_id, justify="right", min_width=6)
    for submission in submissions:
        scores = {task.task: task.score for task in submission.tasks}
        table.add_row(
            submission.model,
            submission.precision,
            _state(submission.state),
            *(_score(scores.get(task_id)) for task_id in task_ids),
        )
    return table


def requests_table(requests: Iterable[dict[str, Any]]) -> Table:
    """One line per submission, with what it takes to ask for more about it."""
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="bold")
    table.add_column("id", no_wrap=True)
    table.add_column("model", overflow="fold", min_width=_NAME_WIDTH)
    table.add_column("precision", overflow="fold")
    table.add_column("board", overflow="fold")
    table.add_column("state", no_wrap=True)
    table.add_column("submitted", overflow="fold")
    for request in requests:
        table.add_row(
            request["id"],
            request["model"],
            request["precision"],
            request["board"],
            _state(RequestState(request["state"])),
            f"{times.since(request['received_at'])} ago",
        )
    return table


def board_table(board: dict[str, Any], entries: Iterable[dict[str, Any]]) -> Table:
    """The board as the page shows it: ranked rows, then provisional ones."""
    trial = f" (trial: first {board['limit']} documents per task)" if board["limit"] else ""
    title = board["title"] + trial
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        collapse_padding=True,
    )
    # On a narrow terminal names and headings wrap; ranks and scores stay whole.
    table.add_column("#", justify="right", min_width=3)
    table.add_column("model", overflow="fold", min_width=_NAME_WIDTH)
    table.add_column("precision", overflow="fold")
    table.add_column("average", justify="right", style="bold", min_width=6)
    for task in board["tasks"]:
        table.add_column(task["title"], justify="right", min_width=6)
    for entry in entries:
        scores = entry["scores"]
        table.add_row(
            "" if entry["rank"] is None else str(entry["rank"]),
            entry["model"],
            entry["precision"],
            _score(entry["average"]),
            *(_score(scores.get(task["id"], {}).get("normalized")) for task in board["tasks"]),
        )
    return table


def reasons(submission: Submission) -> RenderableType:
    """Why it was refused or failed and what to do; warnings too."""
    return Group(*map(_reason, submission.why), *map(_reason, submission.warnings))


def situation(submission: Submission) -> RenderableType:
    """What happened, since when, and what to do; then what that leaves out."""
    told = submission.situation
    if told is None:
        return reasons(submission)
    text = Text(f"\n{told.what}\n{told.next_step}\n")
    text.append(f"Since {told.since:%Y-%m-%d %H:%M} UTC.", style="dim")
    # One reason is told in the sentence, all but its code.
    rest = submission.why if len(submission.why) > 1 else ()
    if submission.why and not rest:
        text.append(f" [{submission.why[0].code}]", style="dim")
    return Group(text, *map(_reason, rest), *map(_reason, submission.warnings))


def _reason(reason: Reason) -> Text:
    text = Text(f"  {reason.message} ")
    text.append(reason.advice, style="italic")
    return text.append(f" [{reason.code}]", style="dim")


def _state(state: RequestState) -> Text:
    return Text(state, style=_STYLES[state])


def _score(value: float | None) -> str:
    return "·" if value is None else f"{value:.2f}"
