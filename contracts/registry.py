"""Every message of version 1, and how to find the class of one that arrived."""

from contracts.base import Event, Message, View
from contracts.board import Board, BoardDefined
from contracts.check import RulesAsked
from contracts.evaluation import (
    EvaluationFailed,
    EvaluationFinished,
    EvaluationProgress,
    EvaluationStarted,
    EvaluationTaskScored,
)
from contracts.evaluator import EvaluatorPresence
from contracts.imports import RequestImported, ResultsImported, RowImported
from contracts.moderation import (
    DeadLetterReplayed,
    ModelBarred,
    ModelFlagged,
    ModelNoted,
    ModelRemoved,
    ModelRenamed,
    ModelRestored,
    ModelUnbarred,
    ModelUnflagged,
    ProviderNamed,
    ProviderWithdrawn,
    SubmitterBanned,
    SubmitterUnbanned,
)
from contracts.operation import EvaluatorsDrained, EvaluatorsPaused, EvaluatorsResumed, Holds
from contracts.past import PastBoardAsked
from contracts.submission import (
    SubmissionAccepted,
    SubmissionCancelled,
    SubmissionDelayed,
    SubmissionPromoted,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionRerunRequested,
)
from contracts.validation import ValidationProgress
from contracts.views import Decision, Departed, Entry, Policy, Request, Rescoring
from contracts.vote import VoteCast

EVENT_TYPES: tuple[type[Event], ...] = (
    SubmissionReceived,
    SubmissionAccepted,
    SubmissionDelayed,
    SubmissionRejected,
    SubmissionCancelled,
    SubmissionRerunRequested,
    SubmissionPromoted,
    EvaluationStarted,
    EvaluationTaskScored,
    EvaluationFinished,
    EvaluationFailed,
    VoteCast,
    RowImported,
    ResultsImported,
    RequestImported,
    BoardDefined,
    ModelFlagged,
    ModelUnflagged,
    ModelRenamed,
    ModelRemoved,
    ModelRestored,
    ModelNoted,
    ModelBarred,
    ModelUnbarred,
    ProviderNamed,
    ProviderWithdrawn,
    SubmitterBanned,
    SubmitterUnbanned,
    DeadLetterReplayed,
    EvaluatorsPaused,
    EvaluatorsDrained,
    EvaluatorsResumed,
)
VIEW_TYPES: tuple[type[View], ...] = (
    Request,
    Entry,
    Departed,
    Board,
    Decision,
    Policy,
    Rescoring,
    Holds,
)
NOT_STORED: tuple[type[Message], ...] = (
    EvaluationProgress,
    EvaluatorPresence,
    ValidationProgress,
    RulesAsked,
    PastBoardAsked,
)

_EVENT_BY_TYPE = {event.type_name(): event for event in EVENT_TYPES}
_VIEW_BY_TYPE = {view.type_name(): view for view in VIEW_TYPES}


def event_class(type_name: str) -> type[Event] | None:
    """The class for a `ce-type`; None for one that a newer writer has added."""
    return _EVENT_BY_TYPE.get(type_name)


def view_class(subject: str) -> type[View] | None:
    """The class for a subject in VIEWS; None for a kind that a newer writer has added."""
    return _VIEW_BY_TYPE.get(".".join(subject.split(".")[:4]))
