"""Which moment an address means."""

from datetime import UTC, datetime

import pytest

from services.gateway.http.errors import Refusal
from services.gateway.query.asked import Asked

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("", None),
        ("2026-01-31", datetime(2026, 1, 31, 23, 59, 59, 999999, UTC)),
        ("2026-01-31T12:30", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
        ("2026-01-31T12:30:00Z", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
        ("2026-01-31T12:30:00+02:00", datetime(2026, 1, 31, 10, 30, tzinfo=UTC)),
        ("2026-03-01", None),
        ("2026-03-01T12:00:00Z", None),
        ("9999-12-31", None),
    ],
)
def test_a_day_is_meant_to_its_end_and_what_is_to_come_is_now(
    text: str, moment: datetime | None
) -> None:
    assert Asked(as_of=text).moment(NOW) == moment


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "0001-01-01T00:00+23:00"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="as_of"):
        Asked(as_of=text).moment(NOW)


def test_it_stays_in_the_address_of_the_next_page() -> None:
    address = Asked(as_of="2026-01-31").address("/entries", after="x")

    assert address == "/entries?as_of=2026-01-31&after=x"
