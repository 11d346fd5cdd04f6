"""Cancelling, running again, voting and promoting: who may, when, and what it publishes."""

import asyncio

import httpx
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.evaluation import FailureCause
from contracts.models import Reason
from contracts.submission import (
    SubmissionCancelled,
    SubmissionPromoted,
    SubmissionRerunRequested,
)
from contracts.views import Failure, Policy, Request, RequestState, Ruling
from contracts.vote import VoteCast
from services.gateway.http.errors import ErrorCode
from tests.bus import all_events, next_event
from tests.integration.gateway.gateways import RunningGateway, show
from tests.unit.gateway.error_shape import assert_error
from tests.unit.gateway.examples import NOON, a_request

ADA, GRACE, MODERATOR = ("hf_ada", "hf_grace", "hf_mod")


def of_ada(state: RequestState, **changes: object) -> Request:
    return a_request(state=state).model_copy(update={"submitter": "ada", **changes})


def failed(cause: FailureCause) -> Request:
    reason = Reason(code="lost", message="It was lost.", advice="Run it again.")
    failure = Failure(cause=cause, reason=reason, log_tail="")
    return of_ada(RequestState.FAILED, failure=failure)


async def act(
    gateway: RunningGateway, request: Request, action: str, token: str | None, **body: str
) -> httpx.Response:
    await gateway.until(
        f"/api/v1/requests/{request.sid}",
        lambda answer: answer.json().get("state") == request.state,
    )
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=30) as http:
        return await http.post(f"/api/v1/requests/{request.sid}/{action}", json=body)


# ── cancel ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("token", "by"), [(ADA, "ada"), (MODERATOR, "mona")])
async def test_its_submitter_and_a_moderator_cancel_a_request(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext, token: str, by: str
) -> None:
    request = of_ada(RequestState.RUNNING)
    await show(jetstream, request)

    answer = await act(closed, request, "cancel", token, note="A better one follows.")

    assert answer.status_code == 202, answer.text
    event = (await next_event(client, SubmissionCancelled)).event
    assert (event.sid, event.by, event.note) == (request.sid, by, "A better one follows.")


@pytest.mark.parametrize(
    ("action", "state"),
    [("cancel", RequestState.WAITING), ("rerun", RequestState.FAILED), ("promote", "waiting")],
)
async def test_nobody_acts_on_the_request_of_another(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext, action: str, state: str
) -> None:
    request = of_ada(RequestState(state))
    await show(jetstream, request)

    nameless = await act(closed, request, action, None)
    another = await act(closed, request, action, GRACE)

    assert_error(nameless, 401, ErrorCode.SIGN_IN_REQUIRED)
    assert_error(another, 403, ErrorCode.FORBIDDEN)
    assert await all_events(client) == []


async def test_what_has_ended_cannot_be_cancelled(
    closed: RunningGateway, jetstream: JetStreamContext
) -> None:
    request = of_ada(RequestState.FINISHED)
    await show(jetstream, request)

    error = assert_error(await act(closed, request, "cancel", ADA), 409, ErrorCode.WRONG_STATE)

    assert error["details"]["state"] == "finished"


async def test_on_an_open_gateway_everybody_may_act_but_only_names_vote(
    gateway: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    request = a_request()
    await show(jetstream, request)

    nameless = await act(gateway, request, "votes", None)
    promoted = await act(gateway, request, "promote", None)
    cancelled = await act(gateway, request, "cancel", None)

    assert_error(nameless, 401, ErrorCode.SIGN_IN_REQUIRED)
    assert (promoted.status_code, cancelled.status_code) == (202, 202)
    assert (await next_event(client, SubmissionCancelled)).event.by is None


# ── re-run ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_submitter_runs_again_what_was_lost_by_us(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    request = failed(FailureCause.INFRASTRUCTURE)
    await show(jetstream, request)

    both = await asyncio.gather(*(act(closed, request, "rerun", ADA) for _ in range(2)))

    assert sorted(answer.status_code for answer in both) == [202, 409]
    event = (await next_event(client, SubmissionRerunRequested)).event
    assert (event.run, event.by) == (2, "ada")


@pytest.mark.parametrize(
    "request_", [of_ada(RequestState.FINISHED), failed(FailureCause.MODEL)], ids=["done", "broken"]
)
async def test_only_a_moderator_runs_again_what_used_up_its_place(
    closed: RunningGateway, jetstream: JetStreamContext, request_: Request
) -> None:
    await show(jetstream, request_)

    by_submitter = await act(closed, request_, "rerun", ADA)
    by_moderator = await act(closed, request_, "rerun", MODERATOR)

    assert_error(by_submitter, 403, ErrorCode.FORBIDDEN)
    assert by_moderator.status_code == 202


async def test_only_a_moderator_runs_a_model_of_an_official_provider_again(
    closed: RunningGateway, jetstream: JetStreamContext
) -> None:
    request = of_ada(RequestState.CANCELLED)
    acme = Ruling(name="Acme", reason="It publishes its own.", at=NOON)
    await show(jetstream, Policy(official_providers=(acme,)), request)

    assert_error(await act(closed, request, "rerun", ADA), 403, ErrorCode.FORBIDDEN)


# ── votes ────────────────────────────────────────────────────────────────────────────────────────


async def test_one_vote_per_user_counts(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    request = of_ada(RequestState.WAITING)
    await show(jetstream, request)

    at_once = await asyncio.gather(*(act(closed, request, "votes", GRACE) for _ in range(3)))
    another = await act(closed, request, "votes", ADA)

    assert sorted(answer.status_code for answer in at_once) == [202, 409, 409]
    assert another.status_code == 202
    voters = [event.voter for event in await all_events(client) if isinstance(event, VoteCast)]
    assert voters == ["grace", "ada"]


async def test_a_vote_of_long_ago_still_counts_as_one(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    request = of_ada(RequestState.WAITING, voters=("grace",), votes=1)
    await show(jetstream, request)

    answer = await act(closed, request, "votes", GRACE)

    assert_error(answer, 409, ErrorCode.ALREADY_VOTED)
    assert await all_events(client) == []


async def test_a_moderator_promotes_once(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    request = of_ada(RequestState.WAITING)
    await show(jetstream, request)

    first = await act(closed, request, "promote", MODERATOR, note="This week's release.")
    second = await act(closed, request, "promote", MODERATOR)

    assert first.status_code == 202
    assert_error(second, 409, ErrorCode.WRONG_STATE)
    assert (await next_event(client, SubmissionPromoted)).event.by == "mona"


# ── bans ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_banned_user_reads_and_changes_nothing(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    request = of_ada(RequestState.WAITING)
    ban = Ruling(name="ada", reason="Ten names for one model.", at=NOON)
    await show(jetstream, Policy(banned=(ban,)), request)

    refused = await act(closed, request, "cancel", ADA)
    async with httpx.AsyncClient(base_url=closed.url, timeout=30) as http:
        read = await http.get("/api/v1/me", headers={"Authorization": "Bearer hf_ada"})

    error = assert_error(refused, 403, ErrorCode.BANNED)
    assert "Ten names for one model." in error["message"]
    assert read.status_code == 200
    assert await all_events(client) == []
