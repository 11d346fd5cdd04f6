"""Organisations that publish their own models: moderators alone have these evaluated again."""

from collections.abc import Iterable

from contracts.submission import SubmissionReceived
from contracts.views import Policy, Request, RequestState
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.identity.access import Caller


def is_official(repo_id: str, policy: Policy) -> bool:
    """Whether the model is an official provider's; the Hub's names ignore case."""
    organisation = repo_id.partition("/")[0].casefold()
    return organisation in {each.name.casefold() for each in policy.official_providers}


def check_not_evaluated_yet(
    event: SubmissionReceived, caller: Caller, policy: Policy, requests: Iterable[Request]
) -> None:
    """Raises Refusal for another commit of an official provider's model that has its scores, unless
    a moderator asks. The same commit is refused to everybody, as a duplicate."""
    if caller.is_moderator or not is_official(event.model.repo_id, policy):
        return
    for request in requests:
        same_but_newer = request.model.model_copy(update={"commit": event.model.commit})
        if (
            request.state is RequestState.FINISHED
            and request.board == event.board
            and request.sid != event.sid
            and same_but_newer == event.model
        ):
            raise Refusal(
                ErrorCode.FORBIDDEN,
                f"{event.model.repo_id} is an official provider's, and has been evaluated at commit"
                f" {request.model.commit[:12]}.",
                "Ask a moderator of this leaderboard to submit another commit of it.",
                {"request": request.sid},
            )
