"""The files of a folder as a git tree, so that a commit id follows from the content alone."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from localhub.blobs import Blob, git_oid

SETTINGS_FILE = "_hub.json"
BRANCHES_FOLDER = "_branches"
TAGS_FOLDER = "_tags"

_NEVER_SERVED = frozenset({".git", ".cache"})


@dataclass(frozen=True)
class ServedFile:
    source: Path
    """Where the content lies, links resolved."""
    modified: datetime


@dataclass(frozen=True)
class Tree:
    oid: str
    """Git id of the root, as `git write-tree` gives it: 40 hex digits."""
    blobs: dict[str, Blob]
    """By POSIX path from the root, sorted."""
    folders: dict[str, str]
    """Path to git id, sorted; git knows no empty folders."""


def list_files(folder: Path, *, repository: Path) -> dict[str, ServedFile]:
    """What is served of `folder`, by POSIX path, sorted.

    Links to files count when they stay inside `repository`; links to folders never do.
    """
    return dict(sorted(_walk(folder, "", repository.resolve())))


def build_tree(blobs: Mapping[str, Blob]) -> Tree:
    lines: dict[str, list[tuple[bytes, bytes]]] = {"": []}
    """Of each folder, the tree object's lines with what git sorts them by."""
    for path, blob in blobs.items():
        parent, _, name = path.rpartition("/")
        lines.setdefault(parent, []).append(_line(b"100644", name, blob.oid, suffix=b""))
        while parent:
            parent = parent.rpartition("/")[0]
            lines.setdefault(parent, [])
    folders: dict[str, str] = {}
    for path in sorted((path for path in lines if path), key=lambda path: -path.count("/")):
        folders[path] = _tree_oid(lines[path])
        parent, _, name = path.rpartition("/")
        # Git sorts a folder as if its name ended in a slash.
        lines[parent].append(_line(b"40000", name, folders[path], suffix=b"/"))
    return Tree(_tree_oid(lines[""]), dict(sorted(blobs.items())), dict(sorted(folders.items())))


def _line(mode: bytes, name: str, oid: str, *, suffix: bytes) -> tuple[bytes, bytes]:
    encoded = os.fsencode(name)
    return encoded + suffix, b"%s %s\0%s" % (mode, encoded, bytes.fromhex(oid))


def _tree_oid(lines: list[tuple[bytes, bytes]]) -> str:
    return git_oid("tree", b"".join(line for _, line in sorted(lines)))


def _walk(folder: Path, prefix: str, repository: Path) -> Iterator[tuple[str, ServedFile]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in _NEVER_SERVED or (not prefix and _is_bookkeeping(entry.name)):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), f"{prefix}{entry.name}/", repository)
            elif entry.is_file():
                source = Path(entry.path)
                if entry.is_symlink():
                    source = source.resolve()
                    if not _may_be_linked_to(source, repository):
                        continue
                # Removed since the folder was listed: then it is not part of the content.
                with suppress(FileNotFoundError):
                    modified = datetime.fromtimestamp(entry.stat().st_mtime, UTC)
                    yield prefix + entry.name, ServedFile(source, modified)


def _is_bookkeeping(name: str) -> bool:
    return name.startswith(SETTINGS_FILE) or name in {BRANCHES_FOLDER, TAGS_FOLDER}


def _may_be_linked_to(target: Path, repository: Path) -> bool:
    if not target.is_relative_to(repository):
        return False
    parts = target.relative_to(repository).parts
    return not any(part in _NEVER_SERVED or part.startswith(SETTINGS_FILE) for part in parts)
