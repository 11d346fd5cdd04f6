"""A Hub that hangs, or whose proxy answers for it, through the client that the gateway uses."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import socket
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread

import pytest

from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.submitting.hub import Hub
from services.gateway.submitting.hub_models import HubModels, HubSilentError

_PAGE = b"<html>Back soon</html>"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(_PAGE)


@contextmanager
def a_hub(serve: Callable[[socket, Event], None]) -> Iterator[str]:
    """Its address. `serve` gets each connection, and what is set when it has to end."""
    ends = Event()

    class Connection(BaseRequestHandler):
        def handle(self) -> None:
            serve(self.request, ends)

    with ThreadingTCPServer(("127.0.0.1", 0), Connection) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            serving.join()
            ends.set()


def answer_with_a_page(connection: socket, _: Event) -> None:
    connection.recv(65536)
    connection.sendall(_ANSWER + _PAGE)


def never_answer(_: socket, ends: Event) -> None:
    ends.wait()


async def test_a_page_in_place_of_an_answer_says_nothing_about_a_model_or_a_token() -> None:
    with a_hub(answer_with_a_page) as url:
        hub, models = Hub(url), HubModels(url)
        with pytest.raises(Refusal) as of_model:
            await hub.resolve("acme/tiny", "main")
        with pytest.raises(Refusal) as of_token:
            await hub.whoami("hf_ada")
        with pytest.raises(HubSilentError):
            await models.search("tiny")
        with pytest.raises(HubSilentError):
            await models.look_at("acme/tiny", "main")

    assert of_model.value.code is of_token.value.code is ErrorCode.HUB_UNREACHABLE


async def test_whoever_waits_for_a_hub_that_hangs_keeps_no_thread_from_others() -> None:
    with a_hub(never_answer) as url:
        hub = Hub(url, timeout_s=60)
        waiting = [asyncio.create_task(hub.resolve("acme/tiny", "main")) for _ in range(100)]
        try:
            async with asyncio.timeout(20):
                for _ in range(100):
                    assert await asyncio.to_thread(lambda: "searched") == "searched"
        finally:
            for task in waiting:
                task.cancel()


async def test_a_hub_that_hangs_is_waited_for_as_long_as_is_set_however_many_ask() -> None:
    with a_hub(never_answer) as url:
        hub = Hub(url, timeout_s=1)

        async with asyncio.timeout(30):
            answers = await asyncio.gather(
                *(hub.resolve("acme/tiny", "main") for _ in range(200)), return_exceptions=True
            )

    assert {type(answer) for answer in answers} == {Refusal}
