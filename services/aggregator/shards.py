"""A long EVENTS is folded by several processes at once, each the submissions of its share.

What concerns all submissions, such as moderators' decisions, goes to all of them. Their states
become one; what depended on submissions of two shares is rendered again."""

import asyncio
import os
import struct
import sys
import zlib
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from fcntl import F_SETPIPE_SZ, fcntl
from typing import BinaryIO, get_args

from nats.aio.msg import Msg
from pydantic import TypeAdapter

from contracts.board import Board, BoardDefined
from runtime.processes import die_with_parent
from services.aggregator.facts import with_fact
from services.aggregator.fold import Submission
from services.aggregator.frames import framed
from services.aggregator.lives import submission_of
from services.aggregator.moderation import ModelDecision, OtherDecision
from services.aggregator.packing import Packed, Packer
from services.aggregator.snapshots import Kept, State, from_bytes, in_parts

_MOST = 8
_AHEAD = 16 * 1024 * 1024
_PIPE = 1024 * 1024
"""The largest that Linux lets everybody have."""
BOARDS = TypeAdapter(dict[str, Board])
UNREADABLE = TypeAdapter(dict[int, str])
_COMMON = {
    event.type_name()
    for event in (*get_args(ModelDecision), *get_args(OtherDecision), BoardDefined)
}


@dataclass(frozen=True)
class Folded:
    state: State
    unreadable: Mapping[int, str]
    """What could not be read, by place in EVENTS."""


class ShareLostError(Exception):
    """A process ended before it had folded its share, for want of memory, say."""


def processes() -> int:
    """As many as help on this machine."""
    return min(_MOST, len(os.sched_getaffinity(0)))


class Shards:
    def __init__(self, workers: Sequence[Process]) -> None:
        self._workers = workers

    async def take(self, messages: Iterable[Msg]) -> None:
        """Waits while the processes are behind. Raises ShareLostError."""
        frames: list[list[bytes]] = [[] for _ in self._workers]
        for message in messages:
            frame = framed(message)
            for share in _shares(message, len(self._workers)):
                frames[share].append(frame)
        for worker, parts in zip(self._workers, frames, strict=True):
            await _write(worker, b"".join(parts))

    async def finish(self) -> Folded:
        """Raises ShareLostError."""
        for worker in self._workers:
            assert worker.stdin
            worker.stdin.close()
        # One after the other: two at once would need twice the memory.
        ends = [await _end(worker) for worker in self._workers]
        unreadable: dict[int, str] = {}
        for end in ends:
            unreadable |= end.unreadable
        return Folded(merged([end.state for end in ends]), dict(sorted(unreadable.items())))


@asynccontextmanager
async def shards(boards: Mapping[str, Board], count: int) -> AsyncIterator[Shards]:
    """As many processes, gone at the end. Raises ShareLostError."""
    workers = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "services.aggregator.shard"),
            stdin=PIPE,
            stdout=PIPE,
            preexec_fn=die_with_parent,
        )
        for _ in range(count)
    ]
    try:
        definitions = BOARDS.dump_json(dict(boards))
        for worker in workers:
            assert worker.stdin
            # A pipe holds a moment's work: one process would wait while the other is served, and
            # both while messages are being read.
            worker.stdin.transport.set_write_buffer_limits(high=_AHEAD)
            # Who has many pipes gets no large ones; that of a process that has ended is closed.
            with suppress(PermissionError, ValueError):
                fcntl(worker.stdin.transport.get_extra_info("pipe"), F_SETPIPE_SZ, _PIPE)
            await _write(worker, struct.pack("<I", len(definitions)) + definitions)
        yield Shards(workers)
    finally:
        for worker in workers:
            if worker.returncode is None:
                worker.kill()
            await worker.wait()


def read_boards(file: BinaryIO) -> dict[str, Board]:
    (length,) = struct.unpack("<I", file.read(4))
    return BOARDS.validate_json(file.read(length))


def write_folded(file: BinaryIO, folded: Folded) -> None:
    told = UNREADABLE.dump_json(dict(folded.unreadable))
    file.write(struct.pack("<I", len(told)) + told)
    file.writelines(in_parts(folded.state))


def merged(states: Sequence[State]) -> State:
    """One that all of them together amount to."""
    dictionaries: list[bytes] = []
    submissions: dict[str, Kept] = {}
    weights: dict[str, dict[str, None]] = {}
    shared: set[str] = set()
    for state in states:
        first = len(dictionaries)
        dictionaries += state.dictionaries
        for sid, kept in state.submissions.items():
            moved = replace(kept, packed=_moved(kept.packed, first))
            if sid in submissions:
                # Its events stand on subjects of several submissions.
                moved = _united(submissions[sid], moved, dictionaries)
            submissions[sid] = moved
        for digest, sids in state.weights.items():
            if digest in weights:
                shared.add(digest)
            weights.setdefault(digest, {}).update(dict.fromkeys(sids))
    # Of those with equal weights in a share of their own, that share has told already.
    for sid in {sid for digest in shared for sid in weights[digest]}:
        submissions[sid] = replace(submissions[sid], is_current=False)
    return replace(
        states[0],
        position=max(state.position for state in states),
        dictionaries=dictionaries,
        weights=weights,
        submissions=submissions,
    )


def _moved(packed: Packed, first: int) -> Packed:
    return replace(packed, dictionary=first + packed.dictionary)


def _united(one: Kept, other: Kept, dictionaries: list[bytes]) -> Kept:
    packer = Packer(dictionaries)
    facts = packer.unpack(one.packed)
    for fact in packer.unpack(other.packed).values():
        facts = with_fact(facts, fact)
    packed = packer.pack(facts)
    dictionaries[:] = packer.dictionaries
    views = {**one.views, **other.views}
    return Kept(packed, Submission(facts).named, views, is_current=False)


def _shares(message: Msg, count: int) -> Iterable[int]:
    """By the submission that its subject names; all shares for what concerns all submissions."""
    headers = message.headers or {}
    if headers.get("ce-type") in _COMMON:
        return range(count)
    sid = submission_of(message.subject, headers) or ""
    return (zlib.crc32(sid.encode()) % count,)


async def _write(worker: Process, data: bytes) -> None:
    assert worker.stdin
    try:
        worker.stdin.write(data)
        await worker.stdin.drain()
    except OSError as fault:
        raise _lost(worker) from fault
    # What a pipe did not hold goes on only when the event loop runs, which a drain below the limit
    # does not let it.
    await asyncio.sleep(0)


async def _end(worker: Process) -> Folded:
    assert worker.stdout
    data = await worker.stdout.read()
    if await worker.wait():
        raise _lost(worker)
    (length,) = struct.unpack_from("<I", data)
    unreadable = UNREADABLE.validate_json(data[4 : 4 + length])
    return Folded(from_bytes(data, 4 + length), unreadable)


def _lost(worker: Process) -> ShareLostError:
    return ShareLostError(f"process {worker.pid} ended with {worker.returncode}")
