"""How often one address and one user may ask. Each gateway counts for itself."""

from typing import Any

from litestar import Request
from litestar.middleware import DefineMiddleware
from litestar.middleware.rate_limit import RateLimitConfig, get_remote_address

STORE = "rate_limit"

_READS = ("GET", "HEAD", "OPTIONS")


def per_address(requests_per_minute: int) -> DefineMiddleware:
    """Stands before everything else, so that guessing tokens is limited too."""
    return RateLimitConfig(
        rate_limit=("minute", requests_per_minute),
        identifier_for_request=lambda request: f"address {get_remote_address(request)}",
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


def _is_users_change(request: Request[Any, Any, Any]) -> bool:
    return request.method not in _READS and request.user.name is not None
