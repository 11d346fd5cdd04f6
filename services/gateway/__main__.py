"""One gateway process: HTTP in front of a copy of VIEWS.

NATS_URL=nats://… HF_ENDPOINT=https://… python -m services.gateway
"""

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from secrets import token_hex

import structlog
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from granian.utils.proxies import wrap_asgi_with_proxy_headers
from litestar.types import ASGIApp
from nats.aio.client import Client
from pydantic import SecretStr

from runtime.bus import service_connection
from runtime.service import Readiness, cancel_until_done, health_endpoints, run_service
from services.gateway.app import Doors, build_app
from services.gateway.boards.past import PastBoards
from services.gateway.http.at_hand import AtHand
from services.gateway.http.bodies import read_to_the_end
from services.gateway.http.head import answer_head
from services.gateway.identity.access import Access
from services.gateway.identity.hub_sign_in import HubSignIn
from services.gateway.identity.tokens import TokenProofs
from services.gateway.moderation.dead_letters import DeadLetters
from services.gateway.samples.files import DetailFiles
from services.gateway.settings import GatewaySettings
from services.gateway.state.event_log import EventLog
from services.gateway.state.following import (
    follow_evaluators,
    follow_progress,
    follow_validations,
    follow_views,
    watch_for_silence,
)
from services.gateway.state.store import ViewStore
from services.gateway.submitting.hub import Hub
from services.gateway.submitting.hub_models import HubModels
from services.gateway.submitting.rule_check import RuleBook

log = structlog.get_logger(__name__)

# What the event loop waits for a thread that orders a large board, each time that it has work. Of
# Python's 5 ms there are many before a change has reached its readers.
_SWITCH_S = 0.0005
# Granian brings handlers of its own; its errors belong with everybody else's.
_GRANIAN_LOGS = {"handlers": {}, "loggers": {"_granian": {"propagate": True}}}


async def main(settings: GatewaySettings, stop: asyncio.Event) -> None:
    readiness = Readiness("views")
    async with (
        health_endpoints(settings, readiness),
        service_connection(settings.nats_url, name="gateway", stop=stop) as client,
    ):
        if client:
            await _work(settings, client, readiness, stop)


async def _work(
    settings: GatewaySettings, client: Client, readiness: Readiness, stop: asyncio.Event
) -> None:
    store = ViewStore()
    server = _server(settings, client, store, readiness)
    async with asyncio.TaskGroup() as tasks:
        following = (
            tasks.create_task(follow_views(client, store, readiness)),
            tasks.create_task(follow_progress(client, store)),
            tasks.create_task(follow_validations(client, store)),
            tasks.create_task(follow_evaluators(client, store)),
            tasks.create_task(watch_for_silence(client, store)),
        )
        serving = tasks.create_task(_serve(server, stop))
        await stop.wait()
        # Event streams never end by themselves, and the server waits for what it serves.
        store.close()
        end_serving: Callable[[], None] = server.stop  # which declares no types
        end_serving()
        _, unfinished = await asyncio.wait([serving], timeout=settings.shutdown_grace_s)
        if unfinished:
            log.warning("connections that would not end were cut")
        await cancel_until_done((serving, *following))


def _server(
    settings: GatewaySettings, client: Client, store: ViewStore, readiness: Readiness
) -> Server:
    hub = Hub(settings.hub_url, token=_text(settings.hub_token), timeout_s=settings.hub_timeout_s)
    app = build_app(
        store=store,
        event_log=EventLog(client),
        dead_letters=DeadLetters(client),
        detail_files=DetailFiles(client),
        resolve_model=hub.resolve,
        hub_models=HubModels(settings.hub_url, timeout_s=settings.hub_timeout_s),
        rule_book=RuleBook(client),
        past_boards=PastBoards(client, store),
        readiness=readiness,
        hub_url=settings.hub_url,
        doors=_doors(settings, hub),
        bounds=settings.bounds,
    )
    return Server(
        _behind_proxies(answer_head(AtHand(read_to_the_end(app), store)), settings.trusted_proxies),
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_level=LogLevels.error,
        log_dictconfig=_GRANIAN_LOGS,
    )


def _doors(settings: GatewaySettings, hub: Hub) -> Doors:
    hub_sign_in = None
    if settings.oauth_client_id:
        hub_sign_in = HubSignIn(
            settings.hub_url,
            client_id=settings.oauth_client_id,
            client_secret=_text(settings.oauth_client_secret),
            public_url=settings.address,
            timeout_s=settings.hub_timeout_s,
        )
    return Doors(
        access=Access(
            open=settings.open,
            moderators=settings.moderators,
            can_sign_in=hub_sign_in is not None,
        ),
        proofs=TokenProofs(hub.whoami),
        hub_sign_in=hub_sign_in,
        session_secret=_text(settings.session_secret) or token_hex(32),
        address=settings.address,
        requests_per_minute=settings.requests_per_minute,
        changes_per_minute=settings.changes_per_minute,
    )


def _text(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _behind_proxies(app: ASGIApp, trusted: tuple[IPv4Network | IPv6Network, ...]) -> ASGIApp:
    wrap: Callable[[ASGIApp, list[str]], ASGIApp] = wrap_asgi_with_proxy_headers  # it has no types
    return wrap(app, [str(network) for network in trusted]) if trusted else app


async def _serve(server: Server, stop: asyncio.Event) -> None:
    await server.serve()
    if not stop.is_set():
        raise RuntimeError("the HTTP server ended by itself")


if __name__ == "__main__":
    settings = GatewaySettings.of_environment()
    sys.setswitchinterval(_SWITCH_S)
    run_service("gateway", settings, partial(main, settings))
