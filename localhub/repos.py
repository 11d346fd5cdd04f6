"""Folders as repositories: which there are, what they say of themselves, and their revisions."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from localhub.blobs import Blob, read_blob
from localhub.errors import RevisionNotFound
from localhub.file_cache import FileCache
from localhub.settings import App, RepoSettings, User, read_apps, read_repo_settings, read_users
from localhub.trees import (
    BRANCHES_FOLDER,
    SETTINGS_FILE,
    TAGS_FOLDER,
    ServedFile,
    Tree,
    build_tree,
    list_files,
)

TOKENS_FILE = "_tokens.json"
APPS_FILE = "_apps.json"
MAIN = "main"

_NAME = re.compile(r"\w[\w.-]*", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{7,40}")


class RepoKind(StrEnum):
    """The values are the segments of the API's addresses and the folders under the root."""

    MODEL = "models"
    DATASET = "datasets"


class RefKind(StrEnum):
    BRANCH = "heads"
    TAG = "tags"


@dataclass(frozen=True)
class Ref:
    name: str
    kind: RefKind
    folder: Path

    @property
    def path(self) -> str:
        return f"refs/{self.kind}/{self.name}"


@dataclass(frozen=True)
class Repo:
    kind: RepoKind
    namespace: str
    name: str
    folder: Path
    settings: RepoSettings

    @property
    def id(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def page(self) -> str:
        """Path of its web page, which file addresses start with."""
        return f"/datasets/{self.id}" if self.kind is RepoKind.DATASET else f"/{self.id}"

    def refs(self) -> Iterator[Ref]:
        """`main` first, which is the folder itself."""
        yield Ref(MAIN, RefKind.BRANCH, self.folder)
        for container, kind in ((BRANCHES_FOLDER, RefKind.BRANCH), (TAGS_FOLDER, RefKind.TAG)):
            for folder in _folders(self.folder / container):
                if folder.name != MAIN:
                    yield Ref(folder.name, kind, folder)


@dataclass(frozen=True)
class Snapshot:
    """A repository at one ref, at the moment of one request."""

    repo: Repo
    ref: Ref
    read_blob: Callable[[Path], Blob]

    @cached_property
    def files(self) -> dict[str, ServedFile]:
        return list_files(self.ref.folder, repository=self.repo.folder)

    @cached_property
    def tree(self) -> Tree:
        """Hashes the files that have changed since they were last read: slow for large ones."""
        blobs: dict[str, Blob] = {}
        for path, file in self.files.items():
            # Removed since the folder was listed: then it is not part of the content.
            with suppress(FileNotFoundError):
                blobs[path] = self.read_blob(file.source)
        return build_tree(blobs)

    @property
    def commit(self) -> str:
        """Follows from paths and contents alone: 40 hex digits."""
        return self.tree.oid

    @property
    def created_at(self) -> datetime:
        return self.repo.settings.created_at or min(self._file_times())

    @property
    def last_modified(self) -> datetime:
        return self.repo.settings.last_modified or max(self._file_times())

    def _file_times(self) -> list[datetime]:
        folder_time = datetime.fromtimestamp(self.ref.folder.stat().st_mtime, UTC)
        return [file.modified for file in self.files.values()] or [folder_time]


class Repositories:
    """The repositories under a root folder, read afresh on each call but for file contents."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._blobs = FileCache(read_blob)
        self._settings = FileCache(read_repo_settings)
        self._users = FileCache(read_users)
        self._apps = FileCache(read_apps)

    def find(self, kind: RepoKind, namespace: str, name: str) -> Repo | None:
        """Raises MalformedSettings."""
        folder = self._root / kind / namespace / name
        if not (_NAME.fullmatch(namespace) and _NAME.fullmatch(name) and folder.is_dir()):
            return None
        settings_file = folder / SETTINGS_FILE
        settings = self._settings.get(settings_file) if settings_file.exists() else RepoSettings()
        return Repo(kind, namespace, name, folder, settings)

    def of_kind(self, kind: RepoKind) -> Iterator[Repo]:
        """Sorted by id. Raises MalformedSettings: leaving a repository out would hide the fault."""
        for namespace in _folders(self._root / kind):
            for folder in _folders(namespace):
                if repo := self.find(kind, namespace.name, folder.name):
                    yield repo

    def users(self) -> dict[str, User] | None:
        """Users by token, None when the root has no tokens file. Raises MalformedSettings."""
        tokens_file = self._root / TOKENS_FILE
        return self._users.get(tokens_file) if tokens_file.exists() else None

    def apps(self) -> dict[str, App]:
        """Sites that users may sign in to, by client id. Raises MalformedSettings."""
        apps_file = self._root / APPS_FILE
        return self._apps.get(apps_file) if apps_file.exists() else {}

    def check_settings(self) -> None:
        """Raises MalformedSettings for the first settings file that is."""
        self.users()
        self.apps()
        for kind in RepoKind:
            for _ in self.of_kind(kind):
                pass

    def snapshot_of(self, repo: Repo, ref: Ref) -> Snapshot:
        return Snapshot(repo, ref, self._blobs.get)

    def main(self, repo: Repo) -> Snapshot:
        return self.snapshot_of(repo, next(repo.refs()))

    def snapshot(self, repo: Repo, revision: str) -> Snapshot:
        """`revision` is a branch, a tag, a full ref or (the first digits of) a current commit id.

        Raises RevisionNotFound, also for a commit whose content is no longer there.
        """
        snapshots = [self.snapshot_of(repo, ref) for ref in repo.refs()]
        for snapshot in snapshots:
            if revision in (snapshot.ref.name, snapshot.ref.path):
                return snapshot
        if _COMMIT.fullmatch(revision):
            for snapshot in snapshots:
                if snapshot.commit.startswith(revision):
                    return snapshot
        raise RevisionNotFound(revision)


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(
        folder for folder in parent.iterdir() if _NAME.fullmatch(folder.name) and folder.is_dir()
    )
