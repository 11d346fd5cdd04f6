"""What moderators have decided, as the policy stood when the submission was looked at."""

from services.validator.rules.rule import KEPT, NOT_APPLICABLE, Broken, Case, Outcome, rule


@rule(
    "model-barred",
    title="Model is not barred",
    advice="Ask a moderator if you think that this is wrong.",
)
def is_not_barred(case: Case) -> Outcome:
    """Neither the model nor its base model is one that moderators refuse, for instance because its
    authors do not want it to be submitted."""
    base = case.facts.base
    named = {case.model.repo_id, case.model.base_model or "", base.repo_id if base else ""}
    spellings = {name.casefold() for name in named}  # the Hub's names ignore case
    for ruling in case.policy.barred:
        if ruling.name.casefold() in spellings:
            return Broken(f"{ruling.name} may not be submitted here: {ruling.reason}")
    return KEPT


@rule(
    "submitter-banned",
    title="Submitter is not banned",
    advice="Ask a moderator if you think that this is wrong.",
)
def is_of_no_banned_user(case: Case) -> Outcome:
    """The submitter is nobody whom moderators have banned."""
    if case.submission.submitter is None:
        return NOT_APPLICABLE
    submitter = case.submission.submitter.casefold()
    for ruling in case.policy.banned:
        if ruling.name.casefold() == submitter:
            return Broken(f"{ruling.name} may not submit here: {ruling.reason}")
    return KEPT
