from collections.abc import Sequence

import msgspec
import pytest

from services.gateway.query import written
from services.gateway.query.written import WrittenRows


class Row(msgspec.Struct):
    place: int


def told(rows: Sequence[msgspec.Raw]) -> list[int]:
    return [row["place"] for row in msgspec.json.decode(msgspec.json.encode(rows))]


def test_each_row_is_read_once_and_stands_where_it_was_asked_for() -> None:
    rows = WrittenRows()
    read: list[int] = []

    def of(places: Sequence[int]) -> Sequence[Row]:
        read.extend(places)
        return [Row(place) for place in places]

    assert told(rows.at([3, 1], of)) == [3, 1]
    assert told(rows.at([2, 1, 3], of)) == [2, 1, 3]
    assert told(rows.at([], of)) == []
    assert read == [3, 1, 2]


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "_MOST", 3)
    rows = WrittenRows()
    read: list[int] = []

    def of(places: Sequence[int]) -> Sequence[Row]:
        read.extend(places)
        return [Row(place) for place in places]

    for places in ([1, 2], [3, 4], [3, 4], [1, 3]):
        assert told(rows.at(places, of)) == places
    assert read == [1, 2, 3, 4, 1]
