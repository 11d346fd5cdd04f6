"""What a Hub says about a submission. Downloads small files and headers, never weights.

A fault of the Hub raises HubDoesNotAnswerError; what is wrong with the model is a fact."""

import asyncio
import json
import tempfile
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import ModelInfo

# `huggingface_hub.utils` has it as well, which type checkers are not told.
from huggingface_hub.utils._http import parse_ratelimit_headers

from contracts.models import ModelRef, WeightType
from services.validator import lineage, loading
from services.validator.card import UnreadableCardError, read_card
from services.validator.child import ChildLimits, UnusableFilesError, in_child
from services.validator.facts import Access, Adapter, Facts, Repository, ScannedFile, Tokenizer
from services.validator.weight_headers import UnreadableWeightsError, WeightHeaders

CONFIG = "config.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
ADAPTER_CONFIG = "adapter_config.json"
CARD = "README.md"

_SMALL_SUFFIXES = (".json", ".txt", ".model", ".jinja", ".tiktoken")
_SMALL_FILE_BYTES = 100_000_000
_WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".h5", ".msgpack")
_VOCABULARIES = frozenset(
    {
        "tokenizer.json",
        "tokenizer.model",
        "spiece.model",
        "sentencepiece.bpe.model",
        "tekken.json",
        "vocab.json",
        "vocab.txt",
    }
)
_MERGEKIT_CONFIGS = frozenset({"mergekit_config.yml", "mergekit_config.yaml"})
_REQUESTS_AT_ONCE = 8


class HubDoesNotAnswerError(Exception):
    """A timeout, no connection, 5xx or 429: the Hub's own state, which says nothing about a
    model. The message names the Hub and what it answered, if anything."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        """When the Hub wants to be asked again, where it has said so."""


class _UnreadableInfoError(Exception):
    """The Hub's client makes an object of every card's metadata, and not all will do."""


@dataclass(frozen=True)
class Hub:
    """Asks as the public does, without a token: what it cannot see must not be on a board."""

    url: str
    timeout_s: float
    scratch: Path | None = None
    limits: ChildLimits = field(default_factory=ChildLimits)
    """On a process that reads a model's files."""

    async def facts(self, model: ModelRef) -> Facts:
        """Raises HubDoesNotAnswerError."""
        return await asyncio.to_thread(self._facts, model)

    def _facts(self, model: ModelRef) -> Facts:
        try:
            with tempfile.TemporaryDirectory(
                prefix="podium-validator-", dir=self.scratch, ignore_cleanup_errors=True
            ) as folder:
                return _Examination(self, model, Path(folder)).facts()
        except (httpx2.HTTPError, HfHubHTTPError, LocalEntryNotFoundError) as fault:
            said = (str(fault).strip() or type(fault).__name__).splitlines()[0][:300]
            raise HubDoesNotAnswerError(
                f"The Hub at {self.url} does not answer: {said}", _retry_after_s(fault)
            ) from fault


@dataclass(frozen=True)
class _Examination:
    hub: Hub
    model: ModelRef
    folder: Path

    def facts(self) -> Facts:
        is_whole = self.model.weight_type is WeightType.ORIGINAL
        submitted = self._repository(
            self.model.repo_id,
            self.model.commit,
            self.folder / "submitted",
            is_adapter=self.model.weight_type is WeightType.ADAPTER,
        )
        base = None
        if self.model.base_model and not is_whole:
            base = self._repository(self.model.base_model, None, self.folder / "base")
        facts = Facts(submitted, base, generation=self._generation(submitted))
        whole = submitted if is_whole else base
        if submitted.access is not Access.PUBLIC or whole is None or whole.config is None:
            return facts
        config = "submitted" if is_whole else "base"
        tokenizer = "submitted" if submitted.holds_tokenizer else config
        return self._with_tokenizer(facts, self.folder / tokenizer, self.folder / config)

    def _repository(
        self, repo_id: str, commit: str | None, folder: Path, *, is_adapter: bool = False
    ) -> Repository:
        try:
            info = self._info(repo_id, commit)
            access = Access.PUBLIC
            if info.disabled or info.gated:
                access = Access.DISABLED if info.disabled else Access.GATED
            repository = Repository(access, info.id, info.sha, unsafe_files=_unsafe_files(info))
            if access is not Access.PUBLIC:
                return repository
            return _RepositoryExamination(self.hub, self._api, repository, info, folder).done(
                is_adapter=is_adapter
            )
        except GatedRepoError:
            return Repository(Access.GATED, repo_id)
        except DisabledRepoError:
            return Repository(Access.DISABLED, repo_id)
        except RevisionNotFoundError:
            return Repository(Access.COMMIT_MISSING, repo_id)
        except (RepositoryNotFoundError, HFValidationError):
            return Repository(Access.MISSING, repo_id)
        except _UnreadableInfoError as fault:
            return Repository(Access.PUBLIC, repo_id, card_fault=str(fault))

    def _info(self, repo_id: str, commit: str | None) -> ModelInfo:
        """Raises what the Hub answers, and _UnreadableInfoError."""
        try:
            return self._api.model_info(
                repo_id,
                revision=commit,
                files_metadata=True,
                securityStatus=True,
                timeout=self.hub.timeout_s,
            )
        except TypeError as fault:
            raise _UnreadableInfoError(
                f"Its metadata stops the Hub's own client: {fault}."
            ) from fault

    def _with_tokenizer(self, facts: Facts, folder: Path, config_folder: Path) -> Facts:
        try:
            tokenizer = in_child(self.hub.limits, loading.read_tokenizer, folder, config_folder)
        except UnusableFilesError as fault:
            return replace(facts, tokenizer_fault=_told(fault, folder))
        if tokenizer.has_chat_template:
            tokenizer = self._with_rendering(tokenizer, folder, config_folder)
        return replace(facts, tokenizer=tokenizer)

    def _with_rendering(self, tokenizer: Tokenizer, folder: Path, config_folder: Path) -> Tokenizer:
        try:
            in_child(self.hub.limits, loading.render_two_turns, folder, config_folder)
        except UnusableFilesError as fault:
            return replace(tokenizer, chat_template_fault=_told(fault, folder))
        return tokenizer

    def _generation(self, submitted: Repository) -> int:
        named = submitted.card.base_models if submitted.card else ()
        if self.model.base_model:
            named = (*named, self.model.base_model)
        return lineage.generation(self.model.repo_id, named, self._parents)

    def _parents(self, repo_id: str) -> tuple[str, ...]:
        try:
            info = self._api.model_info(repo_id, expand=["cardData"], timeout=self.hub.timeout_s)
        except (
            GatedRepoError,
            DisabledRepoError,
            RevisionNotFoundError,
            RepositoryNotFoundError,
            HFValidationError,
            TypeError,  # of a card that stops the client
        ):
            return ()
        named = info.card_data.get("base_model") if info.card_data else None
        bases = named if isinstance(named, list) else [named]
        return tuple(base for base in bases if isinstance(base, str) and base)

    @property
    def _api(self) -> HfApi:
        return HfApi(endpoint=self.hub.url, token=False)


@dataclass(frozen=True)
class _RepositoryExamination:
    hub: Hub
    api: HfApi
    repository: Repository
    info: ModelInfo
    folder: Path

    def done(self, *, is_adapter: bool) -> Repository:
        self.folder.mkdir(parents=True, exist_ok=True)
        sizes = {file.rfilename: file.size for file in self.info.siblings or []}
        small = [name for name in sizes if _is_small_file(name)]
        fetched = [name for name in small if (sizes[name] or 0) <= _SMALL_FILE_BYTES]
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
            list(pool.map(self._download, fetched))
        repository = replace(
            self.repository,
            weight_files=tuple(sorted(name for name in sizes if name.endswith(_WEIGHT_SUFFIXES))),
            holds_adapter=ADAPTER_CONFIG in sizes,
            holds_tokenizer=bool(_VOCABULARIES & sizes.keys())
            or any(name.endswith(".tiktoken") for name in fetched),
            is_made_by_mergekit=bool(_MERGEKIT_CONFIGS & sizes.keys()),
            remote_code=tuple(
                name
                for name in (CONFIG, TOKENIZER_CONFIG)
                if "auto_map" in _json_object(self.folder / name)
            ),
            oversized=tuple(name for name in small if name not in set(fetched)),
        )
        assert self.info.sha  # the client raises for answers without one
        headers = WeightHeaders(
            self.api, repository.repo_id, self.info.sha, sizes, self.hub.timeout_s
        )
        repository = self._with_card(repository)
        repository = self._with_weights(repository, headers, is_adapter=is_adapter)
        if is_adapter:
            return self._with_adapter(repository)
        return self._with_config(repository)

    def _download(self, name: str) -> None:
        self.api.hf_hub_download(
            self.repository.repo_id,
            name,
            revision=self.info.sha,
            local_dir=self.folder,
            etag_timeout=self.hub.timeout_s,
        )

    def _with_card(self, repository: Repository) -> Repository:
        try:
            return replace(repository, card=read_card(self.folder / CARD))
        except UnreadableCardError as fault:
            return replace(repository, card_fault=str(fault))

    def _with_weights(
        self, repository: Repository, headers: WeightHeaders, *, is_adapter: bool
    ) -> Repository:
        try:
            weights = headers.adapter() if is_adapter else headers.whole(self.folder)
        except UnreadableWeightsError as fault:
            return replace(repository, weights_fault=str(fault))
        digest = _digest_of(self.info, weights.files) if weights else ""
        return replace(repository, weights=weights, weights_digest=digest)

    def _with_adapter(self, repository: Repository) -> Repository:
        if not repository.holds_adapter:
            return replace(repository, adapter_fault="The repository does not hold it.")
        written = _json_object(self.folder / ADAPTER_CONFIG)
        if not written:
            return replace(repository, adapter_fault="It holds no JSON object.")
        kind, base = written.get("peft_type"), written.get("base_model_name_or_path")
        return replace(
            repository,
            adapter=Adapter(
                kind=kind if isinstance(kind, str) else "",
                options=frozenset(option for option, value in written.items() if value),
                base_model=base if isinstance(base, str) and base else None,
            ),
        )

    def _with_config(self, repository: Repository) -> Repository:
        try:
            config = in_child(self.hub.limits, loading.read_config, self.folder)
        except UnusableFilesError as fault:
            return replace(repository, config_fault=_told(fault, self.folder))
        return replace(repository, config=config)


def _is_small_file(name: str) -> bool:
    return "/" not in name and (name.endswith(_SMALL_SUFFIXES) or name == CARD)


def _retry_after_s(fault: Exception) -> float | None:
    """By the header of that name, or what the Hub's limits on requests leave."""
    if not isinstance(fault, HfHubHTTPError):
        return None
    limits = parse_ratelimit_headers(fault.response.headers)
    if limits and not limits.remaining:
        return limits.reset_in_seconds
    after = fault.response.headers.get("Retry-After", "")
    return int(after) if after.isdecimal() else None


def _unsafe_files(info: ModelInfo) -> tuple[ScannedFile, ...]:
    found = (info.security_repo_status or {}).get("filesWithIssues") or ()
    return tuple(ScannedFile(str(file["path"]), str(file["level"])) for file in found)


def _digest_of(info: ModelInfo, files: Collection[str]) -> str:
    """Over what they contain, whatever they are called; empty where the Hub does not name it."""
    known = {
        file.rfilename: file.lfs.sha256
        for file in info.siblings or []
        if file.rfilename in files and file.lfs
    }
    if len(known) < len(files):
        return ""
    return sha256("\n".join(sorted(known.values())).encode()).hexdigest()


def _json_object(path: Path) -> dict[str, Any]:
    """Empty for a file that is missing or holds something else."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _told(fault: UnusableFilesError, folder: Path) -> str:
    """The fault in a few hundred characters, without our folders."""
    return str(fault).replace(str(folder), "the repository")[:400]
