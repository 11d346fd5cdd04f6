"""On an event, ask the rules, and say what follows."""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from contracts.board import Board
from contracts.models import ModelRef, Reason
from contracts.submission import SubmissionAccepted, SubmissionReceived, SubmissionRejected
from services.validator.facts import Facts
from services.validator.rules import tier, violations, weight_bytes

GatherFacts = Callable[[ModelRef], Facts]
"""Blocks; raises when the Hub does not answer."""

log = structlog.get_logger(__name__)


async def judge_submission(
    submission: SubmissionReceived, *, gather_facts: GatherFacts, boards: Mapping[str, Board]
) -> SubmissionAccepted | SubmissionRejected:
    """Look the model up and decide. A fault of the Hub raises and is no verdict."""
    board = boards.get(submission.board)
    if board is None:
        return SubmissionRejected(sid=submission.sid, reasons=(_board_unknown(submission.board),))
    facts = await asyncio.to_thread(gather_facts, submission.model)
    if reasons := violations(facts, submission, board):
        log.info("submission rejected", codes=[reason.code for reason in reasons])
        return SubmissionRejected(sid=submission.sid, reasons=reasons)
    assert facts.parameters is not None
    assert facts.license is not None
    size_bytes = weight_bytes(facts.parameters, submission.model.precision)
    log.info("submission accepted", parameters=facts.parameters)
    return SubmissionAccepted(
        sid=submission.sid,
        board=submission.board,
        model=submission.model,
        tier=tier(size_bytes),
        parameters=facts.parameters,
        weight_bytes=size_bytes,
        architecture=facts.architectures[0],
        license=facts.license,
    )


def _board_unknown(name: str) -> Reason:
    return Reason(
        code="board-unknown",
        message=f"There is no board {name!r} any more.",
        advice="Submit the model to one of the boards there are.",
    )
