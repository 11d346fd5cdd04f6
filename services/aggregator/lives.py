"""Messages of EVENTS, those of each submission together."""

from collections.abc import Iterable, Iterator, Mapping

from contracts.evaluation import EvaluationFailed, EvaluationFinished
from contracts.imports import RequestImported, ResultsImported, RowImported
from contracts.registry import EVENT_TYPES
from contracts.submission import SubmissionCancelled, SubmissionRejected
from services.aggregator.frames import Recorded

_ENDS = {
    event.type_name()
    for event in (
        *(SubmissionRejected, SubmissionCancelled, EvaluationFinished, EvaluationFailed),
        *(RowImported, ResultsImported, RequestImported),
    )
}
_PLACE_OF_SID = {
    event.type_name(): event.SUBJECT.split(".").index("{sid}")
    for event in EVENT_TYPES
    if "{sid}" in event.SUBJECT
}


def submission_of(subject: str, headers: Mapping[str, str]) -> str | None:
    """The one that its subject names; None where it names none."""
    tokens = subject.split(".")
    place = _PLACE_OF_SID.get(headers.get("ce-type", ""), len(tokens))
    return tokens[place] if place < len(tokens) else None


def one_after_the_other(messages: Iterable[Recorded]) -> Iterator[Recorded]:
    """All messages; those of a submission when it seems to have come to an end, or there are no
    more. A fold does not care for the order, and what is decoded, rendered and packed at once is
    still in the CPU's cache: hundreds that are under way side by side are not."""
    under_way: dict[str, list[Recorded]] = {}
    for message in messages:
        sid = submission_of(message.subject, message.headers)
        if sid is None:
            yield message
            continue
        under_way.setdefault(sid, []).append(message)
        if message.headers.get("ce-type") in _ENDS:
            yield from under_way.pop(sid)
    for life in under_way.values():
        yield from life
