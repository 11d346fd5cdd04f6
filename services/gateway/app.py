"""The HTTP application: which routes there are, and what they are given."""

from dataclasses import dataclass, field
from typing import Any

from litestar import Litestar, Request, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig

from runtime.service import Readiness
from services.gateway import live
from services.gateway.boards import badges, rescoring_routes
from services.gateway.boards import routes as boards
from services.gateway.boards.past import PastBoards
from services.gateway.comparison import routes as comparison
from services.gateway.http import health, rate_limits
from services.gateway.http.caching import NotModifiedMiddleware
from services.gateway.http.csrf import CsrfMiddleware
from services.gateway.http.openapi import DocumentedApi
from services.gateway.http.security import add_security_headers, name_all_methods
from services.gateway.identity import sign_in
from services.gateway.identity.access import Access, Caller
from services.gateway.identity.authentication import CallerMiddleware
from services.gateway.identity.hub_sign_in import HubSignIn
from services.gateway.identity.sessions import session_cookies
from services.gateway.identity.tokens import TokenProofs
from services.gateway.models import rank_routes
from services.gateway.models import routes as models
from services.gateway.moderation import dead_letter_routes
from services.gateway.moderation import routes as moderation
from services.gateway.moderation.dead_letters import DeadLetters
from services.gateway.pages import PAGES
from services.gateway.pages.errors import answering_errors
from services.gateway.pages.visit import visit
from services.gateway.query.parameters import provide_asked
from services.gateway.query.service import BoardQueries
from services.gateway.queue import orders
from services.gateway.queue import routes as queue
from services.gateway.queue.outlook import Outlook
from services.gateway.requests import action_routes, runs
from services.gateway.requests import events as request_events
from services.gateway.requests import routes as requests
from services.gateway.requests.actions import Actions
from services.gateway.requests.situations import USUAL, Bounds
from services.gateway.samples import routes as samples
from services.gateway.samples.files import DetailFiles
from services.gateway.state.event_log import EventLog
from services.gateway.state.store import ViewStore
from services.gateway.submitting import routes as submissions
from services.gateway.submitting.hub_models import HubModels
from services.gateway.submitting.quotas import Quotas
from services.gateway.submitting.rule_check import RuleBook
from services.gateway.submitting.submitting import ResolveModel, Submitting
from services.gateway.templating import STATIC, template_engine

_LARGEST_BODY_BYTES = 64 * 1024
_YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True)
class Doors:
    """How callers come in, and how often."""

    access: Access
    proofs: TokenProofs
    hub_sign_in: HubSignIn | None
    session_secret: str
    address: str
    """Where browsers find the gateway."""
    requests_per_minute: int
    changes_per_minute: int
    counters: rate_limits.Counters = field(default_factory=rate_limits.Counters)
    """How often each address and user came."""


def build_app(
    *,
    store: ViewStore,
    event_log: EventLog,
    dead_letters: DeadLetters,
    detail_files: DetailFiles,
    resolve_model: ResolveModel,
    hub_models: HubModels,
    rule_book: RuleBook,
    past_boards: PastBoards,
    readiness: Readiness,
    hub_url: str,
    doors: Doors,
    bounds: Bounds = USUAL,
) -> Litestar:
    queries = BoardQueries(store, past_boards.ranked)
    quotas = Quotas(store)
    outlook = Outlook(store, bounds)
    actions = Actions(store, event_log, quotas)
    submitting = Submitting(store, event_log, resolve_model, quotas, outlook)
    from_store = Router(
        "/",
        route_handlers=[
            boards.list_boards,
            boards.list_columns,
            rescoring_routes.list_rescorings,
        ],
        middleware=[NotModifiedMiddleware(store)],
    )
    static = create_static_files_router(
        "/static",
        directories=[STATIC],
        cache_control=CacheControlHeader(public=True, immutable=True, max_age=_YEAR_S),
    )
    return Litestar(
        route_handlers=[
            submissions.submit_model,
            moderation.list_decisions,
            moderation.moderate,
            dead_letter_routes.list_dead_letters,
            dead_letter_routes.get_dead_letter,
            dead_letter_routes.replay_dead_letter,
            action_routes.cancel_request,
            action_routes.rerun_request,
            action_routes.vote_for_request,
            action_routes.promote_request,
            from_store,
            boards.list_entries,
            boards.get_entry,
            boards.list_facets,
            boards.explain_search,
            samples.list_samples,
            comparison.compare_entries,
            comparison.list_differing_samples,
            models.get_model,
            rank_routes.get_rank_history,
            requests.list_requests,
            requests.get_request,
            runs.list_runs,
            requests.get_timeline,
            request_events.stream_request,
            queue.get_queue,
            queue.list_evaluators,
            orders.pause_evaluators,
            orders.drain_evaluators,
            orders.resume_evaluators,
            live.stream_events,
            sign_in.who_am_i,
            sign_in.begin_sign_in,
            sign_in.end_sign_in,
            sign_in.sign_out,
            health.is_alive,
            health.is_ready,
            action_routes.act_from_page,
            badges.show_badge,
            *PAGES,
            static,
        ],
        dependencies={
            "store": Provide(lambda: store, sync_to_thread=False),
            "visit": Provide(visit),
            "event_log": Provide(lambda: event_log, sync_to_thread=False),
            "submitting": Provide(lambda: submitting, sync_to_thread=False),
            "hub_models": Provide(lambda: hub_models, sync_to_thread=False),
            "rule_book": Provide(lambda: rule_book, sync_to_thread=False),
            "readiness": Provide(lambda: readiness, sync_to_thread=False),
            "hub_sign_in": Provide(lambda: doors.hub_sign_in, sync_to_thread=False),
            "caller": Provide(_caller, sync_to_thread=False),
            "queries": Provide(lambda: queries, sync_to_thread=False),
            "asked": Provide(provide_asked, sync_to_thread=False),
            "quotas": Provide(lambda: quotas, sync_to_thread=False),
            "outlook": Provide(lambda: outlook, sync_to_thread=False),
            "dead_letters": Provide(lambda: dead_letters, sync_to_thread=False),
            "files": Provide(lambda: detail_files, sync_to_thread=False),
            "actions": Provide(lambda: actions, sync_to_thread=False),
        },
        # In this order: guessed tokens are counted before the Hub is asked about them.
        middleware=[
            rate_limits.per_address(doors.requests_per_minute),
            session_cookies(doors.session_secret, secure=doors.address.startswith("https:")),
            DefineMiddleware(
                CallerMiddleware, access=doors.access, proofs=doors.proofs, store=store
            ),
            CsrfMiddleware(doors.address),
            rate_limits.per_user(doors.changes_per_minute),
        ],
        stores={rate_limits.STORE: doors.counters},
        exception_handlers={Exception: answering_errors(store)},
        before_send=[add_security_headers, name_all_methods],
        # Event streams are left alone: their messages would wait in the compressor. Rows and facets
        # come compressed.
        compression_config=CompressionConfig(
            backend="gzip",
            gzip_compress_level=5,
            exclude=[
                r"^/live$",
                r"^/api/v1/.*events$",
                r"^/api/v1/boards/[^/]+/(entries|facets)$",
            ],
        ),
        template_config=TemplateConfig(instance=template_engine(hub_url)),
        openapi_config=DocumentedApi(
            title="Podium",
            version="1",
            description="A leaderboard for language models: submit, follow, read.",
            path="/api",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            use_handler_docstrings=True,
        ),
        request_max_body_size=_LARGEST_BODY_BYTES,
        # Logging is set up by runtime.logs; Litestar would install handlers of its own.
        logging_config=None,
    )


def _caller(request: Request[Caller, None, Any]) -> Caller:
    return request.user
