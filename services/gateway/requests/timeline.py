"""A request's history in sentences. Pure."""

from contracts.views import HistoryEntry

_PHRASES = {
    "submission.received": "Submitted",
    "submission.accepted": "Accepted, and put into the queue",
    "submission.rejected": "Refused",
    "submission.delayed": "Its validation has to wait",
    "submission.cancelled": "Cancelled",
    "submission.rerun_requested": "To be evaluated once more",
    "submission.promoted": "Moved before the others of its tier",
    "evaluation.started": "Evaluation began",
    "evaluation.task_scored": "Task scored",
    "evaluation.finished": "Finished; every task has its score",
    "evaluation.failed": "Ended without all scores",
    "import.row": "A row of another board was imported",
    "import.results": "Results of another evaluation were imported",
    "import.request": "A request to another board was imported",
    "moderation.flagged": "Its model was flagged",
    "moderation.unflagged": "A flag was taken back",
    "moderation.renamed": "Its model was renamed",
    "moderation.removed": "Its model was taken off the board",
    "moderation.restored": "Its model was put back on the board",
    "moderation.noted": "A moderator wrote something down",
    "moderation.barred": "Its model may not be submitted any more",
    "moderation.unbarred": "Its model may be submitted again",
}


def who(entry: HistoryEntry, submitter: str | None) -> str | None:
    """The Hub user who did it; None for a service, and for whoever had no name."""
    return submitter if entry.what == "submission.received" else entry.by


def sentence(entry: HistoryEntry, by: str | None) -> str:
    """What happened, for people. `by` is who did it."""
    phrase = _PHRASES.get(entry.what) or _words(entry.what)
    if by:
        phrase += f" by {by}"
    if entry.note:
        phrase += f": {entry.note}"
    return phrase if phrase.endswith((".", "!", "?")) else f"{phrase}."


def _words(what: str) -> str:
    """Of a kind that a newer writer has added."""
    return what.rpartition(".")[2].replace("_", " ").capitalize()
