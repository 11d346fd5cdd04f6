"""Which marks hold, out of decisions."""

from contracts.views import Decision
from services.gateway.moderation.standing import standing_marks
from tests.unit.gateway.examples import NOON


def decided(sequence: int, what: str, about: str, new_repo_id: str | None = None) -> Decision:
    return Decision(
        sequence=sequence,
        at=NOON,
        what=what,
        about=about,
        reason=f"Reason {sequence}.",
        by="mona",
        new_repo_id=new_repo_id,
    )


def test_a_mark_holds_until_it_is_taken_back() -> None:
    marks = standing_marks(
        (
            decided(4, "unflagged", "acme/a"),
            decided(1, "flagged", "acme/a"),
            decided(2, "flagged", "acme/b"),
            decided(3, "removed", "acme/a"),
            decided(5, "flagged", "acme/c"),
            decided(6, "noted", "acme/b"),
        )
    )

    assert [one.about for one in marks.flagged] == ["acme/c", "acme/b"]
    assert [(one.about, one.reason) for one in marks.removed] == [("acme/a", "Reason 3.")]


def test_a_rename_moves_marks_along() -> None:
    marks = standing_marks(
        (
            decided(1, "flagged", "acme/old"),
            decided(2, "removed", "acme/old"),
            decided(3, "renamed", "acme/old", new_repo_id="acme/new"),
            decided(4, "restored", "acme/new"),
        )
    )

    assert [(one.about, one.reason) for one in marks.flagged] == [("acme/new", "Reason 1.")]
    assert marks.removed == ()
