"""The server as an ASGI application: which address leads where."""

from dataclasses import dataclass
from urllib.parse import unquote
from uuid import uuid4

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localhub.downloads import Downloads
from localhub.errors import HubError
from localhub.info import RepoDescriber
from localhub.oauth import OAuth
from localhub.pages import Pages
from localhub.repo_api import RepoApi
from localhub.repos import Repositories
from localhub.responses import refuse
from localhub.settings import MalformedSettings


class _Segment(Convertor[str]):
    """One segment of an address, which may stand for text with slashes: refs%2Fpr%2F1."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value)


class _Segments(_Segment):
    regex = ".+"


class _Kind(_Segment):
    regex = "models|datasets"


class _Datasets(_Segment):
    regex = "datasets"


@dataclass(frozen=True)
class _Envelope:
    """Names every answer, and has addresses routed before their percent-escapes are undone: after
    that, the slash within a revision looks like the one behind it."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = str(uuid4())

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        await self.app({**scope, "path": scope["raw_path"].decode("latin-1")}, receive, send_named)


def build_app(repositories: Repositories) -> ASGIApp:
    register_url_convertor("segment", _Segment())
    register_url_convertor("segments", _Segments())
    register_url_convertor("kind", _Kind())
    register_url_convertor("datasets", _Datasets())
    app = Starlette(
        routes=_routes(repositories),
        exception_handlers={HubError: refuse, MalformedSettings: refuse, HTTPException: refuse},
    )
    return _Envelope(app)


def _routes(repositories: Repositories) -> list[Route]:
    api = RepoApi(repositories, RepoDescriber())
    downloads = Downloads(repositories)
    pages = Pages(repositories)
    oauth = OAuth(repositories)
    described = "/api/{kind:kind}/{namespace:segment}/{name:segment}"
    model = "/{namespace:segment}/{name:segment}"
    dataset = "/{kind:datasets}" + model
    file = "/resolve/{revision:segment}/{path:segments}"
    return [
        Route("/livez", _livez),
        Route("/", pages.index),
        Route("/api/whoami-v2", api.whoami),
        Route("/oauth/authorize", oauth.authorize, methods=["GET", "POST"]),
        Route("/oauth/token", oauth.token, methods=["POST"]),
        Route("/oauth/userinfo", oauth.userinfo),
        Route("/api/{kind:kind}", api.list_repos),
        Route(described, api.info),
        Route(described + "/revision/{revision:segment}", api.info),
        Route(described + "/tree/{revision:segment}", api.tree),
        Route(described + "/tree/{revision:segment}/{path:segments}", api.tree),
        Route(described + "/paths-info/{revision:segment}", api.paths_info, methods=["POST"]),
        Route(described + "/refs", api.refs),
        Route(described + "/commits/{revision:segment}", api.commits),
        Route(described + "/auth-check", api.auth_check),
        Route("/api/{kind:kind}/{name:segment}", api.not_a_repo),
        Route("/api/spaces/{path:segments}", api.not_a_repo),
        Route("/api/{path:segments}", _not_served),
        Route(dataset + file, downloads.resolve),
        Route(dataset, pages.repo),
        Route(dataset + "/tree/{revision:segment}", pages.repo),
        Route("/datasets/{name:segment}" + file, api.not_a_repo),
        Route(model + file, downloads.resolve),
        Route(model, pages.repo),
        Route(model + "/tree/{revision:segment}", pages.repo),
        Route("/{name:segment}" + file, api.not_a_repo),
    ]


def _livez(request: Request) -> Response:
    return PlainTextResponse("ok\n")


def _not_served(request: Request) -> Response:
    raise HTTPException(404)
