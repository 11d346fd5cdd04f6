"""A repository as the JSON object of the API, key by key, so that no key costs more than asked."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

from localhub import tags
from localhub.blobs import Blob
from localhub.file_cache import FileCache
from localhub.metadata import read_card, read_json_object, read_parameters
from localhub.repos import RepoKind, Snapshot

T = TypeVar("T")
JSONObject = dict[str, object]

LISTED_KEYS = (
    "modelId",
    "private",
    "gated",
    "tags",
    "downloads",
    "likes",
    "library_name",
    "pipeline_tag",
    "createdAt",
)
"""What a list gives of each repository: nothing that needs its files hashed."""

FULL_KEYS = (*LISTED_KEYS, "author", "sha", "lastModified", "disabled", "siblings")

ALL_KEYS = (*FULL_KEYS, "cardData", "config", "model-index", "safetensors", "usedStorage")

_WEIGHTS = re.compile(r"model(-\d{5}-of-\d{5})?\.safetensors")
_CONFIG_KEYS = ("architectures", "auto_map", "model_type", "quantization_config")
_TOKENIZER_KEYS = ("bos_token", "eos_token", "pad_token", "unk_token", "chat_template")


class RepoDescriber:
    """Builds the objects; remembers what it has read from cards, configs and weights' headers."""

    def __init__(self) -> None:
        self._cards = FileCache(read_card)
        self._json_objects = FileCache(read_json_object)
        self._parameters = FileCache(read_parameters)

    def describe(
        self, snapshot: Snapshot, keys: Iterable[str], *, blobs: bool = False
    ) -> JSONObject:
        """Those of `keys` that there is something to say about, and the ids; `blobs` adds size
        and hashes to the siblings."""
        repo, settings = snapshot.repo, snapshot.repo.settings
        values: dict[str, Callable[[], object]] = {
            "author": lambda: repo.namespace,
            "cardData": lambda: self.card(snapshot) or None,
            "createdAt": lambda: timestamp(snapshot.created_at),
            "disabled": lambda: settings.disabled,
            "downloads": lambda: settings.downloads,
            "gated": lambda: settings.gated,
            "lastModified": lambda: timestamp(snapshot.last_modified),
            "likes": lambda: settings.likes,
            "private": lambda: settings.private,
            "sha": lambda: snapshot.commit,
            "siblings": lambda: _siblings(snapshot, blobs=blobs),
            "tags": lambda: self.tags(snapshot),
            "usedStorage": lambda: sum(blob.size for blob in snapshot.tree.blobs.values()),
        }
        if repo.kind is RepoKind.MODEL:
            values |= {
                "config": lambda: self._described_config(snapshot) or None,
                "library_name": lambda: tags.library_name(
                    self.card(snapshot), self.config(snapshot)
                ),
                "model-index": lambda: self.card(snapshot).get("model-index"),
                "modelId": lambda: repo.id,
                "pipeline_tag": lambda: self.pipeline_tag(snapshot),
                "safetensors": lambda: self._safetensors(snapshot),
            }
        # The Hub's id is opaque, 24 hex digits; this one stays the same for the same name.
        opaque = hashlib.sha256(f"{repo.kind}/{repo.id}".encode()).hexdigest()[:24]
        found = {key: values[key]() for key in keys if key in values}
        said = {key: value for key, value in found.items() if value is not None}
        return {"_id": opaque, "id": repo.id, **said}

    def card(self, snapshot: Snapshot) -> JSONObject:
        return self._read(snapshot, "README.md", self._cards) or {}

    def config(self, snapshot: Snapshot) -> JSONObject:
        return self._read(snapshot, "config.json", self._json_objects) or {}

    def pipeline_tag(self, snapshot: Snapshot) -> str | None:
        return tags.pipeline_tag(self.card(snapshot), self.config(snapshot))

    def tags(self, snapshot: Snapshot) -> list[str]:
        safetensors = any(path.endswith(".safetensors") for path in snapshot.files)
        card, config = self.card(snapshot), self.config(snapshot)
        return tags.tags(snapshot.repo.kind, card, config, safetensors=safetensors)

    def _described_config(self, snapshot: Snapshot) -> JSONObject:
        tokenizer = _only(
            self._read(snapshot, "tokenizer_config.json", self._json_objects) or {}, _TOKENIZER_KEYS
        )
        described = _only(self.config(snapshot), _CONFIG_KEYS)
        return {**described, "tokenizer_config": tokenizer} if tokenizer else described

    def _safetensors(self, snapshot: Snapshot) -> JSONObject | None:
        parameters: Counter[str] = Counter()
        for path in snapshot.files:
            if _WEIGHTS.fullmatch(path):
                parameters.update(self._read(snapshot, path, self._parameters) or {})
        return {"parameters": parameters, "total": parameters.total()} if parameters else None

    def _read(self, snapshot: Snapshot, path: str, cache: FileCache[T]) -> T | None:
        file = snapshot.files.get(path)
        return cache.get(file.source) if file else None


def timestamp(moment: datetime) -> str:
    """In the one format that clients parse: UTC, milliseconds."""
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    )


def _siblings(snapshot: Snapshot, *, blobs: bool) -> list[JSONObject]:
    if not blobs:
        return [{"rfilename": path} for path in snapshot.files]
    return [
        {"rfilename": path, "blobId": blob.oid, "size": blob.size, **_lfs(blob)}
        for path, blob in snapshot.tree.blobs.items()
    ]


def _lfs(blob: Blob) -> JSONObject:
    """The digest is called sha256 here and oid in trees."""
    if blob.lfs is None:
        return {}
    digest, pointer_size = blob.lfs.sha256, blob.lfs.pointer_size
    return {"lfs": {"sha256": digest, "size": blob.size, "pointerSize": pointer_size}}


def _only(found: JSONObject, keys: Iterable[str]) -> JSONObject:
    return {key: found[key] for key in keys if key in found}
