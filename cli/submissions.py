"""`podium submit`, `status` and `board`: the leaderboard from the terminal."""

from typing import Annotated

import typer
from rich.text import Text

from cli.console import console, fail, print_json
from cli.gateway import Gateway, Submission
from cli.options import (
    LOCAL_GATEWAY,
    BaseModel,
    ChatTemplate,
    EnteredBoard,
    GatewayUrl,
    Revision,
    SubmittedModel,
    SubmittedPrecision,
    SubmittedType,
    SubmittedWeights,
    Token,
)
from cli.tables import board_table, situation, submissions_table
from cli.watching import watch
from contracts.models import ModelType, Precision, WeightType


def submit(
    model: SubmittedModel,
    revision: Revision = "main",
    precision: SubmittedPrecision = Precision.BFLOAT16,
    model_type: SubmittedType = ModelType.PRETRAINED,
    weight_type: SubmittedWeights = WeightType.ORIGINAL,
    base_model: BaseModel = None,
    chat_template: ChatTemplate = None,
    board: EnteredBoard = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Print each change until it has ended.")
    ] = False,
    token: Token = None,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Submit a model for evaluation. Submitting the same again shows the one there is.

    Example: podium submit EleutherAI/pythia-160m --precision float16 --wait
    """
    submission = {
        "model": model,
        "revision": revision,
        "precision": precision,
        "model_type": model_type,
        "weight_type": weight_type,
        "base_model": base_model,
        "chat_template": chat_template,
    }
    if board:
        submission["board"] = board
    with Gateway(gateway, token) as client:
        submission_id, is_new = client.submit(submission)
        console.print("Submitted." if is_new else "It has been submitted before.")
        console.print(f"Follow it: {gateway}/requests/{submission_id}")
        console.print(f"       or: podium status {submission_id} --gateway {gateway}")
    if wait:
        watch(gateway, submission_id)


def status(
    submission_id: Annotated[
        str | None, typer.Argument(help="Id that `podium submit` printed; all when left out.")
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Print each change until it has ended; exit with 1 unless it has finished.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="As the API has it; one event per line with --watch.")
    ] = False,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Show how a submission stands and why, or list all of them.

    Example: podium status 5f0c2a9be1d34f77a8c2 --watch
    """
    if follow:
        if submission_id is None:
            fail("--watch needs the id of a submission.", "`podium status` lists them.", status=2)
        watch(gateway, submission_id, as_json=as_json)
        return
    with Gateway(gateway) as client:
        if as_json:
            one = client.request(submission_id) if submission_id else client.requests()
            print_json(one)
        elif submission_id:
            _show(client.submission(submission_id))
        else:
            console.print(submissions_table(client.submissions()))


def board(
    name: Annotated[
        str | None, typer.Argument(help="Board to show; needed when there are several.")
    ] = None,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Print a leaderboard.

    Example: podium board demo
    """
    with Gateway(gateway) as client:
        boards = {board["name"]: board for board in client.boards()}
        chosen = name or (next(iter(boards)) if len(boards) == 1 else None)
        if chosen is None or chosen not in boards:
            asked = f"There is no board {name!r}." if name else "Which board?"
            fail(asked, f"There are: {', '.join(boards) or 'none yet'}.")
        console.print(board_table(boards[chosen], client.entries(chosen)))


def _show(submission: Submission) -> None:
    console.print(submissions_table([submission]))
    console.print(situation(submission))
    if submission.failure and submission.failure.log_tail:
        console.print(Text(f"\n{submission.failure.log_tail}", style="dim"))
