"""On an event, ask the rules, and say what follows."""

from collections.abc import Awaitable, Callable, Mapping

import structlog

from contracts.board import Board
from contracts.models import ModelRef, Reason
from contracts.submission import SubmissionAccepted, SubmissionReceived, SubmissionRejected
from contracts.views import Policy
from services.validator import size
from services.validator.facts import Facts, Tell
from services.validator.recognition import is_merge, is_mixture_of_experts
from services.validator.rules import Judgement, judged, judged_so_far
from services.validator.rules.rule import Case

FetchFacts = Callable[[ModelRef, Tell], Awaitable[Facts]]
"""Raises when the Hub does not answer: that says nothing about the model."""
TellJudgement = Callable[[Judgement, str], None]
"""Hears how the rules come out so far and, in words, what is read next. Called in any thread."""

log = structlog.get_logger(__name__)


async def judge_submission(
    submission: SubmissionReceived,
    *,
    fetch_facts: FetchFacts,
    boards: Mapping[str, Board],
    policy: Policy,
    tell: TellJudgement,
) -> SubmissionAccepted | SubmissionRejected:
    """Look the model up and decide. A fault of the Hub raises and is no verdict."""
    board = boards.get(submission.board)
    if board is None:
        return SubmissionRejected(sid=submission.sid, reasons=(_board_unknown(submission.board),))

    def tell_so_far(facts: Facts, reading: str) -> None:
        tell(judged_so_far(Case(facts, submission, board, policy)), reading)

    facts = await fetch_facts(submission.model, tell_so_far)
    case = Case(facts, submission, board, policy)
    judgement = judged(case)
    if judgement.reasons:
        log.info("submission rejected", codes=[reason.code for reason in judgement.reasons])
        return SubmissionRejected(
            sid=submission.sid,
            reasons=judgement.reasons,
            warnings=judgement.warnings,
            rules=judgement.rules,
        )
    return _accepted(case, judgement)


def _accepted(case: Case, judgement: Judgement) -> SubmissionAccepted:
    facts, submission, whole = case.facts, case.submission, case.whole
    model, card = case.model, facts.submitted.card
    parameters = size.total_parameters(facts, model.weight_type)
    # The rules have seen to it that these are there.
    assert parameters is not None
    assert whole
    assert whole.config
    assert whole.config.architecture
    assert card
    weight_bytes = size.weight_bytes(parameters, model.precision, whole.config)
    accepted = SubmissionAccepted(
        sid=submission.sid,
        board=submission.board,
        model=model,
        tier=size.tier(weight_bytes),
        parameters=parameters,
        weight_bytes=weight_bytes,
        architecture=whole.config.architecture,
        license=card.license_named,
        base_commit=facts.base.commit if facts.base else None,
        base_models=card.base_models,
        generation=facts.generation,
        is_merge=is_merge(facts),
        is_mixture_of_experts=is_mixture_of_experts(facts),
        warnings=judgement.warnings,
        rules=judgement.rules,
        weights_digest=facts.submitted.weights_digest,
    )
    log.info("submission accepted", parameters=parameters, tier=accepted.tier)
    return accepted


def _board_unknown(name: str) -> Reason:
    return Reason(
        code="board-unknown",
        message=f"There is no board {name!r} any more.",
        advice="Submit the model to one of the boards there are.",
    )
