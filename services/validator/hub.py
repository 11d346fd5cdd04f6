"""What a Hub says about a model at one commit. Downloads small files and headers, never weights.

A fault of the Hub (a timeout, 5xx, 429, no connection) raises; what is wrong with the model is a
fact."""

import asyncio
import json
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from huggingface_hub import HfApi, metadata_load
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    SafetensorsParsingError,
)
from huggingface_hub.hf_api import ModelInfo, RepoSibling

from contracts.models import ModelRef
from services.validator.facts import Access, Facts, Weights
from services.validator.loading import with_config_and_tokenizer

_SMALL_SUFFIXES = (".json", ".txt", ".model", ".jinja", ".tiktoken")
_SMALL_FILE_BYTES = 100_000_000
_WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".h5", ".msgpack")
_SINGLE_FILE = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_REQUESTS_AT_ONCE = 8
# What reading JSON or YAML of another shape than expected raises.
_MALFORMED = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Hub:
    """Asks as the public does, without a token: what it cannot see must not be on a board."""

    url: str
    timeout_s: float
    scratch: Path | None = None

    async def facts(self, model: ModelRef) -> Facts:
        return await asyncio.to_thread(self._facts, model)

    def _facts(self, model: ModelRef) -> Facts:
        api = HfApi(endpoint=self.url, token=False)
        try:
            info = api.model_info(
                model.repo_id,
                revision=model.commit,
                files_metadata=True,
                timeout=self.timeout_s,
            )
            if info.disabled or info.gated:
                return Facts(Access.DISABLED if info.disabled else Access.GATED)
            with tempfile.TemporaryDirectory(
                prefix="podium-validator-", dir=self.scratch, ignore_cleanup_errors=True
            ) as folder:
                return _Examination(api, model, info, Path(folder), self.timeout_s).facts()
        except GatedRepoError:
            return Facts(Access.GATED)
        except DisabledRepoError:
            return Facts(Access.DISABLED)
        except RevisionNotFoundError:
            return Facts(Access.COMMIT_MISSING)
        except RepositoryNotFoundError:
            return Facts(Access.MISSING)


@dataclass(frozen=True)
class _Examination:
    api: HfApi
    model: ModelRef
    info: ModelInfo
    folder: Path
    timeout_s: float

    def facts(self) -> Facts:
        small = [file for file in self._files if _is_small_file(file.rfilename)]
        fetched = [file.rfilename for file in small if (file.size or 0) <= _SMALL_FILE_BYTES]
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
            list(pool.map(self._download, fetched))
        facts = Facts(
            Access.PUBLIC,
            license=_license(self.folder / "README.md"),
            weight_files=tuple(
                sorted(name for name in self._names if name.endswith(_WEIGHT_SUFFIXES))
            ),
            oversized=tuple(file.rfilename for file in small if file.rfilename not in set(fetched)),
        )
        facts = self._with_weights(facts)
        return with_config_and_tokenizer(facts, self.folder)

    @property
    def _files(self) -> list[RepoSibling]:
        return self.info.siblings or []

    @property
    def _names(self) -> set[str]:
        return {file.rfilename for file in self._files}

    def _download(self, name: str) -> None:
        self.api.hf_hub_download(
            self.model.repo_id,
            name,
            revision=self.model.commit,
            local_dir=self.folder,
            etag_timeout=self.timeout_s,
        )

    def _with_weights(self, facts: Facts) -> Facts:
        try:
            names = self._safetensors()
            if not names:
                return facts
            with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
                counts = list(pool.map(self._elements, names))
        except _UnreadableWeightsError as fault:
            return replace(facts, weights_fault=str(fault))
        elements = sum(counts, Counter[str]())
        if not elements.total():
            return replace(facts, weights_fault="They declare no tensors.")
        return replace(facts, weights=Weights(elements))

    def _safetensors(self) -> list[str]:
        """The files that transformers would load; it prefers the single one."""
        if _SINGLE_FILE in self._names:
            return [_SINGLE_FILE]
        if _INDEX not in self._names:
            return []
        try:
            index = json.loads((self.folder / _INDEX).read_bytes())
            shards = sorted(set(index["weight_map"].values()))
        except (OSError, *_MALFORMED) as fault:
            raise _UnreadableWeightsError(f"{_INDEX} names no files: {fault!r}") from fault
        if missing := [shard for shard in shards if shard not in self._names]:
            raise _UnreadableWeightsError(f"{_INDEX} names {missing[0]}, which is not there.")
        return shards

    def _elements(self, name: str) -> Counter[str]:
        """Number of elements by dtype."""
        # Of an empty file no range can be had, and the Hub's refusal would look like its fault.
        if any(file.rfilename == name and file.size == 0 for file in self._files):
            raise _UnreadableWeightsError(f"{name} is empty.")
        try:
            header = self.api.parse_safetensors_file_metadata(
                self.model.repo_id, name, revision=self.model.commit, timeout=self.timeout_s
            )
        except (SafetensorsParsingError, *_MALFORMED) as fault:
            raise _UnreadableWeightsError(f"{name} is no safetensors file.") from fault
        return Counter({str(dtype): number for dtype, number in header.parameter_count.items()})


class _UnreadableWeightsError(Exception):
    """The message is fit to show to the submitter."""


def _is_small_file(name: str) -> bool:
    return "/" not in name and (name.endswith(_SMALL_SUFFIXES) or name == "README.md")


def _license(card: Path) -> str | None:
    """The identifier, or the name of a license that has none."""
    try:
        metadata = metadata_load(card) or {}
    except (OSError, yaml.YAMLError, *_MALFORMED):
        return None
    named = metadata.get("license")
    if named in (None, "other"):
        named = metadata.get("license_name") or named
    return ", ".join(map(str, named)) if isinstance(named, list) else named and str(named)
