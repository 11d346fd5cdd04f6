import pytest

from contracts.views import HistoryEntry
from services.gateway.requests.timeline import sentence, who
from tests.unit.gateway.examples import NOON


def entry(what: str, note: str = "", by: str | None = None) -> HistoryEntry:
    return HistoryEntry(at=NOON, what=what, note=note, by=by)


@pytest.mark.parametrize(
    ("told", "by", "said"),
    [
        (entry("submission.received"), "ada", "Submitted by ada."),
        (entry("submission.received"), None, "Submitted."),
        (
            entry("submission.accepted", "run 1, tier small, lane normal"),
            None,
            "Accepted, and put into the queue: run 1, tier small, lane normal.",
        ),
        (
            entry("submission.cancelled", "a better one follows"),
            "ada",
            "Cancelled by ada: a better one follows.",
        ),
        (
            entry("evaluation.failed", "model: It gave NaN."),
            None,
            "Ended without all scores: model: It gave NaN.",
        ),
        (
            entry("import.row", "from acme/contents"),
            None,
            "A row of another board was imported: from acme/contents.",
        ),
        (entry("evaluation.invented_later"), None, "Invented later."),
    ],
)
def test_an_entry_is_a_sentence(told: HistoryEntry, by: str | None, said: str) -> None:
    assert sentence(told, by) == said


def test_who_did_it() -> None:
    assert who(entry("submission.received"), "ada") == "ada"
    assert who(entry("submission.promoted", by="mona"), "ada") == "mona"
    assert who(entry("evaluation.started"), "ada") is None
