from datetime import timedelta

import pytest

from services.gateway.http.rate_limits import Counters, one_site


async def test_counters_hold_no_more_than_they_are_told_however_many_come() -> None:
    counters = Counters(most=100)

    for number in range(1000):
        await counters.set(f"address {number}", b"1", expires_in=60)

    assert len(counters) == 100
    assert await counters.get("address 999") == b"1"
    assert await counters.get("address 0") is None


async def test_counters_of_a_minute_that_is_over_are_forgotten_unasked() -> None:
    now = 0.0
    counters = Counters(clock=lambda: now)
    for number in range(1000):
        await counters.set(f"address {number}", b"1", expires_in=timedelta(microseconds=1))

    now = 61.0
    await counters.set("address of today", b"1", expires_in=60)

    assert len(counters) == 1


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("anonymous", "anonymous"),
    ],
)
def test_all_that_one_customer_can_take_of_ipv6_counts_as_one_address(
    address: str, counted_as: str
) -> None:
    assert one_site(address) == counted_as
