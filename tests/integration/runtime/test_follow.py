import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.topology import VIEWS
from runtime.bus import connect
from runtime.embedded_nats import NatsServer
from runtime.follow import Batch, follow
from runtime.ports import free_port
from runtime.topology import ensure_stream, ensure_topology
from tests.integration.runtime.cut_connection import connection_losing
from tests.waiting import HANGS_S


async def write(js: JetStreamContext, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await js.publish(f"podium.v1.view.test.{number}", str(number).encode(), stream=VIEWS.name)


async def read_until(batches: AsyncIterator[Batch], last: int) -> list[int]:
    """The numbers that arrive, up to and with `last`."""
    numbers: list[int] = []
    async with asyncio.timeout(HANGS_S):
        async for batch in batches:
            numbers += [int(message.data) for message in batch.messages]
            if numbers and numbers[-1] == last:
                return numbers
    raise AssertionError("follow never ends")


async def test_an_empty_stream_is_caught_up_at_once(
    client: Client, jetstream: JetStreamContext
) -> None:
    async with asyncio.timeout(HANGS_S):
        batch = await anext(follow(client, VIEWS.name))

    assert (batch.messages, batch.caught_up) == ((), True)


async def test_old_messages_come_in_order_and_new_ones_follow(
    client: Client, jetstream: JetStreamContext
) -> None:
    await write(jetstream, 1, 2500)
    batches = follow(client, VIEWS.name)

    old = await read_until(batches, 2500)
    await write(jetstream, 2501, 2503)
    new = await read_until(batches, 2503)

    assert old == list(range(1, 2501))
    assert new == [2501, 2502, 2503]


async def test_a_message_replaced_on_its_way_keeps_no_reader_from_catching_up(
    client: Client, jetstream: JetStreamContext
) -> None:
    async def catch_up(last: int) -> None:
        seen = 0
        async for batch in follow(client, VIEWS.name):
            seen = int(batch.messages[-1].data) if batch.messages else seen
            if batch.caught_up and seen == last:
                return

    async with asyncio.timeout(2 * HANGS_S):
        # A third of these readers would wait for one message more than there is.
        for last in (1000, 2000, 3000):
            readers = [asyncio.create_task(catch_up(last)) for _ in range(8)]
            for number in range(last - 999, last + 1):
                await client.publish("podium.v1.view.test.same", str(number).encode())
                await asyncio.sleep(0)
            await asyncio.gather(*readers)


async def test_an_answer_to_flow_control_that_is_lost_is_given_again(
    nats_url: str, jetstream: JetStreamContext
) -> None:
    for number in range(1, 41):
        body = str(number).rjust(200_000).encode()
        await jetstream.publish(f"podium.v1.view.test.{number}", body, stream=VIEWS.name)

    async with connection_losing(
        b"PUB $JS.FC.", nats_url, until_told=b"Nats-Consumer-Stalled"
    ) as address:
        reader = await connect(address, name="reader")
        numbers = await read_until(follow(reader, VIEWS.name), 40)
        await reader.close()

    assert numbers == list(range(1, 41))


async def test_a_stream_made_anew_is_read_from_its_beginning(
    client: Client, jetstream: JetStreamContext
) -> None:
    await write(jetstream, 1, 3)
    batches = follow(client, VIEWS.name)
    await read_until(batches, 3)

    await jetstream.delete_stream(VIEWS.name)
    await ensure_stream(jetstream, VIEWS)
    await write(jetstream, 8, 9)

    assert await read_until(batches, 9) == [8, 9]


async def test_reading_goes_on_after_the_server_was_killed(tmp_path: Path) -> None:
    server = NatsServer(tmp_path, port=free_port())
    process = server.start()
    client = await connect(server.wait_until_ready(process), name="test")
    try:
        await ensure_topology(client.jetstream())
        await write(client.jetstream(), 1, 3)
        batches = follow(client, VIEWS.name)
        await read_until(batches, 3)

        process.kill()
        process.wait()
        process = server.start()
        writer = await connect(server.wait_until_ready(process), name="writer")
        await write(writer.jetstream(), 4, 5)
        await writer.close()

        assert await read_until(batches, 5) == [4, 5]
    finally:
        await client.close()
        process.terminate()
        process.wait()
