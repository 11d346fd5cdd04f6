import asyncio
import subprocess
from pathlib import Path

from nats.js import JetStreamContext

from contracts.models import ModelRef, Precision
from contracts.topology import CHECKPOINTS, checkpoint_subject
from runtime.bus import connect
from runtime.embedded_nats import NatsServer
from runtime.topology import ensure_topology
from services.evaluator.checkpoints import Checkpoint, Checkpoints, Outbox
from services.evaluator.interrupts import meanwhile
from services.evaluator.protocol import Slice
from tests.integration.evaluator.world import accepted

JOB = accepted(ModelRef(repo_id="acme/m", commit="0" * 40, precision=Precision.FLOAT32), "tiny")


def piece(start: int, stop: int, *, plan: str = "p", answers: bytes = b"a") -> Checkpoint:
    return Checkpoint(Slice("bbh", plan, start, stop, answers), float(stop))


async def loaded(checkpoints: Checkpoints) -> list[tuple[str, int, int]]:
    found = [checkpoint.finished for checkpoint in await checkpoints.load("bbh")]
    return [(finished.plan, finished.start, finished.stop) for finished in found]


async def stored(js: JetStreamContext) -> int:
    return (await js.stream_info(CHECKPOINTS.name)).state.messages


async def test_what_one_attempt_stores_the_next_one_loads(jetstream: JetStreamContext) -> None:
    long = bytes(range(256)) * 8192  # 2 MiB, several messages
    pieces = [piece(0, 4, answers=long), piece(4, 9, answers=b""), piece(9, 10)]
    for each in pieces:
        await Checkpoints(jetstream, JOB, 1).store(each)

    assert await Checkpoints(jetstream, JOB, 2).load("bbh") == tuple(pieces)
    assert await stored(jetstream) > len(pieces)


async def test_another_run_or_task_has_none_of_them(jetstream: JetStreamContext) -> None:
    await Checkpoints(jetstream, JOB, 1).store(piece(0, 4))
    rerun = JOB.model_copy(update={"run": 2})

    assert await Checkpoints(jetstream, rerun, 1).load("bbh") == ()
    assert await Checkpoints(jetstream, JOB, 1).load("ifeval") == ()


async def test_what_lies_behind_a_gap_is_left_out(jetstream: JetStreamContext) -> None:
    checkpoints = Checkpoints(jetstream, JOB, 1)
    for each in (piece(0, 4), piece(5, 9), piece(2, 3, plan="q")):
        await checkpoints.store(each)

    assert await loaded(checkpoints) == [("p", 0, 4)]


async def test_attempts_that_overlap_are_joined_to_reach_the_farthest(
    jetstream: JetStreamContext,
) -> None:
    one, other = Checkpoints(jetstream, JOB, 1), Checkpoints(jetstream, JOB, 2)
    for each in (piece(0, 4), piece(4, 8)):
        await one.store(each)
    for each in (piece(0, 6), piece(0, 3, plan="q"), piece(3, 20, plan="q")):
        await other.store(each)

    assert await loaded(other) == [("p", 0, 4), ("p", 4, 8), ("q", 0, 3), ("q", 3, 20)]


async def test_a_slice_without_one_of_its_messages_is_left_out(jetstream: JetStreamContext) -> None:
    checkpoints = Checkpoints(jetstream, JOB, 1)
    await checkpoints.store(piece(0, 4))
    await checkpoints.store(piece(4, 8, answers=bytes(1024 * 1024)))
    last = (await jetstream.stream_info(CHECKPOINTS.name)).state.last_seq

    await jetstream.delete_msg(CHECKPOINTS.name, last)

    assert await loaded(checkpoints) == [("p", 0, 4)]


async def test_a_message_that_is_no_checkpoint_does_no_harm(jetstream: JetStreamContext) -> None:
    checkpoints = Checkpoints(jetstream, JOB, 1)
    subject = checkpoint_subject(JOB.sid, JOB.run, "bbh")
    await jetstream.publish(subject, b"?", stream=CHECKPOINTS.name)
    await checkpoints.store(piece(0, 4))

    assert await loaded(checkpoints) == [("p", 0, 4)]


async def test_a_task_is_dropped_by_itself_and_with_its_run(jetstream: JetStreamContext) -> None:
    checkpoints = Checkpoints(jetstream, JOB, 1)
    ifeval = Checkpoint(Slice("ifeval", "p", 0, 1, b"a"), 1)
    for each in (piece(0, 4), ifeval):
        await checkpoints.store(each)

    await checkpoints.drop("bbh")
    assert await checkpoints.load("bbh") == ()
    assert await checkpoints.load("ifeval") == (ifeval,)
    await checkpoints.drop()
    assert await stored(jetstream) == 0


async def test_a_server_without_the_stream_costs_no_job(jetstream: JetStreamContext) -> None:
    await jetstream.delete_stream(CHECKPOINTS.name)
    checkpoints = Checkpoints(jetstream, JOB, 1)

    async with asyncio.timeout(60):
        assert await checkpoints.load("bbh") == ()
        await checkpoints.drop("bbh")


async def test_checkpoints_wait_in_order_for_a_server_that_is_away(tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "nats")
    process = server.start()
    url = server.wait_until_ready(process)
    client = await connect(url, name="test")
    await ensure_topology(client.jetstream())
    checkpoints = Checkpoints(client.jetstream(), JOB, 1)
    outbox = Outbox(checkpoints)
    async with meanwhile(outbox.deliver()):
        _end(process)

        for start in range(3):
            outbox.put(piece(start, start + 1))
        process = NatsServer(server.folder, int(url.rpartition(":")[2])).start()

        async with asyncio.timeout(60):
            await outbox.until_empty()
        assert await loaded(checkpoints) == [("p", 0, 1), ("p", 1, 2), ("p", 2, 3)]
    await client.close()
    _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
