"""JSON answers, long lists by pages, and every refusal in the one shape."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from localhub.errors import BadRequest, HubError
from localhub.settings import MalformedSettings

T = TypeVar("T")


class JSON(Response):
    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return to_json(content, inf_nan_mode="null")


def page(
    request: Request, items: Sequence[T], size: int, describe: Callable[[T], object]
) -> Response:
    """The items from the query's cursor on, described, with a link to those after them."""
    cursor = request.query_params.get("cursor", "0")
    if not re.fullmatch(r"[0-9]{1,9}", cursor):
        raise BadRequest(f"cursor must be one that a Link header gave, not {cursor!r}")
    start, end = int(cursor), int(cursor) + size
    headers = {}
    if end < len(items):
        following = request.url.include_query_params(cursor=end)
        headers["Link"] = f'<{following}>; rel="next"'
    return JSON([describe(item) for item in items[start:end]], headers=headers)


def refuse(request: Request, refusal: Exception) -> Response:
    """The answer to a HubError, a MalformedSettings or Starlette's own HTTPException."""
    match refusal:
        case HubError():
            return _error(refusal.status, refusal.message, refusal.headers())
        case MalformedSettings():
            return refuse(request, HubError(str(refusal)))
        case HTTPException():
            address = f"{request.method} {request.url.path}"
            message = f"{address} is not served: localhub has the read side of the Hub API"
            return _error(refusal.status_code, message, refusal.headers or {})
    raise refusal


def _error(status: int, message: str, headers: Mapping[str, str]) -> Response:
    return JSON({"error": message}, status_code=status, headers=headers)
