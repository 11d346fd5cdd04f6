"""`podium import`: move in with what another leaderboard has found out."""

import asyncio
import csv
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError
from pydantic import ValidationError
from rich.status import Status
from rich.text import Text

from cli.console import console, fail
from cli.hub import HUGGING_FACE
from cli.importing.contents import read_contents
from cli.importing.hub import Found, found
from cli.importing.problems import Problem
from cli.importing.publishing import ImportedEvent, Outcome, publish_changes, submit
from cli.importing.requests import as_submission, read_requests
from cli.importing.results import read_results
from cli.importing.scores import MissingColumnError
from cli.importing.tables import SUFFIXES, read_rows
from cli.options import BoardsFolder
from contracts.board import Board
from contracts.submission import SubmissionReceived
from runtime.boards import InvalidBoardError, load_boards
from runtime.bus import connect
from runtime.settings import REPOSITORY

imports = typer.Typer(
    no_args_is_help=True,
    help="Take over rows, results and requests of another leaderboard; for operators.\n\n"
    "Example: podium import contents open-llm-leaderboard/contents",
)

_CONNECT_S = 5.0
_SHOWN = 50

BoardName = Annotated[str, typer.Option("--board", help="Board that they are for.")]
Nats = Annotated[
    str, typer.Option(envvar="NATS_URL", help="The leaderboard's nats-server; needs access to it.")
]
Hub = Annotated[
    str, typer.Option(envvar="HF_ENDPOINT", help="Hub of the data set: its URL, or a folder.")
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Import the rest where some cannot be used.")
]

LOCAL_NATS = "nats://127.0.0.1:4222"
OPEN_LLM = "open-llm-v2"


@imports.command()
def contents(
    where: Annotated[
        str, typer.Argument(metavar="FILE|DATA_SET", help="CSV, CSV.gz or Parquet, or on the Hub.")
    ],
    board: BoardName = OPEN_LLM,
    skip_bad: SkipBad = False,
    nats: Nats = LOCAL_NATS,
    hub: Hub = HUGGING_FACE,
    boards: BoardsFolder = REPOSITORY / "boards",
) -> None:
    """Import rows: a table as the Open LLM Leaderboard published it.

    Example: podium import contents open-llm-leaderboard/contents
    """
    definition = _board(board, boards)
    with found(where, hub, SUFFIXES) as there, _reading(there):
        try:
            rows = (row for file in there.files for row in read_rows(file))
            read = read_contents(rows, definition, there.source)
        except MissingColumnError as fault:
            fail(f"{where}: {fault}", f"Is it a table of the board {board!r}? See --board.")
        except (OSError, EOFError, ValueError, csv.Error) as fault:
            fail(f"{where} cannot be read: {fault}")
    _check(read.problems, skip_bad)
    _import(read.events, nats)


@imports.command()
def results(
    where: Annotated[
        str, typer.Argument(metavar="DIR|FILE|DATA_SET", help="Files that lm-eval wrote.")
    ],
    board: BoardName = OPEN_LLM,
    model_args: Annotated[
        str,
        typer.Option(
            help="For files that do not say what was scored: pretrained=…,revision=COMMIT,dtype=…, "
            "as for lm_eval's own --model_args."
        ),
    ] = "",
    skip_bad: SkipBad = False,
    nats: Nats = LOCAL_NATS,
    hub: Hub = HUGGING_FACE,
    boards: BoardsFolder = REPOSITORY / "boards",
) -> None:
    """Import results: what lm-eval writes to its --output_path. Scores are computed from them.

    Example: podium import results ./results --board open-llm-v2
    """
    definition = _board(board, boards)
    with found(where, hub, (".json",)) as there, _reading(there):
        read = read_results(there.files, definition, there.source, model_args=model_args)
    _check(read.problems, skip_bad)
    _import(read.events, nats)


@imports.command()
def requests(
    where: Annotated[
        str, typer.Argument(metavar="DIR|FILE|DATA_SET", help="The original's request files.")
    ],
    board: BoardName = OPEN_LLM,
    submit_pending: Annotated[
        bool, typer.Option("--submit", help="Submit here what was not finished there.")
    ] = False,
    skip_bad: SkipBad = False,
    nats: Nats = LOCAL_NATS,
    hub: Hub = HUGGING_FACE,
    boards: BoardsFolder = REPOSITORY / "boards",
) -> None:
    """Import requests: who asked for which model and when.

    Example: podium import requests open-llm-leaderboard/requests --submit
    """
    definition = _board(board, boards)
    with found(where, hub, (".json",)) as there, _reading(there):
        read = read_requests(there.files, definition.name, there.source)
    _check(read.problems, skip_bad)
    submissions: list[SubmissionReceived] = []
    for request in read.pending if submit_pending else ():
        # One without a commit says no more than which branch was meant then.
        with suppress(ValidationError):
            submissions.append(as_submission(request))
    submitted = _import(read.events, nats, submissions)
    if submit_pending:
        console.print(f"{submitted} submitted, of {len(read.pending)} that were not finished.")
        if left := len(read.pending) - len(submissions):
            console.print(f"{left} of them name no commit: submit those with `podium submit`.")
    elif read.pending:
        console.print(f"{len(read.pending)} were not finished: --submit submits them here.")


def _reading(there: Found) -> Status:
    files = len(there.files)
    return console.status(
        f"Reading {files:,} files …" if files > 1 else f"Reading {there.source} …"
    )


def _board(name: str, folder: Path) -> Board:
    try:
        boards = load_boards(folder)
    except InvalidBoardError as fault:
        fail(str(fault), "`podium boards check FILE` says everything that is wrong with a board.")
    if name not in boards:
        fail(f"There is no board {name!r}.", f"{folder} has {', '.join(boards)}.")
    return boards[name]


def _check(problems: Sequence[Problem], skip_bad: bool) -> None:
    for problem in problems[:_SHOWN]:
        console.print(Text(str(problem)))
    if len(problems) > _SHOWN:
        console.print(f"… and {len(problems) - _SHOWN} more")
    if problems and not skip_bad:
        told = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        fail(
            f"{told}; nothing was imported.",
            "Correct them, or import the rest with --skip-bad.",
        )


def _import(
    events: Sequence[ImportedEvent], nats: str, submissions: Sequence[SubmissionReceived] = ()
) -> int:
    """The number of submissions that are new. Tells how many of the events are."""

    async def publish() -> tuple[Outcome, int]:
        async with asyncio.timeout(_CONNECT_S):
            client = await connect(nats, name="podium import")
        try:
            js = client.jetstream()
            with console.status("Comparing with what is known …") as status:
                outcome = await publish_changes(
                    js, events, lambda done, of: status.update(f"Publishing {done:,} of {of:,} …")
                )
            return outcome, await submit(js, submissions)
        finally:
            await client.close()

    try:
        outcome, submitted = asyncio.run(publish())
    except TimeoutError:
        fail(
            "No nats-server answers there.",
            "`podium up` prints where its nats-server listens; give that with --nats.",
        )
    except NotFoundError:
        fail(
            "That nats-server has no leaderboard on it: the stream of events is missing.",
            "Start the leaderboard once, or name another server with --nats.",
        )
    except NatsError as fault:
        fail(
            f"nats-server did not take everything: {fault}",
            "What was published stays; the same command again publishes the rest.",
        )
    console.print(
        f"{outcome.new} imported, {outcome.changed} changed, {outcome.unchanged} known already."
    )
    return submitted
