"""A model's files from the Hub: tokenizer, config and safetensors, never code or pickles."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

import httpx2
from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    DisabledRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from contracts.models import ModelRef, RepoId
from services.evaluator.failures import blame_infrastructure, blame_model
from services.evaluator.protocol import Snapshot

Report = Callable[[int, int], None]
"""Called with bytes so far and bytes in all, from another thread, a few times a minute."""

_REPORT_EVERY_S = 5.0
_FILES = ["*.safetensors", "*.json", "*.txt", "*.model", "*.tiktoken", "*.jinja"]


class _Abandoned(Exception):
    """Nobody waits for this download any more."""


async def fetch_snapshot(model: ModelRef, hub_url: str, report: Report) -> Snapshot:
    """Raises EvaluationFault. Cancelled, it stops downloading with the next piece that arrives."""
    folder = await _download(model.repo_id, model.commit, hub_url, report)
    base_folder = None
    if model.base_model:
        base_folder = await _download(model.base_model, "main", hub_url, report)
    return Snapshot(folder, base_folder, model.weight_type, model.precision)


async def _download(repo_id: RepoId, revision: str, hub_url: str, report: Report) -> Path:
    meter = _meter(report)
    try:
        folder = await asyncio.to_thread(
            snapshot_download,
            repo_id,
            revision=revision,
            endpoint=hub_url,
            allow_patterns=_FILES,
            tqdm_class=meter,
        )
    except (DisabledRepoError, RepositoryNotFoundError, RevisionNotFoundError) as fault:
        raise blame_model(
            "model-not-available",
            f"The Hub does not give {repo_id} at {revision}: {_first_line(fault)}",
            "Make sure that the repository is public, not gated, and still has that commit.",
        ) from fault
    except (httpx2.HTTPError, OSError) as fault:
        raise blame_infrastructure(
            "hub-unreachable",
            f"{repo_id} could not be downloaded from {hub_url}: {_first_line(fault)}",
        ) from fault
    finally:
        meter.abandoned = True
    return Path(folder)


def _meter(report: Report) -> Any:
    """What huggingface_hub asks of a progress bar class, for one download. This one reports instead
    of drawing, and it is the one place where a running download can be stopped."""

    class Meter:
        abandoned = False
        reported_at = time.monotonic()
        format_dict: ClassVar[dict[str, float]] = {}

        def __init__(self, *, total: float | None = None, unit: str = "", **_: object) -> None:
            self.n = 0.0
            self.total = total
            self._counts_bytes = unit == "B"

        def update(self, n: float | None = 1) -> None:
            if Meter.abandoned:
                raise _Abandoned
            self.n += n or 0
            if self._counts_bytes and time.monotonic() - Meter.reported_at >= _REPORT_EVERY_S:
                Meter.reported_at = time.monotonic()
                report(int(self.n), int(max(self.n, self.total or 0)))

        def _draw_nothing(self, *_: object, **__: object) -> None: ...

        refresh = close = _draw_nothing
        set_description = set_description_str = set_postfix_str = _draw_nothing

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

    return Meter


def _first_line(fault: Exception) -> str:
    return (str(fault).strip() or type(fault).__name__).splitlines()[0][:300]
