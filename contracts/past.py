"""A board as it was, asked of who has kept everything that happened."""

from typing import ClassVar

from pydantic import AwareDatetime

from contracts.base import Contract, Message
from contracts.board import Board

ROWS_HEADER = "Podium-Rows"
"""On the last message of an answer: how many rows went before it."""


class PastBoardAsked(Message):
    """How a board was at a time. A request of core NATS, not stored. One aggregator answers on its
    reply subject with several messages, in order: which board it is, as JSON with the one field
    `board`, null for one that nobody knows; then entries, as JSON lines that zlib has compressed,
    without what their cells are made of; and an empty one, with the number of rows in the header
    Podium-Rows."""

    SUBJECT: ClassVar[str] = "podium.v1.past.asked"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    board: str
    """Name of the board."""
    as_of: AwareDatetime
    """What happened later is left out."""


class PastBoard(Contract):
    """What an answer begins with."""

    board: Board | None
    """The definition that scores followed then; null for a board that nobody knows."""
