"""The error shape: {"error": {"code", "message", "advice", "details"?}}.

`code` is kebab-case and keeps its status; `message` and `advice` are sentences; `details` is an
object. Nothing else stands beside them, on any endpoint."""

import re
from typing import Any

from httpx import Response

from services.gateway.http.errors import ErrorCode


def assert_error(response: Response, status: int, code: ErrorCode) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert set(error) - {"details"} == {"code", "message", "advice"}
    assert error["code"] == code
    assert re.fullmatch(r".*[.;]", error["message"])
    assert error["advice"]
    assert isinstance(error.get("details", {}), dict)
    return error
