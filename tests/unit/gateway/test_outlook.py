import time
from itertools import count

import pytest

from contracts.views import RequestState
from services.gateway.queue import outlook as module
from services.gateway.queue.outlook import Outlook
from tests.unit.gateway.examples import a_board, a_request, a_store, an_evaluator, put


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GROWS_STALE_S", 1e9)
    monkeypatch.setattr(module, "_DEAR_S", 1e9)


def test_what_lies_ahead_is_worked_out_once_for_each_state() -> None:
    store = a_store(a_board(), a_request())
    outlook = Outlook(store)
    first = outlook.plan()
    assert outlook.plan() is first

    put(store, a_request("acme/other"), 3)
    second = outlook.plan()
    assert set(second.waiting) == {a_request().sid, a_request("acme/other").sid}

    store.put_presence(an_evaluator())
    third = outlook.plan()
    assert third is not second
    assert third.tiers[an_evaluator().tiers[0]].evaluators == 1

    store.put_presence(an_evaluator())
    assert outlook.plan() is third


def test_time_alone_moves_estimates(monkeypatch: pytest.MonkeyPatch) -> None:
    outlook = Outlook(a_store(a_board(), a_request()))
    first = outlook.plan()

    monkeypatch.setattr(module, "_GROWS_STALE_S", 1e-9)

    assert outlook.plan() is not first


def test_what_was_dear_is_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DEAR_S", -1.0)
    monkeypatch.setattr(module, "_SHARE", 1e9)
    store = a_store(a_board(), a_request())
    outlook = Outlook(store)
    first = outlook.plan()

    put(store, a_request("acme/other"), 3)

    assert outlook.plan() is first


def test_what_has_begun_has_no_place_in_a_queue_that_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_DEAR_S", -1.0)
    monkeypatch.setattr(module, "_SHARE", 1e9)
    outlook = Outlook(a_store(a_board(), a_request()))
    assert outlook.place(a_request())

    assert outlook.place(a_request(state=RequestState.RUNNING, attempt=1)) is None


def test_a_plan_that_a_busy_machine_interrupts_is_not_dear(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = count()
    monkeypatch.setattr(module, "_DEAR_S", 0.5)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)))
    store = a_store(a_board(), a_request())
    outlook = Outlook(store)
    outlook.plan()

    put(store, a_request("acme/other"), 3)

    assert a_request("acme/other").sid in outlook.plan().waiting


def test_a_board_that_is_gone_teaches_nothing() -> None:
    running = a_request(state=RequestState.RUNNING, attempt=1)
    outlook = Outlook(a_store(running))

    assert outlook.time_left(running).seconds is None
    assert outlook.plan().left[running.sid].doubt.startswith("No estimate yet")
