"""What `podium status ID` says beside the table."""

from datetime import UTC, datetime

from rich.console import Console

from cli.gateway import Situation, Submission
from cli.tables import situation
from contracts.models import Precision, Reason
from contracts.views import RequestState

LICENSE = Reason(code="license-missing", message="It names no license.", advice="Name one.")
CARD = Reason(code="card-missing", message="It has no card.", advice="Write one.")
TOLD = Situation(
    what="It was refused: it breaks 2 rules.",
    since=datetime(2026, 1, 1, 12, 30, tzinfo=UTC),
    next_step="Do what each of the 2 reasons says.",
)


def printed(*reasons: Reason, told: Situation | None = TOLD) -> str:
    submission = Submission(
        id="0" * 20,
        board="demo",
        model="acme/tiny",
        precision=Precision.BFLOAT16,
        state=RequestState.REJECTED,
        reasons=reasons,
        situation=told,
    )
    console = Console(width=200)
    with console.capture() as capture:
        console.print(situation(submission))
    return capture.get()


def test_it_says_what_happened_since_when_and_what_to_do() -> None:
    text = printed(LICENSE, CARD)

    assert "It was refused: it breaks 2 rules." in text
    assert "Since 2026-01-01 12:30 UTC." in text
    assert "Do what each of the 2 reasons says." in text
    assert "license-missing" in text
    assert "Write one." in text


def test_a_single_reason_is_not_repeated() -> None:
    text = printed(LICENSE)

    assert "license-missing" in text
    assert LICENSE.message not in text


def test_an_older_gateway_still_tells_the_reasons() -> None:
    assert "Name one." in printed(LICENSE, told=None)
