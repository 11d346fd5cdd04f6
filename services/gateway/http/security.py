"""Headers that every answer carries, and what OPTIONS answers. The page needs no inline script or
style and no other host."""

from litestar.datastructures import MutableScopeHeaders
from litestar.routes import HTTPRoute
from litestar.types import Message, Scope

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Unless a route says otherwise: a page holds its reader's name, and what its forms send.
    "Cache-Control": "private, no-cache",
}


async def add_security_headers(message: Message, scope: Scope) -> None:
    """A `before_send` hook: it also sees errors, redirects and static files."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)


async def name_all_methods(message: Message, scope: Scope) -> None:
    """A `before_send` hook. Litestar's own answer to OPTIONS names the method of the route that was
    registered first, where routes of several methods share a path."""
    if message["type"] == "http.response.start" and scope.get("method") == "OPTIONS":
        headers = MutableScopeHeaders.from_message(message)
        if "Allow" in headers:
            methods = {
                method
                for route in scope["litestar_app"].routes
                if isinstance(route, HTTPRoute) and route.path_format == scope["path_template"]
                for method in route.methods
            }
            # `answer_head` stands in front of these.
            head = {"HEAD"} if "GET" in methods else set()
            headers["Allow"] = ", ".join(sorted(methods | head))
