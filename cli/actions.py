"""`podium cancel`, `rerun`, `vote` and `promote`: what can be done about a submission."""

from typing import Annotated

import typer

from cli.console import console
from cli.gateway import Gateway
from cli.options import LOCAL_GATEWAY, GatewayUrl, Token

SubmissionId = Annotated[str, typer.Argument(help="Id that `podium submit` printed.")]
Note = Annotated[str, typer.Option(help="Why, for the submission's history.")]


def cancel(
    submission_id: SubmissionId,
    note: Note = "",
    token: Token = None,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Stop a submission of yours, and get its place in the quota back.

    Example: podium cancel 5f0c2a9be1d34f77a8c2 --note "a better one follows"
    """
    _act("cancel", submission_id, {"note": note}, token, gateway)


def rerun(
    submission_id: SubmissionId,
    note: Note = "",
    token: Token = None,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Evaluate a submission once more; its earlier runs stay.

    Example: podium rerun 5f0c2a9be1d34f77a8c2
    """
    _act("rerun", submission_id, {"note": note}, token, gateway)


def vote(
    submission_id: SubmissionId, token: Token = None, gateway: GatewayUrl = LOCAL_GATEWAY
) -> None:
    """Say that you want a waiting submission sooner. One vote per user counts.

    Example: podium vote 5f0c2a9be1d34f77a8c2
    """
    _act("votes", submission_id, {}, token, gateway)


def promote(
    submission_id: SubmissionId,
    note: Note = "",
    token: Token = None,
    gateway: GatewayUrl = LOCAL_GATEWAY,
) -> None:
    """Move a waiting submission before the others of its tier; for moderators.

    Example: podium promote 5f0c2a9be1d34f77a8c2 --note "a release of this week"
    """
    _act("promote", submission_id, {"note": note}, token, gateway)


def _act(
    action: str, submission_id: str, body: dict[str, str], token: str | None, gateway: str
) -> None:
    with Gateway(gateway, token) as client:
        client.post(f"/api/v1/requests/{submission_id}/{action}", body)
    console.print(f"Done. podium status {submission_id} --gateway {gateway}")
