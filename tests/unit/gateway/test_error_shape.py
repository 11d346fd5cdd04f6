import json
from collections.abc import AsyncIterator

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient
from nats.aio.client import Client

from runtime.ports import free_port
from runtime.service import Readiness
from services.gateway.app import Doors, build_app
from services.gateway.boards.past import PastBoards
from services.gateway.http.errors import ErrorCode
from services.gateway.identity.access import Access
from services.gateway.identity.tokens import TokenProofs
from services.gateway.moderation.dead_letters import DeadLetters
from services.gateway.query.formats import MEDIA_TYPES
from services.gateway.samples.files import DetailFiles
from services.gateway.state.event_log import EventLog
from services.gateway.state.store import ViewStore
from services.gateway.submitting.hub import Hub, ResolvedModel
from services.gateway.submitting.hub_models import HubModels
from services.gateway.submitting.rule_check import RuleBook
from services.gateway.submitting.submitting import ResolveModel
from tests.unit.gateway.error_shape import assert_error
from tests.unit.gateway.examples import a_board

SOMEBODY = "0123456789abcdef0123"


def an_app(
    *boards: str,
    resolve_model: ResolveModel | None = None,
    ready: bool = True,
    address: str = "http://127.0.0.1:8000",
) -> Litestar:
    """A gateway that reaches neither NATS nor a Hub."""
    store = ViewStore()
    store.begin("e1")
    for sequence, name in enumerate(boards, start=1):
        board = a_board(name)
        store.put(board.subject(), board.model_dump_json().encode(), sequence)
    nobody = f"http://127.0.0.1:{free_port()}"
    hub = Hub(nobody, timeout_s=2)
    return build_app(
        store=store,
        event_log=EventLog(Client()),
        dead_letters=DeadLetters(Client()),
        detail_files=DetailFiles(Client()),
        resolve_model=resolve_model or hub.resolve,
        hub_models=HubModels(nobody, timeout_s=2),
        rule_book=RuleBook(Client()),
        past_boards=PastBoards(Client(), store),
        readiness=Readiness() if ready else Readiness("views"),
        hub_url=nobody,
        doors=Doors(
            access=Access(open=True),
            proofs=TokenProofs(hub.whoami),
            hub_sign_in=None,
            session_secret="a secret of the tests",
            address=address,
            requests_per_minute=1000,
            changes_per_minute=1000,
        ),
    )


@pytest.fixture
async def http() -> AsyncIterator[AsyncTestClient[Litestar]]:
    async with AsyncTestClient(an_app("demo"), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, ErrorCode.NOT_FOUND),
        ("GET", "/api/v1/nowhere", 404, ErrorCode.NOT_FOUND),
        ("GET", "/static/nothing.css", 404, ErrorCode.NOT_FOUND),
        ("DELETE", "/api/v1/boards", 405, ErrorCode.METHOD_NOT_ALLOWED),
        ("GET", "/api/v1/submissions", 405, ErrorCode.METHOD_NOT_ALLOWED),
        ("GET", "/api/v1/boards/none/entries", 404, ErrorCode.BOARD_UNKNOWN),
        ("GET", f"/api/v1/boards/none/entries/{SOMEBODY}", 404, ErrorCode.BOARD_UNKNOWN),
        ("GET", f"/api/v1/boards/demo/entries/{SOMEBODY}", 404, ErrorCode.ENTRY_UNKNOWN),
        ("GET", "/api/v1/events?board=none", 404, ErrorCode.BOARD_UNKNOWN),
        ("GET", "/api/v1/requests?state=lost", 422, ErrorCode.INVALID_REQUEST),
        ("GET", "/api/v1/requests?limit=0", 422, ErrorCode.INVALID_REQUEST),
        ("GET", "/api/v1/requests?limit=many", 422, ErrorCode.INVALID_REQUEST),
        ("GET", f"/api/v1/requests?after={SOMEBODY}", 422, ErrorCode.INVALID_REQUEST),
        ("GET", "/api/v1/requests/not-an-id", 404, ErrorCode.REQUEST_UNKNOWN),
        ("GET", f"/api/v1/requests/{SOMEBODY}", 503, ErrorCode.BUS_UNREACHABLE),
        ("GET", "/boards/none", 404, ErrorCode.BOARD_UNKNOWN),
        ("GET", "/requests/not-an-id", 404, ErrorCode.REQUEST_UNKNOWN),
        ("GET", "/live?board=none", 404, ErrorCode.BOARD_UNKNOWN),
    ],
)
async def test_every_endpoint_answers_errors_in_one_shape(
    http: AsyncTestClient[Litestar], method: str, path: str, status: int, code: ErrorCode
) -> None:
    assert_error(await http.request(method, path), status, code)


@pytest.mark.parametrize(
    ("asked", "message", "advice"),
    [
        ("boards/demo/entries?limit=many", "`limit` cannot be 'many'.", "Write a whole number."),
        (
            "boards/demo/entries?limit=0",
            "`limit` cannot be '0'.",
            "Write a whole number of at least 1.",
        ),
        (
            "boards/demo/entries?limit=1001",
            "`limit` cannot be '1001'.",
            "Write a whole number of at most 1000.",
        ),
        (
            "boards/demo/entries?params_min=-1",
            "`params_min` cannot be '-1'.",
            "Write a number of at least 0.",
        ),
        (
            "boards/demo/entries?official=maybe",
            "`official` cannot be 'maybe'.",
            "Write `true` or `false`.",
        ),
        ("requests?state=lost", "`state` cannot be 'lost'.", "Choose among: received, waiting,"),
        ("queue?tier=huge", "`tier` cannot be 'huge'.", "Choose among: small, medium,"),
        (
            "boards/demo/entries?as_of=May",
            "`as_of` cannot be 'May'.",
            "Write a day, such as 2026-01-31,",
        ),
    ],
)
async def test_a_parameter_that_cannot_be_is_told_what_can(
    http: AsyncTestClient[Litestar], asked: str, message: str, advice: str
) -> None:
    answer = await http.get(f"/api/v1/{asked}")

    error = assert_error(answer, 422, ErrorCode.INVALID_REQUEST)
    assert error["message"] == message
    assert error["advice"].startswith(advice)
    assert error["details"]["parameter"] == asked.partition("?")[2].partition("=")[0]


async def test_a_part_of_a_path_that_cannot_be_is_told_what_can(
    http: AsyncTestClient[Litestar],
) -> None:
    answer = await http.post(
        f"/requests/{SOMEBODY}/dance",
        data={"note": ""},
        headers={"origin": "http://127.0.0.1:8000"},
    )

    error = assert_error(answer, 422, ErrorCode.INVALID_REQUEST)
    assert error["message"] == "`action` cannot be 'dance'."
    assert error["advice"] == "Choose among: cancel, rerun, vote, promote."


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("", "$"),
        ("{", "$"),
        ("[]", "$"),
        ('{"precision": "float16"}', "$"),
        ('{"model": 1}', "$.model"),
        ('{"model": "no-namespace"}', "$.model"),
        ('{"model": "acme/--"}', "$.model"),
        ('{"model": "acme/tiny", "precision": "bf16"}', "$.precision"),
        ('{"model": "acme/tiny", "revision": 3}', "$.revision"),
        ('{"model": "acme/tiny", "weight_type": "delta"}', "$"),
        ('{"model": "acme/tiny", "modle_type": "chat"}', "$"),
    ],
)
async def test_a_malformed_submission_is_told_which_field_is_wrong(
    http: AsyncTestClient[Litestar], body: str, path: str
) -> None:
    response = await http.post(
        "/api/v1/submissions", content=body, headers={"content-type": "application/json"}
    )

    error = assert_error(response, 422, ErrorCode.INVALID_REQUEST)
    assert error["details"]["path"] == path


async def test_a_body_that_is_too_large_is_not_read(http: AsyncTestClient[Litestar]) -> None:
    body = json.dumps({"model": "acme/tiny", "revision": "x" * 100_000})

    response = await http.post(
        "/api/v1/submissions", content=body, headers={"content-type": "application/json"}
    )

    assert_error(response, 413, ErrorCode.TOO_LARGE)


async def test_an_unknown_board_is_answered_with_the_boards_there_are(
    http: AsyncTestClient[Litestar],
) -> None:
    response = await http.post("/api/v1/submissions", json={"model": "acme/tiny", "board": "nope"})

    error = assert_error(response, 404, ErrorCode.BOARD_UNKNOWN)
    assert error["details"] == {"boards": ["demo"]}


async def test_the_board_must_be_named_where_there_are_several() -> None:
    async with AsyncTestClient(an_app("demo", "other")) as http:
        response = await http.post("/api/v1/submissions", json={"model": "acme/tiny"})

    error = assert_error(response, 422, ErrorCode.INVALID_REQUEST)
    assert error["details"] == {"path": "$.board", "boards": ["demo", "other"]}


async def test_a_hub_that_is_away_is_no_fault_of_the_submission(
    http: AsyncTestClient[Litestar],
) -> None:
    response = await http.post("/api/v1/submissions", json={"model": "acme/tiny"})

    assert_error(response, 503, ErrorCode.HUB_UNREACHABLE)
    assert int(response.headers["retry-after"]) > 0


async def test_a_bus_that_is_away_is_answered_with_what_is_safe_to_do() -> None:
    async def resolve(model: str, revision: str) -> ResolvedModel:
        return ResolvedModel(model, "8d1f0c5e7a2b49f3b6c4d5e6f708192a3b4c5d6e")

    async with AsyncTestClient(an_app("demo", resolve_model=resolve)) as http:
        response = await http.post("/api/v1/submissions", json={"model": "acme/tiny"})

    error = assert_error(response, 503, ErrorCode.BUS_UNREACHABLE)
    assert "again" in error["advice"]


async def test_a_fault_of_ours_is_logged_and_keeps_its_secrets(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async def explode(model: str, revision: str) -> ResolvedModel:
        raise ZeroDivisionError("the password is swordfish")

    app = an_app("demo", resolve_model=explode)
    async with AsyncTestClient(app, raise_server_exceptions=False) as http:
        response = await http.post("/api/v1/submissions", json={"model": "acme/tiny"})

    error = assert_error(response, 500, ErrorCode.INTERNAL_ERROR)
    assert "swordfish" not in response.text
    logged = capsys.readouterr().out + caplog.text
    assert error["details"]["error_id"] in logged
    assert "swordfish" in logged


async def test_a_browser_gets_the_error_as_a_page(http: AsyncTestClient[Litestar]) -> None:
    accept = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

    page = await http.get("/boards/none", headers=accept)
    api = await http.get("/api/v1/boards/none/entries", headers=accept)

    assert page.status_code == 404
    assert "There is no board &#39;none&#39;." in page.text
    assert_error(api, 404, ErrorCode.BOARD_UNKNOWN)


async def test_a_gateway_that_has_not_read_the_views_is_alive_but_not_ready() -> None:
    async with AsyncTestClient(an_app(ready=False)) as http:
        alive, ready = await http.get("/livez"), await http.get("/readyz")

    assert alive.status_code == 200
    assert (ready.status_code, ready.json()) == (503, {"ready": False, "missing": ["views"]})


async def test_before_there_is_a_board_the_page_says_so() -> None:
    async with AsyncTestClient(an_app()) as http:
        page = await http.get("/")

    assert page.status_code == 200
    assert "No board yet" in page.text


async def test_lists_are_not_sent_again_until_something_changes(
    http: AsyncTestClient[Litestar],
) -> None:
    first = await http.get("/api/v1/boards")
    again = await http.get("/api/v1/boards", headers={"If-None-Match": first.headers["etag"]})
    other = await http.get("/api/v1/boards", headers={"If-None-Match": 'W/"e1-0"'})

    assert (first.status_code, again.status_code, other.status_code) == (200, 304, 200)
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]


async def test_every_answer_forbids_foreign_and_inline_code(
    http: AsyncTestClient[Litestar],
) -> None:
    for path in ("/", "/nowhere", "/api/v1/boards", "/static/js/live.js"):
        policy = (await http.get(path)).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


async def test_the_api_describes_every_operation_and_its_errors(
    http: AsyncTestClient[Litestar],
) -> None:
    paths = (await http.get("/api/openapi.json")).json()["paths"]

    operations = {
        operation["operationId"]: operation
        for methods in paths.values()
        for operation in methods.values()
    }
    assert {
        "submitModel",
        "listRequests",
        "getRequest",
        "listBoards",
        "listEntries",
        "getEntry",
        "streamEvents",
    } <= set(operations)
    assert {"202", "404", "409", "422", "503"} <= set(operations["submitModel"]["responses"])
    assert all(operation["description"] for operation in operations.values())


async def test_the_api_names_every_format_of_rows(http: AsyncTestClient[Litestar]) -> None:
    document = (await http.get("/api/openapi.json")).json()

    answers = document["paths"]["/api/v1/boards/{name}/entries"]["get"]["responses"]
    content = answers["200"]["content"]

    assert set(content) == set(MEDIA_TYPES.values())
    assert content["application/json"]["schema"]
