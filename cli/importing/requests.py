"""The Open LLM Leaderboard's request files: one JSON per submission, edited as it went on."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from cli.importing import vocabulary
from cli.importing.problems import Problem, problems_of
from contracts.imports import RequestImported
from contracts.models import ListedModel, ListedName, ModelRef, ModelType, Precision, WeightType
from contracts.submission import SubmissionReceived, submission_id

PENDING = frozenset({"PENDING", "RERUN", "RUNNING", "PENDING_NEW_EVAL"})
"""What has not ended, in the original's words; the backend that ran it is gone."""


def _time(value: object) -> datetime:
    time = datetime.fromisoformat(str(value))
    return time if time.tzinfo else time.replace(tzinfo=UTC)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    repo_id: ListedName = Field(alias="model")
    base_model: str | None = None
    revision: str = ""
    precision: Annotated[Precision, BeforeValidator(vocabulary.precision)]
    weight_type: Annotated[WeightType, BeforeValidator(lambda value: str(value).lower())] = (
        WeightType.ORIGINAL
    )
    status: str = "PENDING"
    model_type: Annotated[ModelType, BeforeValidator(vocabulary.model_type)] = ModelType.OTHER
    chat_template: bool = Field(alias="use_chat_template", default=False)
    sender: str | None = None
    submitted_at: Annotated[AwareDatetime, BeforeValidator(_time)] = Field(alias="submitted_time")


@dataclass(frozen=True)
class Requests:
    events: Sequence[RequestImported]
    problems: Sequence[Problem]

    @property
    def pending(self) -> Sequence[RequestImported]:
        return [event for event in self.events if event.status in PENDING]


def read_requests(files: Iterable[Path], board: str, source: str) -> Requests:
    """A file holds one request, or a list of them. Of several requests for one model the newest
    counts."""
    events: dict[str, RequestImported] = {}
    problems: list[Problem] = []
    for path in files:
        try:
            content: Any = json.loads(path.read_text())
        except ValueError as fault:
            problems.append(Problem(path.name, "", "", f"is no JSON: {fault}"))
            continue
        several = isinstance(content, list)
        for number, item in enumerate(content if several else [content], start=1):
            where = f"{path.name}, request {number}" if several else path.name
            try:
                event = _event(_File.model_validate(item), board, source)
            except ValidationError as fault:
                problems += problems_of(fault, where)
            else:
                before = events.get(event.sid)
                if before is None or before.submitted_at <= event.submitted_at:
                    events[event.sid] = event
    return Requests(tuple(events.values()), tuple(problems))


def as_submission(request: RequestImported) -> SubmissionReceived:
    """The same wish, made here. Its submitter was never proved, and so it has none. Raises
    ValidationError for what cannot be submitted, such as a branch instead of a commit."""
    return SubmissionReceived(
        sid=request.sid,
        board=request.board,
        model=ModelRef.model_validate(request.model.model_dump()),
        model_type=request.model_type,
        requested_revision=request.model.commit,
    )


def _event(file: _File, board: str, source: str) -> RequestImported:
    changes = file.weight_type is not WeightType.ORIGINAL
    model = ListedModel(
        repo_id=file.repo_id,
        commit=vocabulary.commit(file.revision),
        precision=file.precision,
        weight_type=file.weight_type,
        base_model=file.base_model or None if changes else None,
        chat_template=file.chat_template,
    )
    return RequestImported(
        sid=submission_id(model, board),
        board=board,
        source=source,
        model=model,
        model_type=file.model_type,
        status=file.status,
        submitter=file.sender or "",
        submitted_at=file.submitted_at,
    )
