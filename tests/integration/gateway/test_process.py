import asyncio
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from nats.js import JetStreamContext

from contracts.evaluation import FailureCause
from contracts.models import Reason
from contracts.views import Failure, RequestState
from runtime.bus import connect
from runtime.embedded_nats import NatsServer
from runtime.ports import free_port
from runtime.topology import ensure_topology
from services.gateway.http.errors import ErrorCode
from tests.bus import all_events
from tests.integration.gateway.conftest import WriteModel
from tests.integration.gateway.gateways import show, started_gateway
from tests.unit.gateway.error_shape import assert_error
from tests.unit.gateway.examples import a_board, a_request
from tests.waiting import until


async def test_sigterm_ends_a_gateway_at_once_although_event_streams_are_open(
    nats_url: str, jetstream: JetStreamContext, hub: str, tmp_path: Path
) -> None:
    patient = {"GATEWAY_SHUTDOWN_GRACE_S": "600"}
    async with started_gateway(nats_url, hub, tmp_path, **patient) as gateway:
        await gateway.until_ready()
        async with (
            httpx.AsyncClient(base_url=gateway.url, timeout=30) as http,
            http.stream("GET", "/api/v1/events") as stream,
        ):
            await anext(stream.aiter_lines())

            # Long before it would cut them off.
            assert await gateway.end() == 0, gateway.log.read_text()


async def test_a_reader_that_does_not_read_holds_up_neither_others_nor_the_end(
    nats_url: str, jetstream: JetStreamContext, hub: str, tmp_path: Path
) -> None:
    reason = Reason(code="too-long", message="A long log.", advice="Read it.")
    log_tail = "x" * 100_000
    failure = Failure(cause=FailureCause.MODEL, reason=reason, log_tail=log_tail)
    failed = [
        a_request(f"acme/m{number}", RequestState.FAILED).model_copy(update={"failure": failure})
        for number in range(200)
    ]
    await show(jetstream, a_board(), *failed)

    async with started_gateway(nats_url, hub, tmp_path, GATEWAY_SHUTDOWN_GRACE_S="1") as gateway:
        await gateway.until_ready()
        address = urlsplit(gateway.url)
        with socket.create_connection((address.hostname, address.port)) as stalled:
            stalled.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: podium\r\n\r\n")
            stalled.recv(1024)
            async with httpx.AsyncClient(base_url=gateway.url, timeout=30) as http:
                boards = await http.get("/api/v1/boards")
            status = await gateway.end()

    assert boards.status_code == 200
    assert "connections that would not end were cut" in gateway.log.read_text()
    assert status == 0, gateway.log.read_text()


async def test_without_nats_pages_are_still_served_and_submissions_are_refused(
    hub: str, tmp_path: Path, write_model: WriteModel
) -> None:
    write_model("acme/patient")
    server = NatsServer(tmp_path / "nats", port=free_port())
    process = server.start()
    try:
        nats_url = server.wait_until_ready(process)
        client = await connect(nats_url, name="test")
        await ensure_topology(client.jetstream())
        await show(client.jetstream(), a_board())
        async with (
            started_gateway(nats_url, hub, tmp_path) as gateway,
            httpx.AsyncClient(base_url=gateway.url, timeout=30) as http,
        ):
            await gateway.until_ready()
            process.terminate()
            process.wait(timeout=20)

            refused = await http.post("/api/v1/submissions", json={"model": "acme/patient"})
            boards = await http.get("/api/v1/boards")
            ready = await http.get("/readyz")

            assert_error(refused, 503, ErrorCode.BUS_UNREACHABLE)
            assert [board["name"] for board in boards.json()["items"]] == ["demo"]
            assert ready.status_code == 200

            process = server.start()
            server.wait_until_ready(process)
            answer = refused
            deadline = time.monotonic() + 60
            while answer.status_code == 503 and time.monotonic() < deadline:
                answer = await http.post("/api/v1/submissions", json={"model": "acme/patient"})
            # A 503 leaves open whether the submission was stored; another try finds out.
            assert answer.status_code in (202, 409), answer.text
            assert len(await all_events(client)) == 1
        await client.close()
    finally:
        process.terminate()
        process.wait(timeout=20)


async def test_a_gateway_that_waits_for_nats_ends_at_once(hub: str, tmp_path: Path) -> None:
    nobody = f"nats://127.0.0.1:{free_port()}"
    async with started_gateway(nobody, hub, tmp_path) as gateway:
        await until(lambda: "started" in gateway.log.read_text())

        assert await gateway.end() == 0, gateway.log.read_text()


async def test_a_port_that_is_taken_ends_the_gateway_with_the_reason(
    nats_url: str, jetstream: JetStreamContext, hub: str, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = str(somebody.getsockname()[1])
        async with (
            started_gateway(nats_url, hub, tmp_path, GATEWAY_PORT=port) as gateway,
            asyncio.timeout(60),
        ):
            assert await gateway.process.wait() != 0

    assert "Address already in use" in gateway.log.read_text()
