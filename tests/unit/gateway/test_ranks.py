"""How ranks went: every point is what a count by hand gives for its moment."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from contracts.views import Entry, Level
from services.gateway.models.ranks import Point, Why, of_others, rank_history, steps
from services.gateway.query import rows
from services.gateway.query.frame import BoardFrame
from tests.unit.gateway.examples import NOON, a_board, a_ranked_board, a_row, an_entry

DAY = timedelta(days=1)


def row(name: str, *averages: tuple[int, float | None]) -> Entry:
    """Each with the day since which it had it."""
    levels = tuple(Level(since=NOON + day * DAY, average=average) for day, average in averages)
    entry = an_entry(f"acme/{name}")
    return entry.model_copy(update={"averages": levels, "average": averages[-1][1]})


def history(
    own: Entry,
    *others: Entry,
    departed: Sequence[Entry] = (),
    rescored: Sequence[datetime] = (),
    most: int = 200,
) -> tuple[Point, ...]:
    every = a_ranked_board(own, *others).derived(steps)
    gone = [(one.sid, _levels(one)) for one in departed]
    return rank_history(_levels(own), of_others(every, own.sid, gone), rescored, most)


def _levels(entry: Entry) -> tuple[rows.Level, ...]:
    return tuple(rows.Level(one.since, one.average) for one in entry.averages)


def counted(entries: Sequence[Entry], own: Entry, at: datetime) -> tuple[int | None, int]:
    """Rank and number of ranked rows."""
    then = {}
    for entry in entries:
        averages = [one.average for one in entry.averages if one.since <= at]
        if averages and averages[-1] is not None:
            then[entry.sid] = averages[-1]
    mine = then.get(own.sid)
    rank = None if mine is None else 1 + sum(other > mine for other in then.values())
    return rank, len(then)


def test_it_falls_as_better_ones_come_and_rises_as_they_go() -> None:
    own = row("own", (0, 50.0))
    points = history(
        own,
        row("better", (1, 60.0)),
        row("worse", (2, 40.0)),
        row("equal", (3, 50.0)),
        row("falls", (4, 70.0), (6, 30.0)),
        departed=[row("removed", (5, 90.0), (7, None))],
    )

    assert points == (
        Point(NOON, 1, 1, 50.0, Why.ENTERED),
        Point(NOON + DAY, 2, 2, 50.0, Why.OTHERS, came=1),
        Point(NOON + 4 * DAY, 3, 5, 50.0, Why.OTHERS, came=1),
        Point(NOON + 5 * DAY, 4, 6, 50.0, Why.OTHERS, came=1),
        Point(NOON + 6 * DAY, 3, 6, 50.0, Why.OTHERS, went=1),
        Point(NOON + 7 * DAY, 2, 5, 50.0, Why.OTHERS, went=1),
    )


def test_what_became_of_its_own_average_is_told_apart() -> None:
    own = row("own", (0, 50.0), (2, 55.0), (4, None), (6, 45.0), (8, 44.0))

    points = history(own, row("other", (0, 52.0), (8, 43.0)), rescored=[NOON + 8 * DAY])

    assert [(one.at, one.rank, one.why) for one in points] == [
        (NOON, 2, Why.ENTERED),
        (NOON + 2 * DAY, 1, Why.AVERAGE),
        (NOON + 4 * DAY, None, Why.LEFT),
        (NOON + 6 * DAY, 2, Why.ENTERED),
        (NOON + 8 * DAY, 1, Why.RESCORED),
    ]


def test_a_row_without_an_average_has_no_history() -> None:
    assert history(an_entry("acme/own", grammar=None), row("other", (0, 50.0))) == ()


def test_a_row_that_changes_or_goes_takes_its_past_along() -> None:
    changing, going = row("changing", (0, 50.0), (1, 60.0)), row("going", (0, 40.0))
    frame = BoardFrame(a_board(), map(a_row, (changing, going, row("staying", (0, 30.0)))))

    changed = row("changing", (0, 50.0), (1, 60.0), (2, 70.0))
    frame.apply({changing.sid: a_row(changed), going.sid: None})

    every = steps(frame.snapshot("2"))
    assert every.select("before", "after").rows() == [
        (None, 30.0),
        (None, 50.0),
        (50.0, 60.0),
        (60.0, 70.0),
    ]


def a_life(dice: random.Random, name: str) -> Entry:
    days = sorted(dice.sample(range(60), dice.randint(1, 4)))
    averages = [dice.choice([None, *map(float, range(12))]) for _ in days]
    averages[0] = float(dice.randrange(12))
    return row(name, *zip(days, averages, strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_every_point_is_what_a_count_by_hand_gives(seed: int) -> None:
    dice = random.Random(seed)
    own, *others = (a_life(dice, f"model-{n}") for n in range(40))
    gone = [a_life(dice, f"gone-{n}") for n in range(5)]

    points = history(own, *others, departed=gone)

    everyone = [own, *others, *gone]
    for at in (NOON + day * DAY for day in range(60)):
        rank, of = counted(everyone, own, at)
        standing = [point for point in points if point.at <= at]
        assert (standing[-1].rank if standing else None) == rank
        if standing and standing[-1].at == at:
            assert standing[-1].of == of


@pytest.mark.parametrize("seed", range(5))
def test_a_long_history_keeps_its_end_and_what_the_row_did(seed: int) -> None:
    dice = random.Random(seed)
    own = row("own", (0, 6.0), (20, 3.0), (40, 7.0))
    others = [a_life(dice, f"model-{n}") for n in range(300)]
    whole = history(own, *others)
    marked = NOON + 30 * DAY

    kept = history(own, *others, most=12, rescored=[marked])

    assert len(kept) <= 12 + len(own.averages) + 1
    assert len(kept) < len(whole)
    by_time = {point.at: (point.rank, point.of) for point in whole}
    assert all(by_time[point.at] == (point.rank, point.of) for point in kept)
    assert kept[-1].at == whole[-1].at
    assert {level.since for level in own.averages} <= {point.at for point in kept}
    assert marked in {point.at for point in kept}
    for before, point in pairwise(kept):
        if point.average == before.average and before.rank and point.rank:
            assert point.rank - before.rank == point.came - point.went
