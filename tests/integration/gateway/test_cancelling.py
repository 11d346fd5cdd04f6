"""A cancellation, from the button to the quota."""

import httpx
from nats.aio.client import Client

from contracts.submission import SubmissionAccepted, SubmissionCancelled
from contracts.views import Request, RequestState
from services.gateway.http.errors import ErrorCode
from tests.bus import next_event, next_view
from tests.integration.aggregator.aggregating import aggregating, publish
from tests.integration.gateway.conftest import WriteModel
from tests.integration.gateway.gateways import RunningGateway
from tests.unit.aggregator.story import BOARD, accepted
from tests.unit.gateway.error_shape import assert_error


async def post(gateway: RunningGateway, path: str, body: dict[str, str]) -> httpx.Response:
    headers = {"Authorization": "Bearer hf_ada"}
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=30) as http:
        return await http.post(path, json=body)


async def test_a_cancelled_submission_gives_its_place_back_and_a_late_verdict_takes_it_not_again(
    nats_url: str, closed: RunningGateway, client: Client, write_model: WriteModel
) -> None:
    most = BOARD.limits.pending_per_user
    assert most
    models = [f"acme/cancelled-{number}" for number in range(most + 1)]
    for model in models:
        write_model(model)
    async with aggregating(nats_url):
        answers = [
            await post(closed, "/api/v1/submissions", {"model": model}) for model in models[:most]
        ]
        sids = [answer.json()["id"] for answer in answers]
        one_too_many = await post(closed, "/api/v1/submissions", {"model": models[most]})
        assert_error(one_too_many, 429, ErrorCode.TOO_MANY_PENDING)

        cancelled = await post(closed, f"/api/v1/requests/{sids[0]}/cancel", {"note": "A typo."})
        assert cancelled.status_code == 202
        await closed.until(
            f"/api/v1/requests/{sids[0]}", lambda answer: answer.json()["state"] == "cancelled"
        )
        assert (await next_event(client, SubmissionCancelled)).event.by == "ada"
        # A validator that had its facts before the cancellation says so now.
        received = (await next_view(client, Request, lambda it: it.sid == sids[0])).model
        late = accepted().model_copy(update={"sid": sids[0], "model": received})
        await publish(client.jetstream(), late)
        await next_event(client, SubmissionAccepted)
        view = await next_view(client, Request, lambda it: it.sid == sids[0] and bool(it.tier))

        assert view.state is RequestState.CANCELLED
        again = await post(closed, "/api/v1/submissions", {"model": models[most]})
        assert again.status_code == 202
        further = await post(closed, f"/api/v1/requests/{sids[0]}/cancel", {})
        assert_error(further, 409, ErrorCode.WRONG_STATE)
