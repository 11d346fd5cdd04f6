"""Whether anybody may download the repository, and should."""

from services.validator.facts import Access
from services.validator.rules.rule import Case, rule

_UNSAFE = "unsafe"


@rule("model-not-found", advice="Check the spelling; make a private repository public.")
def exists(case: Case) -> str | None:
    """The Hub has the repository, and shows it to the public."""
    if case.facts.submitted.access is not Access.MISSING:
        return None
    return f"The Hub shows the public no model {case.model.repo_id}."


@rule("commit-not-found", advice="Submit a commit that is still there.")
def has_the_commit(case: Case) -> str | None:
    """The repository still has the commit that its branch or tag stood for when it was submitted,
    and everything is read at that commit."""
    if case.facts.submitted.access is not Access.COMMIT_MISSING:
        return None
    return f"{case.model.repo_id} no longer has the commit {case.model.commit}."


@rule("model-gated", advice="Switch gating off while the model is evaluated.")
def is_not_gated(case: Case) -> str | None:
    """The files can be downloaded without an agreement: Podium accepts none in its users' name."""
    if case.facts.submitted.access is not Access.GATED:
        return None
    return f"{case.model.repo_id} is gated: its files need an agreement to be accepted."


@rule("model-disabled", advice="Ask the Hub's support why.")
def is_not_disabled(case: Case) -> str | None:
    """The Hub has not taken the repository down."""
    if case.facts.submitted.access is not Access.DISABLED:
        return None
    return f"The Hub has disabled {case.model.repo_id}."


@rule(
    "files-unsafe",
    advice="Remove the files, or ask the Hub's support where its scan is wrong; then submit the"
    " new commit.",
)
def holds_nothing_unsafe(case: Case) -> str | None:
    """The Hub's security scan calls no file unsafe, where it has scanned the repository."""
    unsafe = [file.path for file in case.facts.submitted.unsafe_files if file.level == _UNSAFE]
    if not unsafe:
        return None
    return f"The Hub's security scan calls {', '.join(unsafe)} unsafe."


@rule("files-suspicious", advice="Look at the scan on the model's page of the Hub.")
def holds_nothing_suspicious(case: Case) -> str | None:
    """The Hub's security scan has found nothing in the files, not even something less than
    unsafe."""
    found = [
        f"{file.path} ({file.level})"
        for file in case.facts.submitted.unsafe_files
        if file.level != _UNSAFE
    ]
    return f"The Hub's security scan marks {', '.join(found)}." if found else None
