"""Nobody acts as another."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.submission import SubmissionReceived
from services.gateway.http.errors import ErrorCode
from tests.bus import all_events, next_event
from tests.integration.gateway.browsers import ADA, browser, csrf_token, hub_confirms, sign_in
from tests.integration.gateway.conftest import WriteModel
from tests.integration.gateway.gateways import RunningGateway, started_gateway
from tests.unit.gateway.error_shape import assert_error

# ── tokens ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_token_proves_the_submitter(
    closed: RunningGateway, client: Client, write_model: WriteModel
) -> None:
    write_model("acme/by-ada")
    async with browser(closed) as http:
        answer = await http.post("/api/v1/submissions", json={"model": "acme/by-ada"}, headers=ADA)

    assert answer.status_code == 202, answer.text
    assert (await next_event(client, SubmissionReceived)).event.submitter == "ada"


async def test_without_a_proof_nothing_is_submitted(
    closed: RunningGateway, client: Client, write_model: WriteModel
) -> None:
    write_model("acme/by-nobody")
    async with browser(closed) as http:
        answer = await http.post("/api/v1/submissions", json={"model": "acme/by-nobody"})

    assert_error(answer, 401, ErrorCode.SIGN_IN_REQUIRED)
    assert await all_events(client) == []


@pytest.mark.parametrize(
    "authorization",
    ["Bearer hf_forged", "Bearer", "Basic YWRhOmhmX2FkYQ==", "hf_ada", "Bearer hf_ä"],
)
async def test_a_token_that_is_nobodys_is_refused(
    closed: RunningGateway, authorization: str
) -> None:
    async with browser(closed) as http:
        answer = await http.get(
            "/api/v1/me", headers={b"Authorization": authorization.encode("latin-1")}
        )

    assert_error(answer, 401, ErrorCode.TOKEN_INVALID)


async def test_a_name_in_the_body_or_in_a_header_proves_nothing(
    closed: RunningGateway, client: Client, write_model: WriteModel
) -> None:
    write_model("acme/forged")
    forged = {"X-User": "ada", "X-Forwarded-User": "ada", "Cookie": "podium-session=ada"}
    async with browser(closed) as http:
        claimed = await http.post(
            "/api/v1/submissions", json={"model": "acme/forged", "submitter": "ada"}, headers=ADA
        )
        headed = await http.post(
            "/api/v1/submissions", json={"model": "acme/forged"}, headers=forged
        )

    assert_error(claimed, 422, ErrorCode.INVALID_REQUEST)
    assert_error(headed, 401, ErrorCode.SIGN_IN_REQUIRED)
    assert await all_events(client) == []


async def test_a_hub_that_is_away_is_nobodys_fault(
    nats_url: str, jetstream: JetStreamContext, tmp_path: Path
) -> None:
    nobody = "http://127.0.0.1:9"
    settings = {"GATEWAY_OPEN": "false", "GATEWAY_HUB_TIMEOUT_S": "2"}
    async with started_gateway(nats_url, nobody, tmp_path, **settings) as gateway:
        await gateway.until_ready()
        async with browser(gateway) as http:
            answer = await http.get("/api/v1/me", headers=ADA)

    assert_error(answer, 503, ErrorCode.HUB_UNREACHABLE)


# ── browsers ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_browser_signs_in_submits_and_signs_out(
    closed: RunningGateway, client: Client, write_model: WriteModel
) -> None:
    write_model("acme/by-browser")
    async with browser(closed) as http:
        assert await sign_in(http, then="/boards/demo") == "/boards/demo"
        me = (await http.get("/api/v1/me")).json()
        csrf = {"X-CSRF-Token": me["csrf_token"]}
        submitted = await http.post(
            "/api/v1/submissions", json={"model": "acme/by-browser"}, headers=csrf
        )
        out = await http.post("/sign-out", headers=csrf)
        after = (await http.get("/api/v1/me")).json()

    assert (me["name"], me["organisations"], me["moderator"]) == ("ada", ["analytical"], False)
    assert submitted.status_code == 202, submitted.text
    assert (await next_event(client, SubmissionReceived)).event.submitter == "ada"
    assert (out.status_code, out.headers["location"]) == (303, "/")
    assert after["name"] is None


async def test_the_cookie_is_kept_from_scripts_and_from_other_sites(
    closed: RunningGateway,
) -> None:
    async with browser(closed) as http:
        begun = await http.get("/sign-in")

    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


@pytest.mark.parametrize("sent", [{}, {"X-CSRF-Token": "made-up"}])
async def test_a_signed_in_browser_changes_nothing_without_its_csrf_token(
    closed: RunningGateway, client: Client, write_model: WriteModel, sent: dict[str, str]
) -> None:
    model = f"acme/csrf-{len(sent)}"
    write_model(model)
    async with browser(closed) as http:
        await sign_in(http)
        answer = await http.post("/api/v1/submissions", json={"model": model}, headers=sent)

    assert_error(answer, 403, ErrorCode.CSRF_TOKEN_WRONG)
    assert await all_events(client) == []


async def test_the_csrf_token_of_one_session_is_worth_nothing_in_another(
    closed: RunningGateway,
) -> None:
    async with browser(closed) as ada, browser(closed) as grace:
        await sign_in(ada)
        await sign_in(grace, "hf_grace")
        answer = await ada.post("/sign-out", headers={"X-CSRF-Token": await csrf_token(grace)})

    assert_error(answer, 403, ErrorCode.CSRF_TOKEN_WRONG)


async def test_an_answer_of_the_hub_counts_once_and_in_the_browser_that_asked(
    closed: RunningGateway,
) -> None:
    async with browser(closed) as http, browser(closed) as thief:
        begun = await http.get("/sign-in")
        cookie_then = dict(http.cookies)
        back = await hub_confirms(begun.headers["location"])
        stolen = await thief.get(back)
        await http.get(back)
        replayed = await http.get(back)
        # With the cookie of that time too: the Hub has taken its code already.
        async with httpx.AsyncClient(base_url=closed.url, cookies=cookie_then, timeout=30) as old:
            rewound = await old.get(back)

    for refused in (stolen, replayed, rewound):
        assert_error(refused, 400, ErrorCode.SIGN_IN_FAILED)


async def test_a_made_up_state_is_refused(closed: RunningGateway) -> None:
    async with browser(closed) as http:
        begun = await http.get("/sign-in")
        back = urlsplit(await hub_confirms(begun.headers["location"]))
        code = parse_qs(back.query)["code"][0]
        answer = await http.get(back.path, params={"code": code, "state": "made-up"})
        again = await http.get("/api/v1/me")

    assert_error(answer, 400, ErrorCode.SIGN_IN_FAILED)
    assert again.json()["name"] is None


async def test_an_open_gateway_takes_nothing_from_pages_of_other_sites(
    http: httpx.AsyncClient, write_model: WriteModel
) -> None:
    write_model("acme/from-elsewhere")
    body = {"model": "acme/from-elsewhere"}

    elsewhere = await http.post(
        "/api/v1/submissions", json=body, headers={"Sec-Fetch-Site": "cross-site"}
    )
    here = await http.post(
        "/api/v1/submissions", json=body, headers={"Sec-Fetch-Site": "same-origin"}
    )

    assert_error(elsewhere, 403, ErrorCode.FORBIDDEN)
    assert here.status_code == 202


# ── rate limits ──────────────────────────────────────────────────────────────────────────────────


async def test_an_address_and_a_user_that_ask_too_often_are_told_when_to_come_back(
    nats_url: str, jetstream: JetStreamContext, hub: str, tmp_path: Path
) -> None:
    settings = {"GATEWAY_REQUESTS_PER_MINUTE": "8", "GATEWAY_CHANGES_PER_MINUTE": "2"}
    async with started_gateway(nats_url, hub, tmp_path, **settings) as gateway:
        await gateway.until_ready()
        async with browser(gateway) as http:
            changes = [await http.post("/sign-out", headers=ADA) for _ in range(3)]
            reads = [await http.get("/api/v1/me") for _ in range(6)]
            probe = await http.get("/livez")

    assert [answer.status_code for answer in changes] == [303, 303, 429]
    assert [answer.status_code for answer in reads] == [200] * 5 + [429]
    for refused in (changes[-1], reads[-1]):
        assert_error(refused, 429, ErrorCode.TOO_MANY_REQUESTS)
        assert 0 < int(refused.headers["retry-after"]) <= 60
    assert probe.is_success
