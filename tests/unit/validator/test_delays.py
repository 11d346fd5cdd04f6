import pytest

from contracts.topology import VALIDATOR
from services.validator.delays import Outage, delay_s, is_told, reason
from services.validator.hub import HubDoesNotAnswerError

AWAY = HubDoesNotAnswerError("The Hub at https://hub does not answer: 503 Service Unavailable.")
MOST_S = 60.0


def waits() -> list[float]:
    """Between the deliveries of one submission, all of which find no Hub."""
    return [delay_s(AWAY, delivered, MOST_S) for delivered in range(1, VALIDATOR.max_deliver)]


def test_a_hub_may_be_away_for_an_hour() -> None:
    assert sum(waits()) > 3600


def test_after_a_short_outage_nobody_waits_for_long() -> None:
    waited_s = 0.0
    for wait_s in waits():
        assert wait_s <= max(5, waited_s / 2)
        waited_s += wait_s


@pytest.mark.parametrize(
    ("wished_s", "obeyed_s"), [(None, MOST_S), (1, MOST_S), (300, 300), (86_400, 600)]
)
def test_the_hubs_own_wish_is_heeded_within_bounds(wished_s: float | None, obeyed_s: float) -> None:
    fault = HubDoesNotAnswerError("Too many requests", retry_after_s=wished_s)

    assert delay_s(fault, 50, MOST_S) == obeyed_s


def test_an_outage_of_an_hour_is_told_a_few_times() -> None:
    told = [delivered for delivered in range(1, VALIDATOR.max_deliver + 1) if is_told(delivered)]

    assert told == [1, 2, 4, 8, 16, 32, 64]


def test_the_sentence_names_what_the_hub_answered_and_clears_the_model() -> None:
    told = reason(AWAY)

    assert told.code == "hub-unavailable"
    assert told.message == (
        "The Hub at https://hub does not answer: 503 Service Unavailable. That says nothing about"
        " the model."
    )


class Hub:
    """One that takes `seconds` to fail, on a clock of its own."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 100.0
        self.attempts = 0

    def ask(self) -> None:
        self.attempts += 1
        self.now += self.seconds
        raise AWAY


def ask(hub: Hub, outage: Outage) -> str:
    with pytest.raises(HubDoesNotAnswerError) as raised, outage.watched():
        hub.ask()
    return str(raised.value)


def test_what_took_long_in_vain_is_not_tried_again_for_as_long() -> None:
    hub = Hub(seconds=10)
    outage = Outage(clock=lambda: hub.now)

    told = {ask(hub, outage) for _ in range(20)}
    assert (hub.attempts, told) == (1, {str(AWAY)})

    hub.now += 10
    ask(hub, outage)
    assert hub.attempts == 2


def test_what_fails_at_once_is_tried_each_time() -> None:
    hub = Hub(seconds=0)
    outage = Outage(clock=lambda: hub.now)

    for _ in range(20):
        ask(hub, outage)

    assert hub.attempts == 20


def test_an_outage_ends_with_the_first_answer() -> None:
    hub = Hub(seconds=10)
    outage = Outage(clock=lambda: hub.now)
    ask(hub, outage)
    hub.now += 10

    for _ in range(2):
        with outage.watched():
            hub.now += 1
