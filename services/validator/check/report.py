"""What the rules say of a model that nobody has submitted."""

from contracts.board import Board
from contracts.check import Found, RuleReport, RulesAsked
from contracts.models import ModelRef, Reason
from contracts.submission import SubmissionReceived, submission_id
from contracts.views import Policy
from services.validator import size
from services.validator.facts import Access, Facts, Repository
from services.validator.hub import Hub, HubDoesNotAnswerError
from services.validator.rules import judged
from services.validator.rules.rule import Case

NO_POLICY = Policy()
"""Where nobody knows what moderators have decided."""
_NO_COMMIT = "0" * 40


async def report(
    intent: RulesAsked, board: Board, hub: Hub, policy: Policy = NO_POLICY
) -> RuleReport:
    """As the validator would judge it now."""
    try:
        commit = await hub.commit(intent.model, intent.revision)
        if commit is Access.COMMIT_MISSING:
            return RuleReport(reasons=(_revision_not_found(intent, hub.url),))
        model = _model(intent, commit)
        facts = (
            Facts(Repository(commit, intent.model))
            if isinstance(commit, Access)
            else await hub.facts(model)
        )
    except HubDoesNotAnswerError as fault:
        return RuleReport(hub_fault=str(fault))
    submission = SubmissionReceived(
        sid=submission_id(model, board.name),
        board=board.name,
        model=model,
        model_type=intent.model_type,
        requested_revision=intent.revision,
    )
    case = Case(facts, submission, board, policy)
    judgement = judged(case)
    return RuleReport(
        reasons=judgement.reasons,
        warnings=judgement.warnings,
        rules=judgement.rules,
        found=_found(case),
    )


def _model(intent: RulesAsked, commit: str | Access) -> ModelRef:
    return ModelRef(
        repo_id=intent.model,
        commit=_NO_COMMIT if isinstance(commit, Access) else commit,
        precision=intent.precision,
        weight_type=intent.weight_type,
        base_model=intent.base_model,
        chat_template=intent.chat_template,
    )


def _found(case: Case) -> Found:
    facts, card, whole = case.facts, case.facts.submitted.card, case.whole
    parameters = size.total_parameters(facts, case.model.weight_type)
    config = whole.config if whole else None
    weight_bytes = None
    if parameters is not None and config is not None:
        weight_bytes = size.weight_bytes(parameters, case.model.precision, config)
    return Found(
        commit=facts.submitted.commit,
        parameters=parameters,
        weight_bytes=weight_bytes,
        tier=None if weight_bytes is None else size.tier(weight_bytes),
        architecture=config.architecture if config else None,
        license=(card.license_named or None) if card else None,
        base_models=card.base_models if card else (),
        generation=facts.generation,
    )


def _revision_not_found(intent: RulesAsked, hub_url: str) -> Reason:
    return Reason(
        code="revision-not-found",
        message=f"{intent.model} has no revision {intent.revision!r} on {hub_url}.",
        advice="Give a branch, a tag or a commit that its repository has, such as `main`.",
    )
