"""The gateway's HTTP API, as far as the command needs it. docs/api.md has all of it."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Self

import httpx
from httpx_sse import SSEError, aconnect_sse
from pydantic import BaseModel, ConfigDict

from cli.console import fail
from contracts.evaluation import Provenance
from contracts.models import Precision, Reason
from contracts.views import Failure, Request, RequestState, SubtaskScore, TaskProgress

# The gateway's own heartbeat on an idle event stream comes every 15 s.
_SILENCE_S = 60
_RECONNECT_S = 1.0

SETTLED = frozenset(
    {
        RequestState.REJECTED,
        RequestState.FINISHED,
        RequestState.FAILED,
        RequestState.CANCELLED,
    }
)


class Situation(BaseModel):
    """What happened to a submission, since when, and what to do."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    what: str
    since: datetime
    next_step: str


class Submission(BaseModel):
    """How one submission stands."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    board: str
    model: str
    precision: Precision
    state: RequestState
    reasons: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()
    failure: Failure | None = None
    tasks: tuple[TaskProgress, ...] = ()
    situation: Situation | None = None
    """None in lists and live updates."""

    @classmethod
    def of(cls, view: Request) -> Self:
        return cls(
            id=view.sid,
            board=view.board,
            model=view.model.repo_id,
            precision=view.model.precision,
            state=view.state,
            reasons=view.reasons,
            warnings=view.warnings,
            failure=view.failure,
            tasks=view.tasks,
        )

    @property
    def is_settled(self) -> bool:
        return self.state in SETTLED

    @property
    def why(self) -> tuple[Reason, ...]:
        """Why it was refused or failed; empty otherwise."""
        return self.reasons or ((self.failure.reason,) if self.failure else ())


class PublishedScore(BaseModel):
    """One cell of an entry, with what it takes to compute it again."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    subtasks: tuple[SubtaskScore, ...]
    versions: dict[str, str]
    provenance: Provenance | None = None


class Gateway:
    """A client for one gateway. Any error answer ends the command with its message and advice."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """`token` is the Hub's, and goes to this gateway with every request."""
        self._url = url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=_SILENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def submit(self, submission: dict[str, Any]) -> tuple[str, bool]:
        """The submission's id, and whether it is new: an equal one keeps the id it had."""
        with _explained(self._url):
            answer = self._http.post("/api/v1/submissions", json=submission)
        if answer.status_code == httpx.codes.CONFLICT:
            return answer.json()["error"]["details"]["request"]["id"], False
        return _body(answer)["id"], True

    def submission(self, submission_id: str) -> Submission:
        return Submission.model_validate(self.request(submission_id))

    def request(self, submission_id: str) -> dict[str, Any]:
        """The same as the API has it."""
        return self._get(f"/api/v1/requests/{submission_id}")

    def requests(
        self, *, state: RequestState | None, board: str | None, limit: int
    ) -> dict[str, Any]:
        """A page of them, the newest first, as the API has it."""
        return self._get("/api/v1/requests", state=state, board=board, limit=limit)

    def boards(self) -> list[dict[str, Any]]:
        boards: list[dict[str, Any]] = self._get("/api/v1/boards")["items"]
        return boards

    def entries(
        self, board: str, *, search: str = "", sort: str | None = None, limit: int
    ) -> dict[str, Any]:
        """A page of the board's rows, as the API has it."""
        address = f"/api/v1/boards/{board}/entries"
        return self._get(address, search=search, sort=sort, limit=limit)

    def published_scores(self, board: str, submission_id: str) -> dict[str, PublishedScore]:
        """By the board's task id."""
        entry = self._get(f"/api/v1/boards/{board}/entries/{submission_id}")
        return {
            task: PublishedScore.model_validate(score) for task, score in entry["details"].items()
        }

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        with _explained(self._url):
            return _body(self._http.post(path, json=body))

    def queue(self, tier: str | None, limit: int) -> dict[str, Any]:
        """What waits and runs, of one tier or of all."""
        return self._get("/api/v1/queue", limit=limit, tier=tier)

    def evaluators(self) -> dict[str, Any]:
        """Those that are there."""
        return self._get("/api/v1/evaluators")

    def decisions(self, limit: int) -> dict[str, Any]:
        """Of moderators, the newest first."""
        return self._get("/api/v1/moderation", limit=limit)

    def dead_letters(self, before: int | None, limit: int) -> dict[str, Any]:
        """A page of them, the newest first."""
        return self._get("/api/v1/dead-letters", limit=limit, before=before)

    def dead_letter(self, sequence: int) -> dict[str, Any]:
        return self._get(f"/api/v1/dead-letters/{sequence}")

    def _get(self, path: str, **asked: str | int | None) -> dict[str, Any]:
        """What is asked with None is left to the gateway."""
        given = {name: value for name, value in asked.items() if value is not None}
        with _explained(self._url):
            return _body(self._http.get(path, params=given))


async def follow_submissions(url: str) -> AsyncGenerator[Submission, None]:
    """Every submission as it stands, then again whenever it changes. Ends when the gateway does;
    close it (`aclosing`) to leave earlier."""
    with _explained(url):
        async with (
            httpx.AsyncClient(base_url=url, timeout=_SILENCE_S) as http,
            aconnect_sse(http, "GET", "/api/v1/events") as events,
        ):
            async for event in events.aiter_sse():
                if event.event == "request":
                    yield Submission.of(Request.model_validate_json(event.data))


async def follow_submission(url: str, submission_id: str) -> AsyncGenerator[tuple[str, Any], None]:
    """`request`, `queue`, `validation`, `progress` and `end` with their data, as docs/api.md has
    them. Goes on where it was after an outage or a restart of the gateway, and ends with the
    submission."""
    last_id, has_begun = "", False
    with _explained(url):
        while True:
            try:
                async with (
                    httpx.AsyncClient(base_url=url, timeout=_SILENCE_S) as http,
                    aconnect_sse(
                        *(http, "GET", f"/api/v1/requests/{submission_id}/events"),
                        headers={"Last-Event-ID": last_id} if last_id else {},
                    ) as events,
                ):
                    if events.response.is_error and not has_begun:
                        await events.response.aread()
                        _body(events.response)
                    async for event in events.aiter_sse():
                        has_begun, last_id = True, event.id or last_id
                        if event.event != "message":  # a comment or `retry`
                            yield event.event, event.json()
                        if event.event == "end":
                            return
            except (httpx.TransportError, SSEError):
                if not has_begun:
                    raise
            await asyncio.sleep(_RECONNECT_S)


def _body(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    if answer.is_error:
        error = body["error"]
        if error["code"] == "sign-in-required":
            error["advice"] = "Give a token of the Hub with --token or PODIUM_TOKEN."
        fail(error["message"], error["advice"])
    return body


@contextmanager
def _explained(url: str) -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as fault:
        fail(
            f"No answer from the gateway at {url}: {fault}",
            "Start one with `podium up`, or name another with --gateway.",
        )
