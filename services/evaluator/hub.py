"""A model's files from the Hub: tokenizer, config and safetensors, never code or pickles."""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    DisabledRepoError,
    DryRunError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from contracts.models import Commit, ModelRef, RepoId
from services.evaluator.disk import Claim, HubCache
from services.evaluator.failures import EvaluationFault, blame_infrastructure, blame_model
from services.evaluator.protocol import Snapshot

Report = Callable[[int, int], None]
"""Called with bytes so far and bytes in all, from another thread, a few times a minute."""

_REPORT_EVERY_S = 5.0
_DISK_IS_FULL = os.strerror(errno.ENOSPC)
"""Whichever client says so: each wraps it in an exception of its own."""
_FILES = ["*.safetensors", "*.json", "*.txt", "*.model", "*.tiktoken", "*.jinja"]
_NEVER_READ = ["*/*.safetensors"]
"""Such as a training's checkpoints, each as large as the model."""


class _Abandoned(Exception):
    """Nobody waits for this download any more."""


@asynccontextmanager
async def fetched(
    model: ModelRef, base_commit: Commit | None, hub_url: str, cache: HubCache, report: Report
) -> AsyncIterator[Snapshot]:
    """The model's files, and its base model's at that commit, or at its newest where the job names
    none. They stay for as long as the `with` block lasts. Raises EvaluationFault. Cancelled, it
    stops downloading with the next piece that arrives."""
    async with _repository(model.repo_id, model.commit, hub_url, cache, report) as folder:
        if model.base_model is None:
            yield Snapshot(folder, None, model.weight_type, model.precision)
            return
        base_revision = base_commit or "main"
        async with _repository(
            model.base_model, base_revision, hub_url, cache, report
        ) as base_folder:
            yield Snapshot(folder, base_folder, model.weight_type, model.precision)


@asynccontextmanager
async def _repository(
    repo_id: RepoId, revision: str, hub_url: str, cache: HubCache, report: Report
) -> AsyncIterator[Path]:
    with Claim(cache, repo_id) as claim:
        meter = _meter(report)

        def fetch(**options: Any) -> Any:
            return snapshot_download(
                repo_id,
                revision=revision,
                endpoint=hub_url,
                cache_dir=cache.folder,
                allow_patterns=_FILES,
                ignore_patterns=_NEVER_READ,
                tqdm_class=meter,
                **options,
            )

        try:
            folder = await asyncio.to_thread(_fetch, fetch, claim)
        except EvaluationFault:
            raise
        except (DisabledRepoError, RepositoryNotFoundError, RevisionNotFoundError) as fault:
            raise blame_model(
                "model-not-available",
                f"The Hub does not give {repo_id} at {revision}: {_first_line(fault)}",
                "Make sure that the repository is public, not gated, and still has that commit.",
            ) from fault
        except (
            Exception
        ) as fault:  # Xet's client knows RuntimeErrors only; a proxy's page is no JSON
            if _DISK_IS_FULL in str(fault):
                raise blame_infrastructure(
                    "does-not-fit-disk",
                    f"The evaluator's disk ran full while {repo_id} was downloaded.",
                    "Ask the operators for a larger disk.",
                ) from fault
            raise blame_infrastructure(
                "hub-unreachable",
                f"{repo_id} could not be downloaded from {hub_url}: {_first_line(fault)}",
            ) from fault
        finally:
            meter.abandoned = True
        yield folder


def _fetch(fetch: Callable[..., Any], claim: Claim) -> Path:
    claim.hold()
    try:
        files = fetch(dry_run=True)
    except DryRunError:
        # The Hub is away or has no such model: what is in the cache may do, or the fault shows.
        files = []
    if missing := [file for file in files if file.will_download]:
        claim.make_room(sum(file.file_size or 0 for file in missing), missing[0].commit_hash)
    folder = Path(fetch())
    claim.mark_used(folder)
    return folder


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
