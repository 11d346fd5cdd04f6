"""Models that have the weights of one that was here before them."""

import random

import pytest

from contracts.base import Event
from contracts.models import Lane
from contracts.moderation import ModelNoted, ModelRenamed, ModelUnflagged
from contracts.submission import SubmissionAccepted, SubmissionRerunRequested
from contracts.views import Entry, Request
from services.aggregator.leaderboard import Leaderboard
from tests.unit.aggregator.story import BOARD, accepted, as_facts, received, scored, sid_of

ORIGINAL, COPY, THIRD = "acme/original", "bob/copy", "carol/third"


def taken(repo_id: str, digest: str = "d1", *base_models: str) -> tuple[Event, Event]:
    """A submission that was accepted."""
    found = {"weights_digest": digest, "base_models": base_models}
    return received(repo_id), accepted(repo_id).model_copy(update=found)


def views(*events: Event) -> dict[str, bytes]:
    """Each event is rendered as it comes, as it is while people watch."""
    leaderboard = Leaderboard({BOARD.name: BOARD})
    for fact in as_facts(*events):
        leaderboard.take(fact)
        list(leaderboard.render())
    return dict(leaderboard.views)


def originals(repo_id: str, *events: Event) -> tuple[str, ...]:
    """What the request's page says that the model has the weights of."""
    body = views(*events)[Request.subject_filter(sid=sid_of(repo_id))]
    return Request.model_validate_json(body).same_weights_as


def test_the_later_of_two_models_with_equal_weights_is_marked_and_not_the_earlier() -> None:
    both = (*taken(ORIGINAL), *taken(COPY))

    assert originals(COPY, *both) == (ORIGINAL,)
    assert originals(ORIGINAL, *both) == ()


def test_the_row_is_marked_too() -> None:
    standing = views(*taken(ORIGINAL), *taken(COPY), scored("facts", 0.5, repo_id=COPY))

    body = standing[Entry.subject_filter(board=BOARD.name, sid=sid_of(COPY))]
    assert Entry.model_validate_json(body).same_weights_as == (ORIGINAL,)


def test_of_several_the_first_is_named_first() -> None:
    three = (*taken("zoe/first"), *taken(ORIGINAL), *taken(COPY))

    assert originals(COPY, *three) == ("zoe/first", ORIGINAL)


def test_who_was_accepted_first_counts_and_not_who_was_received_first() -> None:
    (first, first_job), (second, second_job) = taken(ORIGINAL), taken(COPY)

    assert originals(ORIGINAL, first, second, second_job, first_job) == (COPY,)


@pytest.mark.parametrize(
    "both",
    [
        (*taken(ORIGINAL, "d1"), *taken(COPY, "d2")),
        (*taken(ORIGINAL, ""), *taken(COPY, "")),
        (*taken(ORIGINAL), *taken(COPY, "d1", ORIGINAL)),
        (*taken(ORIGINAL), *taken(COPY, "d1", ORIGINAL.upper())),
        (*taken(ORIGINAL, "d1", COPY), *taken(COPY)),
        (received(ORIGINAL), *taken(COPY)),
    ],
    ids=["other weights", "unknown weights", "child", "spelling", "parent", "not accepted"],
)
def test_these_are_no_copies(both: tuple[Event, ...]) -> None:
    assert originals(COPY, *both) == ()


def test_who_says_where_the_weights_are_from_is_no_copy_of_other_copies_either() -> None:
    three = (*taken(ORIGINAL), *taken(COPY), *taken(THIRD, "d1", ORIGINAL))

    assert originals(THIRD, *three) == ()
    assert originals(COPY, *three) == (ORIGINAL,)


def test_the_same_repository_at_another_commit_is_no_copy() -> None:
    model = received(ORIGINAL).model.model_copy(update={"commit": "b" * 40})
    again = {"sid": "f" * 20, "model": model}
    request, job = (event.model_copy(update=again) for event in taken(ORIGINAL))

    standing = views(*taken(ORIGINAL), request, job)

    body = standing[Request.subject_filter(sid="f" * 20)]
    assert Request.model_validate_json(body).same_weights_as == ()


def test_names_follow_renames() -> None:
    renamed = ModelRenamed(repo_id=ORIGINAL, new_repo_id="acme/new", by="mod")

    assert originals(COPY, *taken(ORIGINAL), *taken(COPY), renamed) == ("acme/new",)


def test_a_repository_is_no_copy_of_what_it_was_called_before() -> None:
    renamed = ModelRenamed(repo_id=ORIGINAL, new_repo_id=COPY, by="mod")

    assert originals(COPY, *taken(ORIGINAL), *taken(COPY)) == (ORIGINAL,)
    assert originals(COPY, *taken(ORIGINAL), renamed, *taken(COPY)) == ()


def test_a_moderator_settles_the_likeness_to_what_was_there_by_then() -> None:
    settled = ModelUnflagged(repo_id=COPY, reason="Both are Acme's.", by="mod")
    noted = ModelNoted(repo_id=COPY, reason="Acme was asked.", by="mod")
    both = (*taken(ORIGINAL), *taken(COPY))

    assert originals(COPY, *both, noted) == (ORIGINAL,)
    assert originals(COPY, *both, settled) == ()
    assert originals(THIRD, *both, settled, *taken(THIRD)) == (ORIGINAL, COPY)


STORY: tuple[Event, ...] = (
    *taken(ORIGINAL),
    *taken(COPY),
    ModelRenamed(repo_id=ORIGINAL, new_repo_id="acme/new", by="mod"),
    *taken(THIRD),
    scored("facts", 0.5, repo_id=COPY),
    ModelUnflagged(repo_id=COPY, reason="Both are Acme's.", by="mod"),
    *taken("dora/fourth", "d1", COPY),
    SubmissionRerunRequested(sid=sid_of(COPY), run=2),
    accepted(COPY, run=2, lane=Lane.HIGH).model_copy(update={"weights_digest": "d2"}),
)


@pytest.mark.parametrize("seed", range(40))
def test_events_in_another_order_give_the_same_bytes(seed: int) -> None:
    facts = as_facts(*STORY)
    chance = random.Random(seed)
    leaderboard = Leaderboard({BOARD.name: BOARD})

    for fact in chance.sample(facts, k=len(facts)):
        leaderboard.take(fact)
        if chance.random() < 0.5:
            list(leaderboard.render())
    list(leaderboard.render())

    assert leaderboard.views == views(*STORY)


def test_nobody_else_is_rendered_again_when_a_copy_is_accepted() -> None:
    leaderboard = Leaderboard({BOARD.name: BOARD})
    *before, request, job = as_facts(*taken(ORIGINAL), *taken(COPY), *taken(THIRD))
    for fact in before:
        leaderboard.take(fact)
    list(leaderboard.render())

    leaderboard.take(request)
    leaderboard.take(job)

    assert isinstance(job.event, SubmissionAccepted)
    assert list(leaderboard.render()) == [job.event.sid]
