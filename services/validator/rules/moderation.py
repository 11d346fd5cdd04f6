"""What moderators have decided, as the policy stood when the submission was looked at."""

from services.validator.rules.rule import Case, rule


@rule("model-barred", advice="Ask a moderator if you think that this is wrong.")
def is_not_barred(case: Case) -> str | None:
    """Neither the model nor its base model is one that moderators refuse, for instance because its
    authors do not want it to be submitted."""
    base = case.facts.base
    named = {case.model.repo_id, case.model.base_model or "", base.repo_id if base else ""}
    spellings = {name.casefold() for name in named}  # the Hub's names ignore case
    for ruling in case.policy.barred:
        if ruling.name.casefold() in spellings:
            return f"{ruling.name} may not be submitted here: {ruling.reason}"
    return None


@rule("submitter-banned", advice="Ask a moderator if you think that this is wrong.")
def is_of_no_banned_user(case: Case) -> str | None:
    """The submitter is nobody whom moderators have banned."""
    submitter = (case.submission.submitter or "").casefold()
    for ruling in case.policy.banned:
        if ruling.name.casefold() == submitter:
            return f"{ruling.name} may not submit here: {ruling.reason}"
    return None
