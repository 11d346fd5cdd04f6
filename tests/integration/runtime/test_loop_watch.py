"""A process whose event loop stands still ends; one that was stopped goes on."""

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

from runtime.loop_watch import STATUS
from tests.waiting import until

_FROZEN_S = 1.5
_WATCHED = f"""
import asyncio, sys, time
from runtime.loop_watch import watch_the_loop

async def main():
    watch = asyncio.create_task(watch_the_loop({_FROZEN_S}))
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line == "freeze\\n":
            time.sleep(600)
        print("here", flush=True)

asyncio.run(main())
"""


async def started() -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WATCHED, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    await answer(process)
    return process


async def answer(process: Process) -> bytes:
    """Empty from a process that has ended."""
    assert process.stdin
    assert process.stdout
    async with asyncio.timeout(30):
        process.stdin.write(b"there?\n")
        return await process.stdout.readline()


async def end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.communicate()


async def test_a_process_whose_loop_stands_still_ends_and_says_where() -> None:
    process = await started()
    assert process.stdin
    assert process.stderr
    process.stdin.write(b"freeze\n")

    async with asyncio.timeout(30):
        said = await process.stderr.read()
    assert await process.wait() == STATUS
    assert b"stood still for 1.5 s" in said
    assert b"in main" in said
    await end(process)


async def test_processes_that_were_stopped_go_on() -> None:
    # Whether a clock would have misled the watch is a race, which hardly ends well three times.
    processes = [await started() for _ in range(3)]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    since = time.monotonic()
    await until(lambda: time.monotonic() - since > 2 * _FROZEN_S)

    for process in processes:
        process.send_signal(signal.SIGCONT)
    again = time.monotonic()
    await until(lambda: time.monotonic() - again > _FROZEN_S)

    try:
        assert [await answer(process) for process in processes] == [b"here\n"] * 3
    finally:
        for process in processes:
            await end(process)
