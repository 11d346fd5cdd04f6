"""The rule book, asked over the bus: for forms that tell what is wrong before anything is sent."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from contracts.board import Board
from contracts.check import RuleReport, RulesAsked
from contracts.models import Reason
from contracts.views import Policy
from services.validator.check.report import report
from services.validator.hub import Hub

log = structlog.get_logger(__name__)

_QUEUE = "validator"
"""Of all validators that listen, one gets the question."""
_AT_ONCE = 2
"""Submissions go first: a question costs as much as one."""


async def answer_questions(
    client: Client,
    *,
    hub: Hub,
    boards: Mapping[str, Board],
    policy: Callable[[], Awaitable[Policy]],
) -> None:
    """Until it is cancelled. Who asks waits for seconds, so one question too many is told so at
    once instead of standing in line."""
    under_way: set[asyncio.Task[None]] = set()

    async def answer(message: Msg) -> None:
        try:
            asked = RulesAsked.model_validate_json(message.data)
        except ValidationError as fault:
            log.warning("a question cannot be read", error=str(fault))
            return
        board = boards.get(asked.board)
        told = (
            await report(asked, board, hub, await policy())
            if board
            else RuleReport(reasons=(_board_unknown(asked.board),))
        )
        await message.respond(told.model_dump_json().encode())

    subscription = await client.subscribe(RulesAsked.subject_filter(), queue=_QUEUE)
    async for message in subscription.messages:
        if len(under_way) >= _AT_ONCE:
            await message.respond(RuleReport(busy=True).model_dump_json().encode())
            continue
        task = asyncio.create_task(answer(message))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        task.add_done_callback(_log_fault)


def _log_fault(task: asyncio.Task[None]) -> None:
    """Who asked hears nothing and gives up; a submission would have become a dead letter."""
    if not task.cancelled() and (fault := task.exception()):
        log.error("a question was not answered", exc_info=fault)


def _board_unknown(name: str) -> Reason:
    return Reason(
        code="board-unknown",
        message=f"This validator knows no board {name!r}.",
        advice="Choose one of the boards there are.",
    )
