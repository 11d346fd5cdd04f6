"""A fold as bytes, and when such bytes may stand for folding EVENTS again."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pydantic_core

import contracts.base
from contracts.board import Board
from services.aggregator.packing import Packed

_FORMAT = 2


@dataclass(frozen=True)
class Kept:
    """One submission."""

    packed: Packed
    named: tuple[str, int] | None
    """What its repository was called, and since which place in EVENTS."""
    views: Mapping[str, str]
    """Digests of its views, in hex, by subject."""
    is_current: bool
    """Whether `views` are those that follow from what is packed."""


@dataclass(frozen=True)
class State:
    """A fold between two events."""

    position: int
    """Place in EVENTS of the newest event that was taken."""
    moderation: bytes
    """Text of the packed moderators' decisions."""
    definitions: bytes
    """Text of the packed definitions of boards."""
    rescorings: Mapping[str, str]
    """What they did to the rows: views by subject."""
    dictionaries: Sequence[bytes]
    weights: Mapping[str, Iterable[str]]
    """Submissions by digest of their weights."""
    submissions: Mapping[str, Kept]
    """By id."""


NOTHING = State(0, b"", b"", {}, (), {}, {})


@dataclass(frozen=True)
class Origin:
    """What a snapshot was made of and by. With another the views might come out otherwise."""

    code: str
    boards: str
    created: str
    """When EVENTS was created."""
    sequence: int
    """The last message that was read, unreadable ones counted."""
    fingerprint: str
    """Of that message."""
    unreadable: int
    """Messages that were skipped."""

    def as_text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "Origin":
        """Raises ValueError or TypeError for what `as_text` has not written."""
        return cls(**json.loads(text))

    def misfit(self, code: str, boards: str, created: datetime) -> str | None:
        """Why a snapshot of this origin cannot be used; None when it can."""
        if self.code != code:
            return "it was made by another version"
        if self.boards != boards:
            return "the boards' definitions have changed"
        if self.created != created.isoformat():
            return "EVENTS is another stream"
        return None


@cache
def code_version() -> str:
    """Changes with every line that could change a view."""
    digest = hashlib.sha256(f"{_FORMAT} {pydantic_core.__version__}".encode())
    for module in (contracts.base.__file__, __file__):
        for path in sorted(Path(module).parent.glob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def boards_version(boards: Mapping[str, Board]) -> str:
    definitions = "\n".join(board.model_dump_json() for board in boards.values())
    return hashlib.sha256(definitions.encode()).hexdigest()[:16]


def fingerprint(subject: str, headers: Mapping[str, str] | None, body: bytes) -> str:
    """Of a message that stands in EVENTS."""
    envelope = json.dumps([subject, (headers or {}).get("ce-id")]).encode()
    return hashlib.sha256(envelope + body).hexdigest()[:16]


def to_bytes(state: State) -> bytes:
    return b"".join(in_parts(state))


def in_parts(state: State) -> Iterator[bytes]:
    """A line of JSON that says how long the parts are, and the parts."""
    table = json.dumps(
        [
            [
                sid,
                kept.named,
                dict(kept.views),
                kept.is_current,
                kept.packed.dictionary,
                len(kept.packed.body),
            ]
            for sid, kept in state.submissions.items()
        ]
    ).encode()
    weights = json.dumps({digest: list(sids) for digest, sids in state.weights.items()}).encode()
    rescorings = json.dumps(dict(state.rescorings)).encode()
    parts = [
        *(state.moderation, state.definitions, rescorings, table, weights),
        *state.dictionaries,
    ]
    head = {"position": state.position, "lengths": [len(part) for part in parts]}
    yield json.dumps(head).encode() + b"\n"
    yield from parts
    for kept in state.submissions.values():
        yield kept.packed.body


def from_bytes(data: bytes, start: int = 0) -> State:
    """Raises ValueError, KeyError or TypeError for what `to_bytes` has not written there."""
    head, _, _ = data[start : start + 100_000].partition(b"\n")
    about: dict[str, Any] = json.loads(head)
    parts = _Parts(data, start + len(head) + 1)
    moderation, definitions, rescorings, table, weights, *dictionaries = (
        parts.next(length) for length in about["lengths"]
    )
    submissions = {
        sid: Kept(
            Packed(parts.next(length), dictionary),
            (named[0], named[1]) if named else None,
            views,
            is_current,
        )
        for sid, named, views, is_current, dictionary, length in json.loads(table)
    }
    if not parts.at_end:
        raise ValueError("it is longer than it says")
    return State(
        about["position"],
        moderation,
        definitions,
        json.loads(rescorings),
        dictionaries,
        json.loads(weights),
        submissions,
    )


class _Parts:
    def __init__(self, data: bytes, start: int) -> None:
        self._data = data
        self._start = start

    @property
    def at_end(self) -> bool:
        return self._start == len(self._data)

    def next(self, length: int) -> bytes:
        part = self._data[self._start : self._start + length]
        if len(part) < length:
            raise ValueError("it is shorter than it says")
        self._start += length
        return part
