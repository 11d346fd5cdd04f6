"""Room for downloads in the Hub's cache, which the evaluators of a host may share."""

import os
import shutil
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self
from uuid import uuid4

import structlog
from huggingface_hub import DeleteCacheStrategy, HFCacheInfo, scan_cache_dir
from huggingface_hub.file_download import repo_folder_name

from contracts.models import RepoId
from services.evaluator.failures import EvaluationFault, blame_infrastructure
from services.evaluator.locks import held, hold, is_held

log = structlog.get_logger(__name__)


class ReleasedError(Exception):
    """Nobody wants this claim any more."""


@dataclass(frozen=True)
class HubCache:
    """huggingface_hub's folder of downloads, as far as models are concerned."""

    folder: Path
    limit_bytes: float | None
    """What the folder may hold; the models that were not used for longest make room. None is the
    disk's own limit, and nothing is ever deleted."""

    @property
    def notes(self) -> Path:
        """Where evaluators tell each other what they use: for each claim a locked file with the
        number of bytes that its repository will have. huggingface_hub does not look in here."""
        return self.folder / ".locks" / "podium"

    @property
    def turn(self) -> Path:
        """Locked by whoever reads or changes notes, or deletes."""
        return self.notes / "turn"


class Claim:
    """A model in use, once it is held and until the `with` block ends: no evaluator of this host
    deletes it meanwhile. The methods are for another thread, and may come too late."""

    def __init__(self, cache: HubCache, repo_id: RepoId) -> None:
        self._cache = cache
        self._repo_id = repo_id
        self._repo = repo_folder_name(repo_id=repo_id, repo_type="model")
        self._note = cache.notes / f"{self._repo}@{uuid4().hex}"
        self._guard = threading.Lock()
        self._descriptor: int | None = None
        self._is_released = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._guard:
            self._is_released = True
            if self._descriptor is not None:
                self._note.unlink(missing_ok=True)
                os.close(self._descriptor)

    def hold(self) -> None:
        """Raises ReleasedError after the end of the block."""
        self._cache.notes.mkdir(parents=True, exist_ok=True)
        with held(self._cache.turn), self._guard:
            if self._is_released:
                raise ReleasedError
            self._descriptor = hold(self._note)

    def make_room(self, missing_bytes: int, commit: str) -> None:
        """For a download of that size, which completes that commit. Raises EvaluationFault when
        there is no room to be had; ReleasedError after the end of the block."""
        with held(self._cache.turn):
            if self._is_released:
                raise ReleasedError
            others = self._others()
            cache = scan_cache_dir(self._cache.folder)
            to_come = sum(max(0, size - self._size_of(repo)) for repo, size in others.items())
            free: float = shutil.disk_usage(self._cache.folder).free - to_come
            if self._cache.limit_bytes is not None:
                used = cache.size_on_disk + cache.incomplete_size_on_disk
                free = min(free, self._cache.limit_bytes - used - to_come)
            if missing_bytes > free:
                self._evict(cache, set(others), commit, missing_bytes, free)
            self._note.write_text(str(self._size_of(self._repo) + missing_bytes))

    def mark_used(self, snapshot: Path) -> None:
        """The snapshot that was not used for longest goes first; hosts often do not keep the times
        when files are read."""
        os.utime(snapshot)

    def _evict(
        self, cache: HFCacheInfo, in_use: set[str], commit: str, needed: float, free: float
    ) -> None:
        if self._cache.limit_bytes is None:
            raise self._does_not_fit(needed, free)
        broken_off = [
            file
            for file in cache.incomplete_files
            if file.file_path.parents[1].name not in {*in_use, self._repo}
        ]
        free += sum(file.size_on_disk for file in broken_off)
        for strategies in _from_longest_unused(cache, in_use, keeping=(self._repo, commit)):
            freed = sum(strategy.expected_freed_size for strategy in strategies)
            if free + freed >= needed:
                break
        else:
            raise self._does_not_fit(needed, free + freed)
        for file in broken_off:
            file.file_path.unlink(missing_ok=True)
        for strategy in strategies:
            strategy.execute()
        log.info("models were deleted from the cache", freed_gb=freed / 1e9)

    def _others(self) -> dict[str, int]:
        """The repositories that others claim, and the bytes these will have."""
        sizes: dict[str, int] = defaultdict(int)
        for note in self._cache.notes.glob("*@*"):
            if note == self._note:
                continue
            with suppress(FileNotFoundError):  # released just now
                if is_held(note):
                    repo = note.name.partition("@")[0]
                    sizes[repo] = max(sizes[repo], int(note.read_text() or 0))
                else:  # its evaluator was killed
                    note.unlink()
        return sizes

    def _size_of(self, repo: str) -> int:
        size = 0
        for file in (self._cache.folder / repo / "blobs").glob("*"):
            with suppress(FileNotFoundError):  # a download that is complete gets its name
                size += file.stat().st_size
        return size

    def _does_not_fit(self, needed: float, free: float) -> EvaluationFault:
        limit = self._cache.limit_bytes
        of = "on the evaluator's disk" if limit is None else f"of the {_gb(limit)} for models"
        return blame_infrastructure(
            "does-not-fit-disk",
            f"{self._repo_id} takes {_gb(needed)} more on disk, and {_gb(free)} {of} can be had.",
            "Ask the operators for a larger disk, or for a higher EVALUATOR_CACHE_LIMIT_GB.",
        )


def _from_longest_unused(
    cache: HFCacheInfo, in_use: set[str], *, keeping: tuple[str, str]
) -> Iterator[list[DeleteCacheStrategy]]:
    """Ways to make room: delete nothing, one snapshot, two …; no data set, for every job needs
    those, and nothing of the repositories in use."""
    snapshots = [
        (revision.snapshot_path.stat().st_mtime, repo, revision.commit_hash)
        for repo in cache.repos
        if repo.repo_type == "model" and repo.repo_path.name not in in_use
        for revision in repo.revisions
        if (repo.repo_path.name, revision.commit_hash) != keeping
    ]
    snapshots.sort(key=lambda snapshot: snapshot[0])
    for count in range(len(snapshots) + 1):
        commits = defaultdict(list)
        for _, repo, commit in snapshots[:count]:
            commits[repo].append(commit)
        # One by one: the library takes commits for unique, but copies of a repository share them.
        yield [
            replace(cache, repos=frozenset({repo})).delete_revisions(*commits[repo])
            for repo in commits
        ]


def _gb(size: float) -> str:
    return f"{max(0.0, size) / 1e9:.3f}".rstrip("0").rstrip(".") + " GB"
