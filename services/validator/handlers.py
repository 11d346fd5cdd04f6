"""On an event, ask the rules, and say what follows."""

from collections.abc import Awaitable, Callable, Mapping

import structlog

from contracts.board import Board
from contracts.models import ModelRef, Reason
from contracts.submission import SubmissionAccepted, SubmissionReceived, SubmissionRejected
from services.validator import size
from services.validator.facts import Facts
from services.validator.rules import violations

FetchFacts = Callable[[ModelRef], Awaitable[Facts]]
"""Raises when the Hub does not answer: that says nothing about the model."""

log = structlog.get_logger(__name__)


async def judge_submission(
    submission: SubmissionReceived, *, fetch_facts: FetchFacts, boards: Mapping[str, Board]
) -> SubmissionAccepted | SubmissionRejected:
    """Look the model up and decide. A fault of the Hub raises and is no verdict."""
    board = boards.get(submission.board)
    if board is None:
        return SubmissionRejected(sid=submission.sid, reasons=(_board_unknown(submission.board),))
    facts = await fetch_facts(submission.model)
    if reasons := violations(facts, submission, board):
        log.info("submission rejected", codes=[reason.code for reason in reasons])
        return SubmissionRejected(sid=submission.sid, reasons=reasons)
    return _accepted(facts, submission)


def _accepted(facts: Facts, submission: SubmissionReceived) -> SubmissionAccepted:
    # The rules have seen to it that these are there.
    assert facts.weights
    assert facts.config
    assert facts.config.architecture
    assert facts.license
    parameters = size.parameters(facts.weights, facts.config)
    weight_bytes = size.weight_bytes(parameters, submission.model.precision, facts.config)
    accepted = SubmissionAccepted(
        sid=submission.sid,
        board=submission.board,
        model=submission.model,
        tier=size.tier(weight_bytes),
        parameters=parameters,
        weight_bytes=weight_bytes,
        architecture=facts.config.architecture,
        license=facts.license,
    )
    log.info("submission accepted", parameters=parameters, tier=accepted.tier)
    return accepted


def _board_unknown(name: str) -> Reason:
    return Reason(
        code="board-unknown",
        message=f"There is no board {name!r} any more.",
        advice="Submit the model to one of the boards there are.",
    )
