"""HEAD, as link checkers, proxies and `curl -I` send it."""

import asyncio

import httpx

ENTRIES = "/api/v1/boards/demo/entries"


def lasting(answer: httpx.Response) -> dict[str, str]:
    """What is about the answer, and not about when and how often it was asked for."""
    return {
        name: value
        for name, value in answer.headers.items()
        if name not in ("date", "set-cookie") and not name.startswith("ratelimit-")
    }


async def test_head_has_the_headers_of_get_and_no_body(http: httpx.AsyncClient) -> None:
    for path in (
        *(ENTRIES, f"{ENTRIES}?format=csv", "/api/v1/boards", "/boards/demo"),
        *("/api/v1/boards/none/columns", "/nowhere"),
    ):
        got, head = await http.get(path), await http.head(path)

        assert head.status_code == got.status_code, path
        assert lasting(head) == lasting(got), path
        assert (head.content, got.content != b"") == (b"", True), path

    known = (await http.head(ENTRIES)).headers["ETag"]
    assert (await http.head(ENTRIES, headers={"If-None-Match": known})).status_code == 304
    assert (await http.head("/api/v1/submissions")).status_code == 405


async def test_options_names_the_methods_of_each_path(http: httpx.AsyncClient) -> None:
    for path, methods in {
        ENTRIES: "GET, HEAD, OPTIONS",
        "/api/v1/moderation": "GET, HEAD, OPTIONS, POST",
        "/api/v1/requests/5f0c2a9be1d34f77a8c2/cancel": "OPTIONS, POST",
    }.items():
        assert (await http.options(path)).headers["Allow"] == methods


async def test_head_of_a_stream_ends(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        stream = await http.head("/api/v1/events?board=demo")

    assert stream.status_code == 200
    assert stream.headers["Content-Type"].startswith("text/event-stream")
