"""Every submission by its id, in little memory."""

from collections.abc import Iterator, Mapping, Sequence

from services.aggregator.fold import Submission
from services.aggregator.packing import Packed, Packer
from services.aggregator.unsettled import unsettled

AT_HAND = 200


class Submissions(Mapping[str, Submission]):
    """At hand are those that something has still to become of, and as many of the others as were
    heard of last. The rest is packed, and unpacked each time that somebody asks for it."""

    def __init__(self, packer: Packer, packed: Mapping[str, Packed], at_hand: int) -> None:
        self._packer = packer
        self._packed = dict(packed)
        self._most = at_hand
        self._at_hand: dict[str, Submission] = {}
        self._heard_of: dict[str, None] = {}
        """At hand, longest ago first; without those that are under way."""

    def __getitem__(self, sid: str) -> Submission:
        at_hand = self._at_hand.get(sid)
        return at_hand or Submission(self._packer.unpack(self._packed[sid]))

    def __iter__(self) -> Iterator[str]:
        yield from self._at_hand
        yield from self._packed

    def __len__(self) -> int:
        return len(self._at_hand) + len(self._packed)

    def __contains__(self, sid: object) -> bool:
        return sid in self._at_hand or sid in self._packed

    @property
    def dictionaries(self) -> Sequence[bytes]:
        """Of what is packed."""
        return self._packer.dictionaries

    @property
    def at_hand(self) -> Mapping[str, Submission]:
        return self._at_hand

    def put(self, sid: str, submission: Submission, *, is_under_way: bool = False) -> None:
        """What is under way is at hand until it is put again without being so."""
        self._packed.pop(sid, None)
        self._at_hand[sid] = submission
        self._heard_of.pop(sid, None)
        if not is_under_way:
            self._heard_of[sid] = None

    def settled(self) -> Iterator[str]:
        """Those that are due to be packed."""
        while len(self._heard_of) > self._most:
            sid = next(iter(self._heard_of))
            del self._heard_of[sid]
            if unsettled(self._at_hand[sid]) is None:
                yield sid

    def pack(self, sid: str) -> None:
        self._packed[sid] = self._packer.pack(self._at_hand.pop(sid).facts)

    def all_packed(self) -> Iterator[tuple[str, Packed]]:
        """Also those at hand, which stay there."""
        yield from self._packed.items()
        for sid, submission in self._at_hand.items():
            yield sid, self._packer.pack(submission.facts)
