import pytest

from contracts.models import ModelType
from contracts.submission import SubmissionReceived, submission_id
from contracts.views import Policy, Request, RequestState, Ruling
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.identity.access import Access, Caller, User
from services.gateway.identity.official_providers import check_not_evaluated_yet
from tests.unit.gateway.examples import NOON, a_request

ACCESS = Access(open=False, moderators=frozenset({"mona"}))
ADA, MONA = Caller(ACCESS, User("ada")), Caller(ACCESS, User("mona"))
POLICY = Policy(official_providers=(Ruling(name="Acme", reason="Its own models.", at=NOON),))
DONE = a_request("acme/tiny", state=RequestState.FINISHED)


def newer(request: Request, **changes: object) -> SubmissionReceived:
    """A submission of the same model at another commit."""
    model = request.model.model_copy(update={"commit": "b" * 40, **changes})
    return SubmissionReceived(
        sid=submission_id(model, request.board),
        board=request.board,
        model=model,
        model_type=ModelType.PRETRAINED,
    )


def test_another_commit_of_an_official_model_is_a_moderators_to_submit() -> None:
    with pytest.raises(Refusal, match="is an official provider's") as refused:
        check_not_evaluated_yet(newer(DONE), ADA, POLICY, [DONE])

    assert refused.value.code is ErrorCode.FORBIDDEN
    assert refused.value.details == {"request": DONE.sid}
    check_not_evaluated_yet(newer(DONE), MONA, POLICY, [DONE])


@pytest.mark.parametrize(
    ("event", "policy", "before"),
    [
        (newer(DONE), Policy(), DONE),
        (newer(DONE), POLICY, a_request("acme/tiny", state=RequestState.FAILED)),
        (newer(DONE, chat_template=True), POLICY, DONE),
        (newer(DONE).model_copy(update={"board": "other"}), POLICY, DONE),
        (newer(DONE, repo_id="acme/other"), POLICY, DONE),
    ],
    ids=["no provider", "no scores yet", "another form", "another board", "another model"],
)
def test_everything_else_may_be_submitted(
    event: SubmissionReceived, policy: Policy, before: Request
) -> None:
    check_not_evaluated_yet(event, ADA, policy, [before])
