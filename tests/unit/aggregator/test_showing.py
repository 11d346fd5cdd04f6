"""A submission whose events bring a fault of ours is set apart: shown as it stood before it."""

from collections.abc import Iterable
from typing import Any

import pytest

from contracts.base import Event
from contracts.imports import ImportedScore, RowImported
from contracts.models import ModelType
from contracts.moderation import ModelRemoved
from contracts.submission import SubmissionRerunRequested
from contracts.views import Entry, Request, RequestState
from contracts.vote import VoteCast
from services.aggregator.copies import Copies
from services.aggregator.facts import Fact
from services.aggregator.faults import attempt
from services.aggregator.fold import Submission
from services.aggregator.leaderboard import Leaderboard
from services.aggregator.moderation import Moderation, Standing
from services.aggregator.shards import merged
from services.aggregator.showing import Around, show
from services.aggregator.snapshots import from_bytes, to_bytes
from tests.unit.aggregator.story import (
    BOARD,
    accepted,
    as_facts,
    finished,
    model,
    received,
    scored,
    sid_of,
    started,
)

SID, OTHER = sid_of(), "acme/other"
# Normalised it is beyond all floats.
BEYOND = scored("logic", 1.7e308, 0.5)
SET_APART: tuple[Event, ...] = (
    *(received(), accepted(), started(), scored("facts", 0.5)),
    *(BEYOND, finished(), VoteCast(sid=SID, voter="bob")),
)
SOUND: tuple[Event, ...] = (
    *(received(OTHER), accepted(OTHER), started(OTHER), scored("facts", 0.5, repo_id=OTHER)),
    *(scored("logic", 0.5, 0.5, repo_id=OTHER), finished(OTHER)),
)
REQUEST = Request.subject_filter(sid=SID)
ENTRY = Entry.subject_filter(board=BOARD.name, sid=SID)
RERUN: tuple[Event, ...] = (
    *(SubmissionRerunRequested(sid=SID, run=2, by="ada"), accepted(run=2), started(run=2)),
    *(scored("facts", 0.5, run=2), scored("logic", 0.5, 0.5, run=2), finished(run=2)),
)


class Mistaken(Moderation):
    """As a version with a fault would read decisions about one model."""

    def standing(self, repo_id: str) -> Standing:
        if repo_id == "acme/tiny":
            raise TypeError("a fault of ours")
        return super().standing(repo_id)


FACTS = as_facts(*SET_APART, *SOUND)
FAULT = FACTS[SET_APART.index(BEYOND)]


def folded(facts: Iterable[Fact[Any]], at_hand: int = 100) -> Leaderboard:
    """Rendered after each event, as when they come one by one."""
    leaderboard = Leaderboard({BOARD.name: BOARD}, at_hand=at_hand)
    for fact in facts:
        leaderboard.take(fact)
        list(leaderboard.render())
    return leaderboard


def request_in(leaderboard: Leaderboard) -> Request:
    return Request.model_validate_json(leaderboard.views[REQUEST])


def test_others_are_shown_as_if_it_were_not_there() -> None:
    views = folded(FACTS).views

    alone = folded(FACTS[len(SET_APART) :]).views
    assert {subject: views[subject] for subject in alone} == dict(alone)


def test_it_is_shown_as_it_stood_before_the_event_and_says_so() -> None:
    leaderboard = folded(FACTS)

    request = request_in(leaderboard)
    assert request.unshown
    assert (request.unshown.since, request.unshown.event_id) == (FAULT.at, FAULT.id)
    assert (request.state, request.votes) == (RequestState.RUNNING, 0)
    before = folded(FACTS[: FACTS.index(FAULT)])
    assert leaderboard.views[ENTRY] == before.views[ENTRY]
    assert request.model_copy(update={"unshown": None}) == request_in(before)


def test_the_fault_names_the_event_that_brought_it() -> None:
    leaderboard = folded(FACTS)

    assert list(leaderboard.faults) == [SID]
    assert leaderboard.faults[SID].fact == FAULT


@pytest.mark.parametrize("at_hand", [0, 1, 100])
@pytest.mark.parametrize("cut", range(len(FACTS) + 1))
def test_read_at_once_or_from_any_snapshot_it_is_shown_alike(cut: int, at_hand: int) -> None:
    whole = folded(FACTS, at_hand)

    before = Leaderboard({BOARD.name: BOARD}, at_hand=at_hand)
    for fact in FACTS[:cut]:
        before.take(fact)
    after = Leaderboard({BOARD.name: BOARD}, from_bytes(to_bytes(before.state())), at_hand=at_hand)
    for fact in FACTS[cut:]:
        after.take(fact)
    list(after.render())

    assert dict(after.views) == dict(whole.views)
    assert after.faults[SID].fact == FAULT


def test_whoever_goes_on_from_a_snapshot_or_a_share_finds_the_fault_again() -> None:
    state = folded(FACTS, at_hand=0).state()

    for restored in (from_bytes(to_bytes(state)), merged([state])):
        leaderboard = Leaderboard({BOARD.name: BOARD}, restored)
        list(leaderboard.render())
        assert leaderboard.faults[SID].fact == FAULT


@pytest.mark.parametrize("healing", [RERUN, (scored("logic", 0.5, 0.5, attempt=2),)])
def test_a_later_event_heals_it(healing: tuple[Event, ...]) -> None:
    leaderboard = folded(as_facts(*SET_APART, *healing))

    assert leaderboard.faults == {}
    request = request_in(leaderboard)
    assert (request.unshown, request.votes) == (None, 1)
    assert not Entry.model_validate_json(leaderboard.views[ENTRY]).provisional


def test_a_version_without_the_fault_heals_it() -> None:
    submission = Submission({fact.id: fact for fact in FACTS[:4]})
    boards = {BOARD.name: BOARD}

    with_fault = show(submission, Around(boards, {}, Mistaken(), Copies({})))
    without = show(submission, Around(boards, {}, Moderation(), Copies({})))

    assert with_fault.fault
    assert without.fault is None
    assert set(without.views) == {REQUEST, ENTRY}


def test_a_lack_of_memory_is_no_fault_of_the_submission() -> None:
    def out_of_memory() -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        attempt(out_of_memory)


def test_what_stands_may_stand_where_nothing_can_be_shown() -> None:
    only = RowImported(
        sid=SID,
        board=BOARD.name,
        source="other/contents",
        model=model(),
        model_type=ModelType.CHAT,
        scores={"facts": ImportedScore(raw=1.7e308, normalized=100)},
    )

    leaderboard = folded(as_facts(only, *SOUND))

    assert list(leaderboard.faults) == [SID]
    assert ENTRY not in leaderboard.views
    assert ENTRY in leaderboard.awaited


def test_a_removed_model_leaves_the_board_although_it_is_set_apart() -> None:
    facts = as_facts(*SET_APART, ModelRemoved(repo_id="acme/tiny", reason="Asked for.", by="mod"))

    leaderboard = folded(facts)

    assert leaderboard.faults[SID].fact == FAULT
    assert ENTRY not in leaderboard.views
    assert ENTRY not in leaderboard.awaited
    assert request_in(leaderboard).history[-1].what == "moderation.removed"


def test_votes_around_the_event_are_left_out_from_there_on() -> None:
    votes = [VoteCast(sid=SID, voter=f"voter-{n}") for n in range(200)]
    facts = as_facts(*SET_APART[:4], *votes[:100], BEYOND, *votes[100:])
    leaderboard = Leaderboard({BOARD.name: BOARD})
    for fact in facts:
        leaderboard.take(fact)

    list(leaderboard.render())

    assert request_in(leaderboard).votes == 100
