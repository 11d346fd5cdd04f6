"""Votes: what the community wants evaluated first."""

from typing import ClassVar

from contracts.base import Event
from contracts.models import SubmissionId


class VoteCast(Event):
    """Somebody wants a waiting submission sooner. One vote per user and submission counts."""

    SUBJECT: ClassVar[str] = "podium.v1.vote.cast.{sid}"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "aggregator"

    sid: SubmissionId
    """The submission voted for."""
    voter: str
    """Hub user name that was proved when voting."""
