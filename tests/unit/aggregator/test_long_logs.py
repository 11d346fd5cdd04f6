"""What is packed, let go or restored from a snapshot is as if it had never been."""

import random
from typing import Any

import pytest

from contracts.base import Event
from contracts.imports import ImportedScore, RowImported
from contracts.models import ModelType
from contracts.moderation import (
    ModelFlagged,
    ModelRemoved,
    ModelRenamed,
    ModelRestored,
    ModelUnflagged,
    ProviderNamed,
)
from contracts.operation import EvaluatorsDrained, HoldScope
from contracts.submission import SubmissionRejected, SubmissionRerunRequested
from contracts.vote import VoteCast
from services.aggregator.facts import Fact
from services.aggregator.leaderboard import Leaderboard
from services.aggregator.packing import Packer, as_text
from services.aggregator.shards import merged
from services.aggregator.snapshots import from_bytes, to_bytes
from services.aggregator.views import Views, digest_of
from tests.unit.aggregator.story import (
    BOARD,
    accepted,
    as_facts,
    failed,
    finished,
    model,
    received,
    scored,
    sid_of,
    started,
)
from tests.unit.aggregator.test_fold import REJECTED

ONE, TWO, THREE, FOUR = "acme/one", "acme/two", "bob/three", "carol/four"


def whole_life(repo_id: str, share: float, run: int = 1) -> tuple[Event, ...]:
    return (
        accepted(repo_id, run).model_copy(update={"weights_digest": "d1"}),
        started(repo_id, run),
        scored("facts", share, repo_id=repo_id, run=run),
        scored("logic", share, 0.4, repo_id=repo_id, run=run),
        finished(repo_id, run),
    )


STORY: tuple[Event, ...] = (
    received(ONE),
    *whole_life(ONE, 0.7),
    received(TWO),
    *whole_life(TWO, 0.6)[:3],
    ModelFlagged(repo_id=ONE, reason="Trained on tests.", by="mod"),
    received(THREE),
    SubmissionRejected(sid=sid_of(THREE), reasons=REJECTED.reasons),
    ModelRenamed(repo_id=ONE, new_repo_id="acme/uno", by="mod"),
    VoteCast(sid=sid_of(ONE), voter="ada"),
    failed(TWO),
    ModelRenamed(repo_id="acme/uno", new_repo_id="acme/eins", by="mod"),
    SubmissionRerunRequested(sid=sid_of(TWO), run=2, by="ada"),
    *whole_life(TWO, 0.9, run=2),
    ModelRemoved(repo_id=TWO, reason="Its author asks.", by="mod"),
    RowImported(
        sid=sid_of(FOUR),
        board=BOARD.name,
        source="other/contents",
        model=model(FOUR),
        model_type=ModelType.CHAT,
        scores={"facts": ImportedScore(raw=0.5, normalized=1 / 3 * 100)},
    ),
    ModelUnflagged(repo_id="acme/eins", reason="It was not.", by="mod"),
    ProviderNamed(organisation="Carol", reason="It is theirs.", by="mod"),
    EvaluatorsDrained(scope=HoldScope.EVALUATOR, name="gpu-1", reason="A new disk.", by="mod"),
    ModelRestored(repo_id=TWO, reason="They changed their mind.", by="mod"),
    received("acme/uno"),
)


def folded(facts: list[Fact[Any]], *, at_hand: int = 1000) -> Leaderboard:
    """Read at once, as after a restart."""
    leaderboard = Leaderboard({BOARD.name: BOARD}, at_hand=at_hand)
    for fact in facts:
        leaderboard.take(fact)
    list(leaderboard.render())
    return leaderboard


FACTS = as_facts(*STORY)
VIEWS = dict(folded(FACTS).views)


def test_the_story_leaves_all_kinds_of_views() -> None:
    kinds = {subject.split(".")[3] for subject in VIEWS}

    assert kinds == {"board", "request", "entry", "decision", "policy", "holds"}


@pytest.mark.parametrize("at_hand", [0, 1, 2])
def test_packed_submissions_have_the_views_of_others(at_hand: int) -> None:
    assert dict(folded(FACTS, at_hand=at_hand).views) == VIEWS


@pytest.mark.parametrize("seed", range(25))
def test_events_of_packed_submissions_may_be_repeated_and_in_another_order(seed: int) -> None:
    chance = random.Random(seed)
    repeated = [Fact(f.event, f.id, f.at, f.sequence + 1000) for f in chance.choices(FACTS, k=9)]
    disordered = chance.sample(FACTS + repeated, k=len(FACTS) + len(repeated))

    # A decision's view names its place, which is what the repeats have changed and nothing else.
    assert dict(folded(disordered, at_hand=0).views) == dict(folded(disordered).views)


@pytest.mark.parametrize("at_hand", [0, 1000])
def test_a_view_that_was_let_go_is_made_again(at_hand: int) -> None:
    leaderboard = folded(FACTS, at_hand=at_hand)
    leaderboard.views.let_go()

    assert dict(leaderboard.views) == VIEWS
    digests = {subject: digest_of(body) for subject, body in VIEWS.items()}
    assert leaderboard.views.digests == digests


def test_no_view_is_made_again_for_being_looked_for() -> None:
    made: list[str] = []

    def again(subject: str) -> dict[str, bytes]:
        made.append(subject)
        return {subject: b"{}"}

    views = Views(again)
    views.put("one", b"{}")
    views.let_go()

    assert "one" in views
    assert list(views) == ["one"]
    assert made == []
    assert views["one"] == b"{}"
    assert made == ["one"]


@pytest.mark.parametrize("at_hand", [0, 1, 1000])
@pytest.mark.parametrize("cut", range(len(FACTS) + 1))
def test_from_any_snapshot_the_same_views_follow(cut: int, at_hand: int) -> None:
    before = folded(FACTS[:cut], at_hand=at_hand)

    after = Leaderboard({BOARD.name: BOARD}, from_bytes(to_bytes(before.state())), at_hand=at_hand)
    for fact in FACTS[cut:]:
        after.take(fact)
    list(after.render())

    assert after.position == len(FACTS)
    assert dict(after.views) == VIEWS
    assert after.views.digests == {subject: digest_of(body) for subject, body in VIEWS.items()}
    assert after.promotions == folded(FACTS).promotions


def test_a_snapshot_of_what_is_not_rendered_yet_is_rendered_later() -> None:
    before = Leaderboard({BOARD.name: BOARD}, at_hand=0)
    for fact in FACTS:
        before.take(fact)

    after = Leaderboard({BOARD.name: BOARD}, before.state())
    list(after.render())

    assert dict(after.views) == VIEWS


def test_after_a_snapshot_only_what_is_not_settled_is_rendered_again() -> None:
    before = folded(as_facts(*STORY[:6], received(TWO)), at_hand=0)

    after = Leaderboard({BOARD.name: BOARD}, before.state())

    assert list(after.render()) == [sid_of(TWO)]


def test_what_something_has_still_to_become_of_is_at_hand() -> None:
    waiting = folded(as_facts(*STORY[:6], received(TWO)), at_hand=0)

    assert [each.received.event.sid for each in waiting.unsettled if each.received] == [sid_of(TWO)]


def test_submissions_that_say_the_same_are_packed_into_little() -> None:
    packer = Packer()
    lives = [as_facts(received(name), *whole_life(name, 0.7)) for name in (ONE, TWO, THREE)]
    folds = [{fact.id: fact for fact in facts} for facts in lives]
    packed = [packer.pack(facts) for facts in folds]

    assert len(packed[2].body) < len(as_text(folds[2])) / 10
    assert [list(packer.unpack(each).values()) for each in packed] == lives


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"no snapshot",
        b"{}\n",
        to_bytes(folded(FACTS).state())[:-1],
        to_bytes(folded(FACTS).state()) + b"x",
    ],
)
def test_a_damaged_snapshot_is_refused(damaged: bytes) -> None:
    with pytest.raises((ValueError, KeyError)):
        from_bytes(damaged)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_shares_that_are_folded_apart_amount_to_the_whole(count: int) -> None:
    leaderboards = [Leaderboard({BOARD.name: BOARD}, at_hand=0) for _ in range(count)]
    for fact in FACTS:
        sid = getattr(fact.event, "sid", None)
        for share, leaderboard in enumerate(leaderboards):
            if sid is None or int(sid, 16) % count == share:
                leaderboard.take(fact)

    whole = Leaderboard(
        {BOARD.name: BOARD}, merged([leaderboard.state() for leaderboard in leaderboards])
    )
    list(whole.render())

    assert dict(whole.views) == VIEWS
    assert whole.promotions == folded(FACTS).promotions


def test_a_submission_whose_events_came_to_several_shares_is_one() -> None:
    """A writer has put them on the subjects of another."""
    shares = [Leaderboard({BOARD.name: BOARD}, at_hand=0) for _ in range(2)]
    for fact in FACTS:
        is_common = not hasattr(fact.event, "sid")
        for share, leaderboard in enumerate(shares):
            if is_common or fact.sequence % 2 == share:
                leaderboard.take(fact)

    whole = Leaderboard({BOARD.name: BOARD}, merged([share.state() for share in shares]))
    list(whole.render())

    assert dict(whole.views) == VIEWS
