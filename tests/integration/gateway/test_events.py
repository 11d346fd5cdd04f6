import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.evaluation import EvaluationProgress
from contracts.topology import VIEWS
from contracts.views import Entry, Request, RequestState
from runtime.topology import ensure_topology
from tests.integration.gateway.gateways import RunningGateway, show, started_gateway, take_away
from tests.unit.gateway.examples import a_board, a_request, an_entry


class Stream:
    """An open event stream."""

    def __init__(self, events: AsyncIterator[ServerSentEvent]) -> None:
        self._events = events

    async def next(self, kind: str) -> ServerSentEvent:
        """The next event, which must be of this kind; evaluators are passed over unless asked
        for."""
        passed = {"message", "evaluators"} - {kind}  # a message is a comment or `retry`
        async with asyncio.timeout(60):
            async for event in self._events:
                if event.event not in passed:
                    assert event.event == kind, event
                    return event
        raise AssertionError("the stream ended")


@asynccontextmanager
async def opened(url: str, last_event_id: str = "", **query: str) -> AsyncIterator[Stream]:
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    async with (
        httpx.AsyncClient(base_url=url, timeout=60) as http,
        aconnect_sse(http, "GET", "/api/v1/events", headers=headers, params=query) as source,
    ):
        yield Stream(source.aiter_sse())


async def test_a_change_on_the_bus_reaches_an_open_stream(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    async with opened(gateway.url) as stream:
        await stream.next("reset")
        await stream.next("board")

        await show(jetstream, an_entry())

        event = await stream.next("entry")
    assert event.data == an_entry().model_dump_json()


async def test_a_stream_resumes_after_the_last_id_on_any_gateway(
    gateway: RunningGateway,
    nats_url: str,
    jetstream: JetStreamContext,
    hub: str,
    tmp_path: Path,
) -> None:
    async with opened(gateway.url) as stream:
        await stream.next("reset")
        seen = await stream.next("board")

    await show(jetstream, an_entry(), a_request())

    async with started_gateway(nats_url, hub, tmp_path) as other:
        await other.until_ready()
        async with (
            opened(gateway.url, last_event_id=seen.id) as one,
            opened(other.url, last_event_id=seen.id) as another,
        ):
            for stream in (one, another):
                assert (await stream.next("entry")).data == an_entry().model_dump_json()
                assert (await stream.next("request")).id != seen.id
            await take_away(jetstream, an_entry())
            for stream in (one, another):
                gone = await stream.next("gone")
                assert json.loads(gone.data) == {"subject": an_entry().subject()}


async def test_a_first_connection_may_say_in_the_address_where_to_begin(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    async with opened(gateway.url) as stream:
        await stream.next("reset")
        seen = await stream.next("board")

    async with opened(gateway.url, since=seen.id) as stream:
        await show(jetstream, a_request())
        event = await stream.next("request")

    assert Request.model_validate_json(event.data) == a_request()


async def test_when_views_are_rebuilt_from_nothing_readers_start_over(
    gateway: RunningGateway, jetstream: JetStreamContext
) -> None:
    await show(jetstream, an_entry("acme/forgotten"))
    async with opened(gateway.url) as stream:
        await stream.next("reset")
        await stream.next("board")
        last = await stream.next("entry")

        await jetstream.delete_stream(VIEWS.name)
        await ensure_topology(jetstream)
        await show(jetstream, an_entry("acme/rebuilt"))

        await stream.next("reset")
        rebuilt = await stream.next("entry")
    assert Entry.model_validate_json(rebuilt.data).repo_id == "acme/rebuilt"

    async with opened(gateway.url, last_event_id=last.id) as stream:
        await stream.next("reset")
        again = await stream.next("entry")
    assert (again.id, again.data) == (rebuilt.id, rebuilt.data)


async def test_progress_goes_to_the_readers_of_its_board(
    gateway: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    running = a_request(state=RequestState.RUNNING, attempt=1)
    await show(jetstream, a_board("other"), running)
    progress = EvaluationProgress(
        sid=running.sid, run=1, attempt=1, phase="scoring", task="facts", done=3, total=9
    )
    async with (
        opened(gateway.url, board="demo") as stream,
        opened(gateway.url, board="demo") as second,
    ):
        for reader in (stream, second):
            await reader.next("reset")
            await reader.next("board")
            last = await reader.next("request")

        await client.publish(progress.subject(), progress.model_dump_json().encode())

        for reader in (stream, second):
            event = await reader.next("progress")
            assert EvaluationProgress.model_validate_json(event.data) == progress
            # Nothing that is stored, so the place to resume at stays where it was.
            assert event.id == last.id
