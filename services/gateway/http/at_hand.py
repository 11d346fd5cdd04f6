"""Answers that were given before, given again without asking the application."""

from collections import OrderedDict
from dataclasses import dataclass

from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    Message,
    Receive,
    Scope,
    Send,
)

from services.gateway.http.caching import is_known
from services.gateway.http.security import SECURITY_HEADERS
from services.gateway.state.store import ViewStore

_PREFIX = "/api/v1/boards/"
_MOST = 512
_LARGEST_BYTES = 256 * 1024
# Headers that are about the answer. Cookies and counts are about who asked.
_KEPT = frozenset(
    {
        *(b"content-type", b"content-encoding", b"content-length", b"content-disposition"),
        *(b"etag", b"cache-control", b"vary", b"podium-board-version"),
        *(name.lower().encode() for name in SECURITY_HEADERS),
    }
)
_BODY = frozenset({b"content-type", b"content-encoding", b"content-length"})
# Besides its address, what an answer depends on.
_ASKED = (b"accept", b"accept-encoding")
_NOTHING: HTTPResponseBodyEvent = {"type": "http.response.body", "body": b"", "more_body": False}

Question = tuple[str, bytes, tuple[bytes, ...]]


@dataclass(frozen=True)
class _Given:
    board: str
    version: bytes
    etag: str
    start: HTTPResponseStartEvent
    body: HTTPResponseBodyEvent

    def not_modified(self) -> HTTPResponseStartEvent:
        headers = [(name, value) for name, value in self.start["headers"] if name not in _BODY]
        return {"type": "http.response.start", "status": 304, "headers": headers}


class AtHand:
    """Stands before everything else, also before what counts requests: these cost next to nothing.
    Whoever says who they are is passed on, because a proof that does not hold is refused."""

    def __init__(self, app: ASGIApp, store: ViewStore) -> None:
        self._app = app
        self._store = store
        self._given: OrderedDict[Question, _Given] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _asked(scope)
        if asked is None:
            await self._app(scope, receive, send)
            return
        question, known = asked
        given = self._standing(question)
        if given is None:
            await self._app(scope, receive, self._remembering(question, send))
        elif is_known(given.etag, known):
            await send(given.not_modified())
            await send(_NOTHING)
        else:
            await send(given.start)
            await send(given.body)

    def _standing(self, question: Question) -> _Given | None:
        given = self._given.get(question)
        if given is None:
            return None
        if str(self._store.board_version(given.board)).encode() != given.version:
            del self._given[question]
            return None
        self._given.move_to_end(question)
        return given

    def _remembering(self, question: Question, send: Send) -> Send:
        start: HTTPResponseStartEvent | None = None

        async def pass_on(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            elif message["type"] == "http.response.body" and start and not message["more_body"]:
                self._keep(question, start, message)
            await send(message)

        return pass_on

    def _keep(
        self, question: Question, start: HTTPResponseStartEvent, body: HTTPResponseBodyEvent
    ) -> None:
        headers = {name.lower(): value for name, value in start["headers"] if name.lower() in _KEPT}
        version = headers.get(b"podium-board-version")
        if start["status"] != 200 or version is None or len(body["body"]) > _LARGEST_BYTES:
            return
        board = question[0].removeprefix(_PREFIX).partition("/")[0]
        again: HTTPResponseStartEvent = {
            "type": "http.response.start",
            "status": 200,
            "headers": list(headers.items()),
        }
        self._given[question] = _Given(
            board, version, headers[b"etag"].decode("latin-1"), again, body
        )
        if len(self._given) > _MOST:
            self._given.popitem(last=False)


def _asked(scope: Scope) -> tuple[Question, str] | None:
    """With the tags that are known already. None for what is always passed on."""
    if scope["type"] != ScopeType.HTTP or scope["method"] != "GET":
        return None
    if not scope["path"].startswith(_PREFIX):
        return None
    asked = dict.fromkeys(_ASKED, b"")
    known = ""
    for name, value in scope["headers"]:
        if name in asked:
            asked[name] = value
        elif name == b"if-none-match":
            known = value.decode("latin-1")
        elif name == b"authorization":
            return None
    return (scope["path"], scope["query_string"], tuple(asked.values())), known
