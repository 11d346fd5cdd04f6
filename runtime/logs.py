"""Structured logs. Whatever is bound with `about(sid=…)` stands on every line until it ends."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


def configure_logs(service: str, *, log_format: str, log_level: str) -> None:
    """Send structlog and standard-library logs to stderr in one format; `runtime.settings` has the
    values that there are."""
    renderer: structlog.typing.Processor
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    final: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta
    ]
    if log_format == "json":
        final.append(structlog.processors.format_exc_info)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*final, renderer])
    )
    logging.basicConfig(handlers=[handler], level=log_level.upper(), force=True)
    # One line per HTTP request to the Hub would drown everything else.
    if log_level != "debug":
        for noisy in ("httpx", "httpx2", "httpcore", "huggingface_hub", "transformers"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(service=service)


@contextmanager
def about(**context: object) -> Iterator[None]:
    """Put these on every line logged within: `with about(sid=event.sid): …`."""
    with structlog.contextvars.bound_contextvars(**context):
        yield
