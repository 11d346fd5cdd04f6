"""What strangers may try: cookies, other sites' pages, the way to the Hub and back, proxies, routes
of moderators, and the secrets of everybody in what is written down."""

import asyncio
import json
import os
import re
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
from litestar.middleware.session.client_side import ClientSideSessionBackend
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from contracts.views import Policy, Ruling
from services.gateway.http.errors import ErrorCode
from services.gateway.identity.sessions import (
    COOKIE,
    LONGEST_S,
    SignedIn,
    SigningIn,
    session_cookies,
)
from tests.bus import all_events
from tests.integration.gateway.browsers import ADA, browser, csrf_token, hub_confirms, sign_in
from tests.integration.gateway.conftest import SESSION_SECRET, TOKENS, WriteModel
from tests.integration.gateway.gateways import RunningGateway, show, started_gateway
from tests.unit.gateway.error_shape import assert_error
from tests.unit.gateway.examples import NOON, a_board, a_request
from tests.unit.gateway.test_error_shape import an_app

FLAG = {"what": "flag", "model": "acme/tiny", "reason": "It was trained on the test set."}

# ── cookies ──────────────────────────────────────────────────────────────────────────────────────


def cookie(
    content: SignedIn | SigningIn, secret: str = SESSION_SECRET, *, valid_s: int = LONGEST_S
) -> str:
    """As a gateway with this secret writes it."""
    backend = session_cookies(secret, secure=False).kwargs["backend"]
    assert isinstance(backend, ClientSideSessionBackend)
    backend.config.max_age = valid_s
    name = "signed_in" if isinstance(content, SignedIn) else "signing_in"
    [value] = backend.dump_data({name: msgspec.to_builtins(content)})
    return value.decode()


def a_session(name: str = "ada", *, since: float | None = None) -> SignedIn:
    return SignedIn(name, ["moderators"], time.time() if since is None else since, "csrf")


def tampered(genuine: str) -> Iterator[str]:
    """The cookie with one bit turned over, at places all over it; then cut short."""
    sealed = b64decode(genuine)
    for place in range(0, len(sealed), 5):
        flipped = bytearray(sealed)
        flipped[place] ^= 1 << place % 8
        yield b64encode(flipped).decode()
    for length in (0, 1, 11, 12, 40, len(sealed) - 1):
        yield b64encode(sealed[:length]).decode()


def made_up() -> Iterator[str]:
    """What Litestar takes apart before it finds out that nobody has sealed it."""
    mark = b"additional_authenticated_data="
    yield from ("ada", "null", "%00", "=", "a" * 4000)
    for data in (
        b"{",
        b"{}",
        b"[]",
        b"7",
        b'{"expires_at": "soon"}',
        b'{"expires_at": null}',
        b'{"expires_at": 99999999999}',
        b"\xff\xfe",
    ):
        for sealed in (b"", b"short", b"a" * 60):
            yield b64encode(sealed + mark + data).decode()


async def test_a_cookie_that_no_gateway_here_has_written_is_no_session(
    closed: RunningGateway, client: Client
) -> None:
    genuine = cookie(a_session())
    forged = [
        *tampered(genuine),
        *made_up(),
        cookie(a_session(), "the secret of another gateway, as long as ours"),
        cookie(a_session(), valid_s=-1),
        cookie(a_session(since=0)),
        genuine[::-1],
    ]
    answers = []
    async with httpx.AsyncClient(base_url=closed.url, timeout=30) as http:
        for value in forged:
            headers = {"Cookie": f"{COOKIE}={value}", "X-CSRF-Token": "csrf"}
            answers.append(
                (
                    (await http.get("/api/v1/me", headers=headers)).json().get("name", "?"),
                    (await http.post("/api/v1/moderation", json=FLAG, headers=headers)).status_code,
                )
            )
        headers = {"Cookie": f"{COOKIE}={genuine}"}
        proof = (await http.get("/api/v1/me", headers=headers)).json()

    assert set(answers) == {(None, 401)}
    assert (proof["name"], proof["moderator"]) == ("ada", True)
    assert await all_events(client) == []
    assert "a request failed" not in closed.log.read_text()


async def test_gateways_share_sessions_if_they_share_the_secret(
    closed: RunningGateway, nats_url: str, hub: str, tmp_path: Path
) -> None:
    settings = {"GATEWAY_OPEN": "false", "GATEWAY_SESSION_SECRET": SESSION_SECRET}
    async with (
        started_gateway(nats_url, hub, tmp_path, **settings) as same,
        started_gateway(nats_url, hub, tmp_path, GATEWAY_OPEN="false") as other,
        browser(closed) as http,
    ):
        await same.until_ready()
        await other.until_ready()
        await sign_in(http)
        names = []
        for gateway in (same, other):
            async with httpx.AsyncClient(
                base_url=gateway.url, cookies=dict(http.cookies), timeout=30
            ) as there:
                names.append((await there.get("/api/v1/me")).json()["name"])

    assert names == ["ada", None]


# ── pages of other sites ─────────────────────────────────────────────────────────────────────────


async def test_a_form_of_a_signed_in_browser_counts_with_its_token_only(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    request = a_request().model_copy(update={"submitter": "ada"})
    await show(jetstream, request)
    await closed.until(f"/api/v1/requests/{request.sid}", lambda answer: answer.is_success)
    form = f"/requests/{request.sid}/cancel"
    async with browser(closed) as ada, browser(closed) as grace:
        await sign_in(ada)
        await sign_in(grace, "hf_grace")
        refused = [
            await ada.post(form, data={"note": "Goodbye."}),
            await ada.post(form, data={"csrf_token": ""}),
            await ada.post(form, data={"csrf_token": "made-up"}),
            await ada.post(form, data={"csrf_token": await csrf_token(grace)}),
            await ada.post(form, files={"csrf_token": (None, await csrf_token(ada))}),
            await ada.post(form, json={"csrf_token": await csrf_token(ada)}),
            await ada.post(f"{form}?csrf_token={await csrf_token(ada)}"),
        ]
        assert await all_events(client) == []
        taken = await ada.post(form, data={"csrf_token": await csrf_token(ada)})

    for answer in refused:
        assert_error(answer, 403, ErrorCode.CSRF_TOKEN_WRONG)
    assert (taken.status_code, taken.headers["location"]) == (
        303,
        f"/requests/{request.sid}?done=cancel",
    )


async def test_a_form_sent_after_the_session_has_ended_leads_back_to_its_page(
    closed: RunningGateway, jetstream: JetStreamContext
) -> None:
    request = a_request()
    await show(jetstream, request)
    await closed.until(f"/api/v1/requests/{request.sid}", lambda answer: answer.is_success)
    async with browser(closed) as http:
        refused = await http.post(
            f"/requests/{request.sid}/cancel",
            data={"csrf_token": "of a session that has ended"},
            headers={"Accept": "text/html"},
        )
        [address] = set(re.findall(r'href="(/sign-in\?then=[^"]*)"', refused.text))
        begun = await http.get(address)
        ended = await http.get(await hub_confirms(begun.headers["location"]))

    assert refused.status_code == 401
    assert ended.headers["location"] == f"/requests/{request.sid}"


async def test_whoever_is_refused_before_the_body_is_read_gets_the_answer(
    closed: RunningGateway,
) -> None:
    long = {"model": "acme/tiny", "revision": "x" * 50_000}
    async with browser(closed) as http:
        answers = [
            await http.post(
                "/api/v1/submissions", json=long, headers={"Authorization": "Bearer hf_forged"}
            )
            for _ in range(20)
        ]

    for answer in answers:
        assert_error(answer, 401, ErrorCode.TOKEN_INVALID)


# ── the way to the Hub and back ──────────────────────────────────────────────────────────────────


async def test_an_answer_that_belongs_to_an_attempt_before_is_refused(
    closed: RunningGateway,
) -> None:
    async with browser(closed) as http:
        first = await http.get("/sign-in")
        back = await hub_confirms(first.headers["location"])
        await http.get("/sign-in")
        answer = await http.get(back)

    assert_error(answer, 400, ErrorCode.SIGN_IN_FAILED)


async def test_a_code_is_worth_nothing_without_its_verifier(closed: RunningGateway) -> None:
    """As for somebody who has read the address that the Hub sent a browser to."""
    async with browser(closed) as http:
        begun = await http.get("/sign-in")
    back = urlsplit(await hub_confirms(begun.headers["location"]))
    state = parse_qs(back.query)["state"][0]
    made_up = cookie(SigningIn(state, "a verifier of the thief's own", "/", time.time()))
    async with httpx.AsyncClient(base_url=closed.url, timeout=30) as thief:
        answer = await thief.get(
            f"{back.path}?{back.query}", headers={"Cookie": f"{COOKIE}={made_up}"}
        )

    assert_error(answer, 400, ErrorCode.SIGN_IN_FAILED)


async def test_an_attempt_that_was_begun_too_long_ago_is_refused(closed: RunningGateway) -> None:
    late = cookie(SigningIn("state", "verifier", "/", time.time() - 3600))
    async with httpx.AsyncClient(base_url=closed.url, timeout=30) as http:
        answer = await http.get(
            "/sign-in/callback?state=state&code=code", headers={"Cookie": f"{COOKIE}={late}"}
        )

    assert_error(answer, 400, ErrorCode.SIGN_IN_FAILED)


ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "evil.example",
    "",
)


async def test_signing_in_leads_to_no_other_site(closed: RunningGateway) -> None:
    async with browser(closed) as http:
        led_to = {then: await sign_in(http, then=then) for then in ELSEWHERE}

    assert led_to == dict.fromkeys(ELSEWHERE, "/")


async def test_a_site_with_a_secret_signs_nobody_in_without_it(
    nats_url: str, jetstream: JetStreamContext, hub: str, hub_root: Path, tmp_path: Path
) -> None:
    await show(jetstream, a_board())
    right, wrong = "the secret of the application", "another secret"
    names = []
    for secret in (right, wrong):
        settings = {
            "GATEWAY_OPEN": "false",
            "GATEWAY_OAUTH_CLIENT_ID": "confidential",
            "GATEWAY_OAUTH_CLIENT_SECRET": secret,
            "PODIUM_LOG_LEVEL": "debug",
        }
        async with started_gateway(nats_url, hub, tmp_path, **settings) as gateway:
            back = f"{gateway.url}/sign-in/callback"
            app = {"redirectUris": [back], "clientSecret": right}
            (hub_root / "_apps.json").write_text(json.dumps({"confidential": app}))
            await gateway.until_ready()
            async with browser(gateway) as http:
                begun = await http.get("/sign-in")
                ended = await http.get(await hub_confirms(begun.headers["location"]))
                names.append((ended.status_code, (await http.get("/api/v1/me")).json()["name"]))
            assert secret not in gateway.log.read_text() + begun.text + str(begun.headers)

    assert names == [(303, "ada"), (400, None)]


# ── addresses ────────────────────────────────────────────────────────────────────────────────────


async def statuses(gateway: RunningGateway, *forwarded: str) -> list[int]:
    async with httpx.AsyncClient(base_url=gateway.url, timeout=30) as http:
        return [
            (await http.get("/api/v1/me", headers={"X-Forwarded-For": each})).status_code
            for each in forwarded
        ]


async def test_nobody_chooses_an_address(
    nats_url: str, jetstream: JetStreamContext, hub: str, tmp_path: Path
) -> None:
    settings = {"GATEWAY_REQUESTS_PER_MINUTE": "3"}
    async with started_gateway(nats_url, hub, tmp_path, **settings) as gateway:
        await gateway.until_ready()
        claimed = await statuses(gateway, *(f"203.0.113.{number}" for number in range(4)))

    assert claimed == [200, 200, 200, 429]


async def test_an_address_is_believed_through_two_trusted_proxies_and_no_further(
    nats_url: str, jetstream: JetStreamContext, hub: str, tmp_path: Path
) -> None:
    settings = {
        "GATEWAY_REQUESTS_PER_MINUTE": "3",
        "GATEWAY_TRUSTED_PROXIES": '["127.0.0.1", "10.0.0.0/8"]',
    }
    async with started_gateway(nats_url, hub, tmp_path, **settings) as gateway:
        await gateway.until_ready()
        visitor = "198.51.100.7, 10.1.2.3"
        same = await statuses(gateway, visitor, visitor, visitor, visitor)
        pretending = await statuses(gateway, f"192.0.2.1, {visitor}", f"10.9.9.9, {visitor}")
        another = await statuses(gateway, "198.51.100.8, 10.1.2.3", "198.51.100.8")

    assert same == [200, 200, 200, 429]
    assert pretending == [429, 429]
    assert another == [200, 200]


async def test_a_gateway_does_not_start_with_a_proxy_that_is_no_address(
    nats_url: str, hub: str, tmp_path: Path
) -> None:
    settings = {"GATEWAY_TRUSTED_PROXIES": '["10.0.0.0/33"]'}
    async with started_gateway(nats_url, hub, tmp_path, **settings) as gateway:
        async with asyncio.timeout(60):
            assert await gateway.process.wait() != 0

    assert "GATEWAY_TRUSTED_PROXIES cannot be" in gateway.log.read_text()


# ── who may change what ──────────────────────────────────────────────────────────────────────────

ANYBODY, NAMED, SUBMITTER, MODERATOR = "anybody", "named", "submitter", "moderator"
ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "/sign-out": (ANYBODY, {}),
    "/api/v1/submissions": (NAMED, {"model": "acme/tiny"}),
    "/api/v1/requests/{sid}/votes": (NAMED, {}),
    "/api/v1/requests/{sid}/cancel": (SUBMITTER, {}),
    "/api/v1/requests/{sid}/rerun": (SUBMITTER, {}),
    "/api/v1/requests/{sid}/promote": (MODERATOR, {}),
    "/api/v1/moderation": (MODERATOR, FLAG),
    "/api/v1/evaluators/pause": (MODERATOR, {"tier": "small", "reason": "Heat."}),
    "/api/v1/evaluators/drain": (MODERATOR, {"evaluator": "gpu-1", "reason": "A new disk."}),
    "/api/v1/evaluators/resume": (MODERATOR, {"all": True, "reason": "Done."}),
    "/api/v1/dead-letters/{sequence}/replay": (MODERATOR, {"reason": "The Hub is back."}),
    "/requests/{sid}/{action}": (SUBMITTER, {}),
    "/submit": (NAMED, {}),
    "/moderation": (MODERATOR, {}),
    "/operation": (MODERATOR, {}),
    "/moderation/dead-letters/{sequence}/replay": (MODERATOR, {}),
}
"""Whatever changes something: who may, and a body that it takes."""
READ_BY_MODERATORS = (
    "/api/v1/dead-letters",
    "/api/v1/dead-letters/{sequence}",
    "/moderation/dead-letters",
    "/moderation/dead-letters/{sequence}",
    "/operation",
)


def test_every_route_that_changes_something_is_in_the_list() -> None:
    changing = {
        route.path_format
        for route in an_app().routes
        if set(getattr(route, "methods", ())) - {"GET", "HEAD", "OPTIONS"}
    }

    assert changing == ROUTES.keys()


async def test_nobody_changes_what_is_not_theirs_to_change(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    request = a_request().model_copy(update={"submitter": "ada"})
    await show(jetstream, request)
    await closed.until(f"/api/v1/requests/{request.sid}", lambda answer: answer.is_success)
    grace = {"Authorization": "Bearer hf_grace"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with browser(closed) as http:
        for route, (who, body) in ROUTES.items():
            path = route.format(sid=request.sid, sequence=1, action="cancel")
            content = json.dumps(body) if path.startswith("/api/") else ""
            kind = {"Content-Type": "application/json"} if path.startswith("/api/") else form
            nameless = await http.post(path, content=content, headers=kind)
            if who != ANYBODY:
                assert_error(nameless, 401, ErrorCode.SIGN_IN_REQUIRED)
            if who in (SUBMITTER, MODERATOR):
                another = await http.post(path, content=content, headers=kind | grace)
                assert_error(another, 403, ErrorCode.FORBIDDEN)
        for route in READ_BY_MODERATORS:
            path = route.format(sequence=1)
            assert_error(await http.get(path), 401, ErrorCode.SIGN_IN_REQUIRED)
            assert_error(await http.get(path, headers=grace), 403, ErrorCode.FORBIDDEN)

    assert await all_events(client) == []


async def test_whom_moderators_have_banned_changes_nothing_anywhere(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext
) -> None:
    request = a_request().model_copy(update={"submitter": "ada"})
    ban = Ruling(name="Ada", reason="Ten names for one model.", at=NOON)
    await show(jetstream, Policy(banned=(ban,)), request)
    await closed.until(f"/api/v1/requests/{request.sid}", lambda answer: answer.is_success)
    async with browser(closed) as by_token, browser(closed) as by_session:
        await sign_in(by_session)
        session = {"X-CSRF-Token": await csrf_token(by_session)}
        for route, (_, body) in ROUTES.items():
            path = route.format(sid=request.sid, sequence=1, action="cancel")
            for answer in (
                await by_token.post(path, json=body, headers=ADA),
                await by_session.post(path, json=body, headers=session),
            ):
                assert_error(answer, 403, ErrorCode.BANNED)

    assert await all_events(client) == []


async def test_a_moderator_is_named_by_user_or_by_organisation_in_any_case(
    nats_url: str, jetstream: JetStreamContext, hub: str, tmp_path: Path
) -> None:
    settings = {"GATEWAY_OPEN": "false", "GATEWAY_MODERATORS": '["GRACE", "Analytical"]'}
    async with started_gateway(nats_url, hub, tmp_path, **settings) as gateway:
        await gateway.until_ready()
        moderates = {}
        async with browser(gateway) as http:
            for token, user in TOKENS.items():
                headers = {"Authorization": f"Bearer {token}"}
                me = (await http.get("/api/v1/me", headers=headers)).json()
                moderates[user["name"]] = me["moderator"]

    assert moderates == {"ada": True, "grace": True, "mona": False}


async def test_a_name_is_text_wherever_it_is_shown(
    closed: RunningGateway, jetstream: JetStreamContext
) -> None:
    name = "<b>eve</b>\r\nSet-Cookie: stolen=1"
    eve = cookie(SignedIn(name, [], time.time(), '"><script>'))
    request = a_request().model_copy(update={"submitter": name})
    await show(jetstream, request)
    await closed.until(f"/api/v1/requests/{request.sid}", lambda answer: answer.is_success)
    async with httpx.AsyncClient(base_url=closed.url, timeout=30) as http:
        page = await http.get(f"/requests/{request.sid}", headers={"Cookie": f"{COOKIE}={eve}"})

    assert "&lt;b&gt;eve" in page.text
    assert "<b>eve" not in page.text
    assert "<script>" not in page.text
    assert "stolen" not in str(page.headers)
    assert page.headers["cache-control"] == "private, no-cache"


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────


async def written_on_the_bus(client: Client) -> str:
    """Every message of every stream, with its headers."""
    written = ""
    for stream in await client.jetstream().streams_info():
        assert stream.config.name
        for sequence in range(1, stream.state.last_seq + 1):
            with suppress(NotFoundError):  # taken, or replaced by a newer one
                message = await client.jetstream().get_msg(stream.config.name, sequence)
                written += f"{message.subject} {message.headers} {message.data!r}\n"
    return written


async def test_no_secret_is_logged_stored_or_told(
    closed: RunningGateway, client: Client, jetstream: JetStreamContext, write_model: WriteModel
) -> None:
    """The gateway of this test logs everything, its HTTP clients' requests included."""
    write_model("acme/secret")
    request = a_request().model_copy(update={"submitter": "ada"})
    await show(jetstream, request)
    await closed.until(f"/api/v1/requests/{request.sid}", lambda answer: answer.is_success)
    path = f"/api/v1/requests/{request.sid}"
    model = {"model": "acme/secret"}
    async with browser(closed) as http:
        answers = [
            await http.post("/api/v1/submissions", json=model, headers=ADA),
            await http.post("/api/v1/submissions", json=model, headers=ADA),
            await http.post(f"{path}/votes", headers=ADA),
            await http.post(f"{path}/cancel", json={}, headers=ADA),
            await http.post(f"{path}/cancel", json={"note": 1}, headers=ADA),
            await http.get("/api/v1/me", headers={"Authorization": "Bearer hf_forged"}),
            await http.get("/nowhere", headers=ADA),
        ]
        begun = await http.get("/sign-in")
        back = await hub_confirms(begun.headers["location"])
        ended = await http.get(back)
        page = await http.get(f"/requests/{request.sid}")
        cookies = [each.value or "" for each in http.cookies.jar]
        answers += [await http.get(back), await http.get("/api/v1/me")]
        csrf = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    code = parse_qs(urlsplit(back).query)["code"][0]
    secrets = [*TOKENS, "hf_forged", SESSION_SECRET, code, *cookies, csrf]
    assert all(secrets)

    log = closed.log.read_text()
    written = log + await written_on_the_bus(client)
    told = "".join(f"{answer.headers} {answer.text}" for answer in answers[:-1])

    assert ended.status_code == 303
    assert "acme/secret" in written
    assert "/api/whoami-v2" in log
    assert [secret for secret in secrets if secret in written] == []
    assert [secret for secret in (*TOKENS, "hf_forged", code) if secret in told] == []
    assert [secret for secret in TOKENS if secret in page.text] == []


async def test_the_command_prints_no_token(closed: RunningGateway, write_model: WriteModel) -> None:
    write_model("acme/from-the-terminal")
    printed = ""
    for token, model in (("hf_ada", "acme/from-the-terminal"), ("hf_forged", "acme/nobody")):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", "submit", model, "--gateway", closed.url),
            env=os.environ | {"PODIUM_TOKEN": token},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        printed += output.decode()

    assert "/requests/" in printed
    assert "hf_" not in printed
