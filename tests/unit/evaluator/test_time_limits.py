import asyncio

import pytest

from contracts.board import Limits
from services.evaluator.failures import EvaluationFault
from services.evaluator.interrupts import Interrupt
from services.evaluator.time_limits import TimeLimits
from tests.waiting import until

HOUR = 3600


async def interrupted(
    limits: Limits, taken_before: dict[str, float], task: str | None = None
) -> str:
    """Code and sentence of what ends work that would take for ever."""
    interrupt = Interrupt()
    with TimeLimits(limits, taken_before, interrupt) as watched:
        if task:
            watched.begin(task)
        with pytest.raises(EvaluationFault) as caught:
            async with asyncio.timeout(30):
                await interrupt.unless(asyncio.Event().wait())
    assert caught.value.failure.reason.advice
    return str(caught.value)


async def a_while() -> str:
    """Long enough for a timer that is due."""
    for _ in range(5):
        await asyncio.sleep(0)
    return "done"


def limits(job: int = HOUR, task: int | None = None) -> Limits:
    return Limits(max_parameters={}, max_job_seconds=job, max_task_seconds=task)


async def test_a_job_ends_when_all_attempts_together_have_taken_too_long() -> None:
    ended = await interrupted(limits(), {"bbh": HOUR / 2, "ifeval": HOUR / 2})

    assert ended.startswith("time-limit:")
    assert "3600 s" in ended


async def test_a_task_ends_when_all_attempts_at_it_have_taken_too_long() -> None:
    ended = await interrupted(limits(task=60), {"bbh": 60}, task="bbh")

    assert ended.startswith("task-time-limit:")
    assert "'bbh'" in ended
    assert "60 s" in ended


async def test_what_other_tasks_took_is_not_held_against_a_task() -> None:
    interrupt = Interrupt()
    with TimeLimits(limits(task=60), {"ifeval": 60}, interrupt) as watched:
        watched.begin("bbh")

        assert await interrupt.unless(a_while()) == "done"


async def test_a_task_that_has_ended_has_no_limit_any_more() -> None:
    interrupt = Interrupt()
    with TimeLimits(limits(task=60), {"bbh": 60}, interrupt) as watched:
        watched.begin("bbh")
        watched.end("bbh")

        assert await interrupt.unless(a_while()) == "done"


async def test_time_is_counted_over_all_attempts() -> None:
    with TimeLimits(limits(), {"bbh": 100.0}, Interrupt()) as watched:
        assert watched.taken_by("bbh") == 100
        watched.begin("bbh")

        await until(lambda: watched.taken_by("bbh") > 100.01)
        assert watched.taken_by("bbh") < 130
        assert watched.taken_by("ifeval") == 0
