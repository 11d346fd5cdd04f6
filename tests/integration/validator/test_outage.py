"""A Hub that does not answer for a while."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.envelope import Envelope
from contracts.models import ModelRef, Precision
from contracts.submission import (
    SubmissionAccepted,
    SubmissionCancelled,
    SubmissionDelayed,
    SubmissionReceived,
)
from contracts.topology import EVENTS, VALIDATOR
from runtime.bus import publish_event
from runtime.ports import free_port
from services.validator.hub import Hub, HubDoesNotAnswerError
from tests.bus import all_events, next_event
from tests.integration.validator.judging import submission
from tests.integration.validator.on_the_bus import (
    submit,
    until_everything_is_handled,
    validating,
    verdicts,
)
from tests.waiting import HANGS_S, until_answered

PublishModel = Callable[..., ModelRef]

MODEL = ModelRef(repo_id="acme/tiny", commit="a" * 40, precision=Precision.FLOAT32)


@contextmanager
def localhub_on(port: int, root: Path) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "localhub", str(root), "--port", str(port)])
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def about(received: SubmissionReceived) -> Callable[[SubmissionDelayed], bool]:
    return lambda delayed: delayed.sid == received.sid


async def test_what_waits_through_an_outage_is_validated_after_it(
    nats_url: str,
    client: Client,
    jetstream: JetStreamContext,
    hub_root: Path,
    publish_model: PublishModel,
) -> None:
    port = free_port()
    hub = Hub(f"http://127.0.0.1:{port}", HANGS_S)
    before = submission(publish_model("before"))
    waiting = [submission(publish_model(f"patient-{n}")) for n in range(20)]
    # Each is delivered some 80 times, and a Hub may be long in coming up.
    async with validating(nats_url, hub.facts, hub_retry_s=1):
        await submit(jetstream, before)
        with localhub_on(port, hub_root):
            await next_event(client, SubmissionAccepted)
        for received in waiting:
            await submit(jetstream, received)
        for received in waiting:
            await next_event(client, SubmissionDelayed, about(received))
        with localhub_on(port, hub_root):
            await until_everything_is_handled(jetstream, timeout_s=120)

    given = verdicts(await all_events(client))
    accepted = [event.sid for event in given if isinstance(event, SubmissionAccepted)]
    assert sorted(accepted) == sorted(each.sid for each in (before, *waiting))
    assert len(given) == len(accepted)


async def test_a_delay_says_what_the_hub_answered(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    received = submission(MODEL)
    with hub_that_answers(503) as url:
        async with validating(nats_url, Hub(url, HANGS_S).facts):
            cause = await submit(jetstream, received)
            recorded = await next_event(client, SubmissionDelayed)

    told = recorded.event
    assert (told.sid, told.run, told.reason.code) == (received.sid, 1, "hub-unavailable")
    assert url in told.reason.message
    assert "503 Service Unavailable" in told.reason.message
    assert recorded.envelope.source == "validator"
    assert recorded.envelope.traceparent.split("-")[1] == cause.traceparent.split("-")[1]


async def test_an_outage_is_told_ever_more_rarely_and_a_cancelled_submission_waits_no_longer(
    nats_url: str, client: Client, jetstream: JetStreamContext
) -> None:
    received = submission(MODEL)
    hub = Hub(f"http://127.0.0.1:{free_port()}", HANGS_S)

    async def deliveries() -> int:
        info = await jetstream.consumer_info(EVENTS.name, VALIDATOR.name)
        return info.delivered.consumer_seq if info.delivered else 0

    async def are_several() -> bool:
        return await deliveries() >= 5

    async with validating(nats_url, hub.facts):
        await submit(jetstream, received)
        await until_answered(are_several)
        cancelled = SubmissionCancelled(sid=received.sid)
        await publish_event(jetstream, cancelled, Envelope.of(cancelled, "test"))
        await until_everything_is_handled(jetstream)

    kinds = Counter(type(event) for event in await all_events(client))
    # The 1st, the 2nd, the 4th, the 8th … without the one that found it cancelled.
    told = (await deliveries() - 1).bit_length()
    assert kinds == {SubmissionReceived: 1, SubmissionCancelled: 1, SubmissionDelayed: told}


@pytest.mark.parametrize(
    ("headers", "after_s"),
    [
        ({"Retry-After": "7"}, 7),
        ({"RateLimit": '"api";r=0;t=55'}, 55),
        ({"Retry-After": "Sat, 21 Nov 2026 13:00:00 GMT"}, None),
        ({}, None),
    ],
)
async def test_a_hub_that_is_asked_too_often_says_when_to_ask_again(
    headers: dict[str, str], after_s: float | None
) -> None:
    with hub_that_answers(429, headers) as url, pytest.raises(HubDoesNotAnswerError) as raised:
        await Hub(url, HANGS_S).facts(MODEL)

    assert "429" in str(raised.value)
    assert raised.value.retry_after_s == after_s


@contextmanager
def hub_that_answers(status: int, headers: Mapping[str, str] | None = None) -> Iterator[str]:
    """The same to whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": "0", **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
