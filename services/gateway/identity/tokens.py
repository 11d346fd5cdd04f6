"""Hub tokens as proof of a name: asked of the Hub, which limits such questions, and remembered."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from services.gateway.identity.access import User

REMEMBERED_S = 60.0
"""How long a token that was taken back on the Hub may still be believed."""
_MOST = 10_000

Whoami = Callable[[str], Awaitable[User]]
"""Token → its user; `Hub.whoami`."""


@dataclass(frozen=True)
class _Proof:
    user: User
    expires: float


class TokenProofs:
    """Keeps digests, never a token."""

    def __init__(self, whoami: Whoami, clock: Callable[[], float] = time.monotonic) -> None:
        self._whoami = whoami
        self._clock = clock
        self._proofs: OrderedDict[bytes, _Proof] = OrderedDict()

    async def user_of(self, token: str) -> User:
        """Raises Refusal for a token that the Hub does not know, or when the Hub does not answer.
        Neither is remembered."""
        digest = sha256(token.encode()).digest()
        proof = self._proofs.get(digest)
        if proof and proof.expires > self._clock():
            return proof.user
        user = await self._whoami(token)
        self._proofs.pop(digest, None)
        self._proofs[digest] = _Proof(user, self._clock() + REMEMBERED_S)
        if len(self._proofs) > _MOST:
            self._proofs.popitem(last=False)
        return user
