"""How often one address and one user may ask. Each gateway counts for itself."""

import time
from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from litestar import Request
from litestar.middleware import DefineMiddleware
from litestar.middleware.rate_limit import RateLimitConfig, get_remote_address
from litestar.stores.memory import MemoryStore

STORE = "rate_limit"

_READS = ("GET", "HEAD", "OPTIONS")
_WINDOW_S = 60.0
_ONE_SITE_BITS = 64


class Counters(MemoryStore):
    """Litestar's, bounded: by itself it forgets only what is asked for once more."""

    def __init__(self, most: int = 50_000, clock: Callable[[], float] = time.monotonic) -> None:
        """Beyond `most` addresses and users within a minute, the first are forgotten."""
        super().__init__()
        self._most = most
        self._clock = clock
        self._purged = clock()

    async def set(
        self, key: str, value: str | bytes, expires_in: int | timedelta | None = None
    ) -> None:
        await super().set(key, value, expires_in)
        if self._clock() - self._purged > _WINDOW_S:
            self._purged = self._clock()
            await self.delete_expired()
        while len(self._store) > self._most:
            del self._store[next(iter(self._store))]

    def __len__(self) -> int:
        return len(self._store)


def per_address(requests_per_minute: int) -> DefineMiddleware:
    """Stands before everything else, so that guessing tokens is limited too."""
    return RateLimitConfig(
        rate_limit=("minute", requests_per_minute),
        identifier_for_request=lambda request: f"address {one_site(get_remote_address(request))}",
        exclude=["^/static/", "^/livez$", "^/readyz$"],
        store=STORE,
    ).middleware


def per_user(changes_per_minute: int) -> DefineMiddleware:
    """Stands behind the middleware that finds out who asks. Headers are the address's alone."""
    return RateLimitConfig(
        rate_limit=("minute", changes_per_minute),
        identifier_for_request=lambda request: f"user {request.user.name}",
        check_throttle_handler=_is_users_change,
        exclude=["^/static/", "^/livez$", "^/readyz$"],
        store=STORE,
    ).middleware


def one_site(address: str) -> str:
    """What counts as one address: of IPv6, a customer has a /64 or more at will."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((parsed.packed, _ONE_SITE_BITS), strict=False))


async def _is_users_change(request: Request[Any, Any, Any]) -> bool:
    # A coroutine, because Litestar would ask a plain function in a thread.
    return request.method not in _READS and request.user.name is not None
