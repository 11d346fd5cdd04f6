"""`podium submit`, `status` and `board`: the leaderboard from the terminal."""

from typing import Annotated

import typer
from rich.text import Text

from cli.console import console, fail, print_json
from cli.gateway import Gateway, Submission
from cli.tables import board_table, situation, submissions_table
from cli.watching import watch
from contracts.models import ModelType, Precision, WeightType

GatewayUrl = Annotated[
    str,
    typer.Option(
        "--gateway",
        envvar="PODIUM_GATEWAY",
        help="Where the gateway listens.",
        callback=lambda url: url.rstrip("/"),
    ),
]
# Not HF_TOKEN: that one opens its owner's repositories, and whoever runs a gateway would get it.
Token = Annotated[
    str | None,
    typer.Option(
        envvar="PODIUM_TOKEN",
        help="Hub token that says who you are; one without any permission will do.",
        show_default=False,
        show_envvar=True,
    ),
]
LOCAL_GATEWAY = "http://127.0.0.1:8000"


def submit(
    model: Annotated[str, typer.Argument(help="Repository on the Hub, NAMESPACE/NAME.")],
    revision: Annotated[str, typer.Option(help="Branch, tag or commit.")] = "main",
    precision: Annotated[
        Precision, typer.Option(help="Number format the weights are loaded in.")
    ] = Precision.BFLOAT16,
    model_type: Annotated[
        ModelType, typer.Option(help="What kind of model it is.")
    ] = ModelType.PRETRAINED,
    weight_type: Annotated[
        WeightType, typer.Option(help="Whole weights, or a change to --base-model.")
    ] = WeightType.ORIGINAL,
    base_model: Annotated[
        str | None, typer.Option(help="What an adapter or delta is applied to.")
    ] = None,
    chat_template: Annotated[
        bool | None,
        typer.Option(
            help="Wrap prompts in the tokenizer's chat template; by default for chat models only.",
            show_default=False,
        ),
    ] = None,
    board: Annotated[
        str | None, typer.Option(help="Board to enter; needed when there are several.")
    ] = None,
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
