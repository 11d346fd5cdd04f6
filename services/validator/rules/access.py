"""Whether anybody may download the repository, and should."""

from services.validator.facts import Access
from services.validator.rules.rule import KEPT, UNDECIDED, Broken, Case, Kept, Outcome, rule

_UNSAFE = "unsafe"


@rule(
    "model-not-found",
    title="Model is on the Hub",
    advice="Check the spelling; make a private repository public.",
)
def exists(case: Case) -> Outcome:
    """The Hub has the repository, and shows it to the public."""
    if case.facts.submitted.access is not Access.MISSING:
        return KEPT
    return Broken(f"The Hub shows the public no model {case.model.repo_id}.")


@rule(
    "commit-not-found", title="Commit is on the Hub", advice="Submit a commit that is still there."
)
def has_the_commit(case: Case) -> Outcome:
    """The repository still has the commit that its branch or tag stood for when it was submitted,
    and everything is read at that commit."""
    submitted = case.facts.submitted
    if submitted.access is Access.COMMIT_MISSING:
        return Broken(f"{case.model.repo_id} no longer has the commit {case.model.commit}.")
    return Kept(submitted.commit[:12]) if submitted.commit else UNDECIDED


@rule(
    "model-gated",
    title="Model is not gated",
    advice="Switch gating off while the model is evaluated.",
)
def is_not_gated(case: Case) -> Outcome:
    """The files can be downloaded without an agreement: Podium accepts none in its users' name."""
    access = case.facts.submitted.access
    if access is Access.GATED:
        return Broken(f"{case.model.repo_id} is gated: its files need an agreement to be accepted.")
    return KEPT if access is Access.PUBLIC else UNDECIDED


@rule("model-disabled", title="Model is not disabled", advice="Ask the Hub's support why.")
def is_not_disabled(case: Case) -> Outcome:
    """The Hub has not taken the repository down."""
    access = case.facts.submitted.access
    if access is Access.DISABLED:
        return Broken(f"The Hub has disabled {case.model.repo_id}.")
    return UNDECIDED if access is Access.MISSING else KEPT


@rule(
    "files-unsafe",
    title="No unsafe files",
    advice="Remove the files, or ask the Hub's support where its scan is wrong; then submit the"
    " new commit.",
)
def holds_nothing_unsafe(case: Case) -> Outcome:
    """The Hub's security scan calls no file unsafe, where it has scanned the repository."""
    unsafe = [file.path for file in case.facts.submitted.unsafe_files if file.level == _UNSAFE]
    if unsafe:
        return Broken(f"The Hub's security scan calls {', '.join(unsafe)} unsafe.")
    return KEPT if case.is_visible else UNDECIDED


@rule(
    "files-suspicious",
    title="No suspicious files",
    advice="Look at the scan on the model's page of the Hub.",
)
def holds_nothing_suspicious(case: Case) -> Outcome:
    """The Hub's security scan has found nothing in the files, not even something less than
    unsafe."""
    found = [
        f"{file.path} ({file.level})"
        for file in case.facts.submitted.unsafe_files
        if file.level != _UNSAFE
    ]
    if found:
        return Broken(f"The Hub's security scan marks {', '.join(found)}.")
    return KEPT if case.is_visible else UNDECIDED
