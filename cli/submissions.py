"""`podium submit`, `status` and `board`: the leaderboard from the terminal."""

from typing import Annotated, Any

import typer
from rich.text import Text

from cli.console import console, fail, print_json
from cli.gateway import Gateway, Submission
from cli.options import (
    LOCAL_GATEWAY,
    AsJson,
    BaseModel,
    ChatTemplate,
    EnteredBoard,
    GatewayUrl,
    Model,
    Revision,
    SubmittedPrecision,
    SubmittedType,
    SubmittedWeights,
    Token,
)
from cli.tables import board_table, requests_table, situation, submissions_table
from cli.watching import watch
from contracts.models import ModelType, Precision, WeightType
from contracts.views import RequestState


def submit(
    model: Model,
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

    Example: podium submit EleutherAI/pythia-160m --board open-llm-v2 --wait
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
        str | None,
        typer.Argument(help="Id that `podium submit` printed; the newest when left out."),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Print each change until it has ended; exit with 1 unless it has finished.",
        ),
    ] = False,
    state: Annotated[
        RequestState | None,
        typer.Option(help="Without an id: those in this state.", show_default=False),
    ] = None,
    board: Annotated[
        str | None, typer.Option(help="Without an id: those for this board.", show_default=False)
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=500, help="Without an id: most of them to list.")
    ] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="As the API has it; one event per line with --watch.")
    ] = False,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Show how a submission stands and why, or list the newest.

    Example: podium status 5f0c2a9be1d34f77a8c2 --watch
    """
    if follow:
        if submission_id is None:
            fail("--watch needs the id of a submission.", "`podium status` lists them.", status=2)
        watch(gateway, submission_id, as_json=as_json)
        return
    with Gateway(gateway) as client:
        if submission_id is None:
            page = client.requests(state=state, board=board, limit=limit)
            print_json(page) if as_json else _list(page)
        elif as_json:
            print_json(client.request(submission_id))
        else:
            _show(client.submission(submission_id))


def board(
    name: Annotated[
        str | None, typer.Argument(help="Board to show; needed when there are several.")
    ] = None,
    search: Annotated[
        str, typer.Option(help="As on the page: words, `@params:<9`; docs/query.md has all of it.")
    ] = "",
    sort: Annotated[
        str | None,
        typer.Option(help="Columns, `-` for the highest first; else by rank.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most rows to show.")] = 20,
    as_json: AsJson = False,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Print the best of a leaderboard, or what a search finds there.

    Example: podium board open-llm-v2 --search 'llama @params:<9' --sort=-math
    """
    with Gateway(gateway) as client:
        boards = {board["name"]: board for board in client.boards()}
        chosen = name or (next(iter(boards)) if len(boards) == 1 else None)
        if chosen is None or chosen not in boards:
            asked = f"There is no board {name!r}." if name else "Which board?"
            fail(asked, f"There are: {', '.join(boards) or 'none yet'}.")
        page = client.entries(chosen, search=search, sort=sort, limit=limit)
    if as_json:
        print_json(page)
        return
    console.print(board_table(boards[chosen], page["items"]))
    if more := page["total"] - len(page["items"]):
        console.print(f"… and {more:,} more; --limit shows them.")


def _list(page: dict[str, Any]) -> None:
    if not page["items"]:
        console.print("There are none.")
        return
    console.print(requests_table(page["items"]))
    if page["next"]:
        console.print("… and older ones; --limit shows them.")


def _show(submission: Submission) -> None:
    console.print(submissions_table([submission]))
    console.print(situation(submission))
    if submission.failure and submission.failure.log_tail:
        console.print(Text(f"\n{submission.failure.log_tail}", style="dim"))
