import asyncio
import json
from pathlib import Path

import httpx
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.submission import SubmissionReceived
from contracts.views import RequestState
from services.gateway.http.errors import ErrorCode
from tests.bus import all_events, next_event
from tests.integration.gateway.conftest import WriteModel
from tests.integration.gateway.gateways import RunningGateway, show, started_gateway
from tests.unit.gateway.error_shape import assert_error
from tests.unit.gateway.examples import a_board, a_request


async def test_a_submission_is_published_at_the_commit_its_revision_points_to(
    http: httpx.AsyncClient, client: Client, hub: str, write_model: WriteModel
) -> None:
    write_model("acme/published")
    info = httpx.get(f"{hub}/api/models/acme/published/revision/main", timeout=30).json()

    answer = await http.post(
        "/api/v1/submissions", json={"model": "acme/published", "precision": "float16"}
    )

    assert answer.status_code == 202, answer.text
    event = (await next_event(client, SubmissionReceived)).event
    assert (event.board, event.requested_revision) == ("demo", "main")
    assert (event.model.repo_id, event.model.commit) == ("acme/published", info["sha"])
    assert event.model.precision == "float16"
    assert answer.json()["id"] == event.sid
    assert answer.headers["location"] == answer.json()["status_url"]


async def test_a_base_model_is_named_as_the_hub_names_it(
    http: httpx.AsyncClient, client: Client, write_model: WriteModel
) -> None:
    write_model("acme/adapter")
    write_model("acme/base")
    body = {"model": "acme/adapter", "weight_type": "adapter"}

    absent = await http.post("/api/v1/submissions", json=body | {"base_model": "acme/nowhere"})
    answer = await http.post("/api/v1/submissions", json=body | {"base_model": "acme/base"})

    assert_error(absent, 404, ErrorCode.MODEL_NOT_FOUND)
    assert "acme/nowhere" in absent.text
    assert answer.status_code == 202, answer.text
    [event] = await all_events(client)
    assert isinstance(event, SubmissionReceived)
    assert event.model.base_model == "acme/base"


async def test_a_submission_can_be_followed_before_anybody_has_handled_it(
    http: httpx.AsyncClient, write_model: WriteModel
) -> None:
    write_model("acme/at-once")
    receipt = (await http.post("/api/v1/submissions", json={"model": "acme/at-once"})).json()

    request = (await http.get(receipt["status_url"])).json()
    page = await http.get(receipt["page_url"])

    assert (request["state"], request["model"]) == ("received", "acme/at-once")
    assert [entry["what"] for entry in request["history"]] == ["submission.received"]
    assert page.status_code == 200
    assert "at-once" in page.text


async def test_two_identical_submissions_at_the_same_instant_to_two_gateways_are_one(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    hub: str,
    tmp_path: Path,
    write_model: WriteModel,
) -> None:
    models = [f"race/model-{number}" for number in range(12)]
    for model in models:
        write_model(model)
    await show(jetstream, a_board())

    async with (
        started_gateway(nats_url, hub, tmp_path) as one,
        started_gateway(nats_url, hub, tmp_path) as other,
        httpx.AsyncClient(timeout=30) as http,
    ):
        await asyncio.gather(one.until_ready(), other.until_ready())
        for model in models:
            answers = await asyncio.gather(
                *(
                    http.post(f"{gateway.url}/api/v1/submissions", json={"model": model})
                    for gateway in (one, other)
                )
            )
            accepted, refused = sorted(answers, key=lambda answer: answer.status_code)

            assert (accepted.status_code, refused.status_code) == (202, 409)
            error = assert_error(refused, 409, ErrorCode.DUPLICATE_SUBMISSION)
            assert error["details"]["request"]["id"] == accepted.json()["id"]
            assert error["details"]["status_url"] == accepted.json()["status_url"]

    events = await all_events(client)
    assert sorted(e.model.repo_id for e in events if isinstance(e, SubmissionReceived)) == sorted(
        models
    )
    assert len(events) == len(models)


async def test_a_duplicate_is_answered_with_how_the_existing_request_stands(
    gateway: RunningGateway,
    http: httpx.AsyncClient,
    client: Client,
    jetstream: JetStreamContext,
    write_model: WriteModel,
) -> None:
    write_model("acme/twice")
    await http.post("/api/v1/submissions", json={"model": "acme/twice"})
    event = (await next_event(client, SubmissionReceived)).event
    running = a_request(state=RequestState.RUNNING, attempt=1).model_copy(
        update={"sid": event.sid, "model": event.model}
    )
    await show(jetstream, running)
    await gateway.until(
        f"/api/v1/requests/{event.sid}", lambda answer: answer.json()["state"] == "running"
    )

    again = await http.post("/api/v1/submissions", json={"model": "acme/twice"})

    error = assert_error(again, 409, ErrorCode.DUPLICATE_SUBMISSION)
    assert error["details"]["request"]["state"] == "running"


async def test_the_same_files_under_another_revision_are_the_same_submission(
    http: httpx.AsyncClient, write_model: WriteModel
) -> None:
    folder = write_model("acme/tagged")
    tag = folder / "_tags" / "v1"
    tag.mkdir(parents=True)
    for name in ("README.md", "config.json"):
        (tag / name).write_bytes((folder / name).read_bytes())

    first = await http.post("/api/v1/submissions", json={"model": "acme/tagged"})
    again = await http.post("/api/v1/submissions", json={"model": "acme/tagged", "revision": "v1"})

    assert first.status_code == 202
    assert_error(again, 409, ErrorCode.DUPLICATE_SUBMISSION)


async def test_another_precision_is_another_submission(
    http: httpx.AsyncClient, write_model: WriteModel
) -> None:
    write_model("acme/precise")

    answers = [
        await http.post("/api/v1/submissions", json={"model": "acme/precise", "precision": p})
        for p in ("bfloat16", "float32")
    ]

    assert [answer.status_code for answer in answers] == [202, 202]


async def test_a_model_or_revision_that_the_hub_does_not_have_is_refused(
    http: httpx.AsyncClient, client: Client, write_model: WriteModel
) -> None:
    write_model("acme/here")
    private = write_model("acme/secret")
    (private / "_hub.json").write_text(json.dumps({"private": True}))
    disabled = write_model("acme/taken-down")
    (disabled / "_hub.json").write_text(json.dumps({"disabled": True}))

    async def submit(**body: str) -> httpx.Response:
        return await http.post("/api/v1/submissions", json=body)

    assert_error(await submit(model="acme/nowhere"), 404, ErrorCode.MODEL_NOT_FOUND)
    assert_error(await submit(model="acme/secret"), 404, ErrorCode.MODEL_NOT_FOUND)
    assert_error(await submit(model="acme/taken-down"), 404, ErrorCode.MODEL_NOT_FOUND)
    assert_error(await submit(model="acme/here", revision="v9"), 404, ErrorCode.REVISION_NOT_FOUND)
    assert await all_events(client) == []


async def test_requests_are_listed_newest_first_and_page_by_page(
    nats_url: str, jetstream: JetStreamContext, hub: str, tmp_path: Path
) -> None:
    await show(
        jetstream,
        *(a_request(f"acme/m{number}", minutes=number) for number in range(5)),
        a_request("acme/done", RequestState.FINISHED, minutes=9),
        a_request("acme/elsewhere", board="other", minutes=9),
    )
    seen: list[str] = []

    async with (
        started_gateway(nats_url, hub, tmp_path) as gateway,
        httpx.AsyncClient(base_url=gateway.url, timeout=30) as http,
    ):
        await gateway.until_ready()
        address = "/api/v1/requests?board=demo&state=waiting&limit=2"
        while address:
            page = (await http.get(address)).json()
            assert len(page["items"]) <= 2
            seen += [item["model"] for item in page["items"]]
            address = page["next"]

    assert seen == ["acme/m4", "acme/m3", "acme/m2", "acme/m1", "acme/m0"]
