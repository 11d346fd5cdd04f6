"""What a Hub says about a submission. Downloads small files and headers, never weights.

A fault of the Hub raises HubDoesNotAnswerError; what is wrong with the model is a fact."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

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
from services.validator.child import ChildLimits, UnusableFilesError, in_child
from services.validator.facts import Access, Facts, Repository, ScannedFile, Tell, Tokenizer
from services.validator.repository import RepositoryExamination, TellOfRepository, told

_UNSEEN = (
    GatedRepoError,
    DisabledRepoError,
    RevisionNotFoundError,
    RepositoryNotFoundError,
    HFValidationError,
)


class HubDoesNotAnswerError(Exception):
    """A timeout, no connection, 5xx or 429: the Hub's own state, which says nothing about a
    model. The message names the Hub and what it answered, if anything."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        """When the Hub wants to be asked again, where it has said so."""


class _UnreadableInfoError(Exception):
    """The Hub's client makes an object of every card's metadata, and not all will do."""


def _tell_nobody(_facts: Facts, _reading: str) -> None:
    pass


@dataclass(frozen=True)
class Hub:
    """Asks as the public does, without a token: what it cannot see must not be on a board."""

    url: str
    timeout_s: float
    scratch: Path | None = None
    limits: ChildLimits = field(default_factory=ChildLimits)
    """On a process that reads a model's files."""

    async def facts(self, model: ModelRef, tell: Tell = _tell_nobody) -> Facts:
        """Raises HubDoesNotAnswerError."""
        return await asyncio.to_thread(self._facts, model, tell)

    async def commit(self, repo_id: str, revision: str) -> str | Access:
        """What the revision points to, or why nobody can see it. Raises HubDoesNotAnswerError."""
        return await asyncio.to_thread(self._commit, repo_id, revision)

    @property
    def api(self) -> HfApi:
        return HfApi(endpoint=self.url, token=False)

    def _facts(self, model: ModelRef, tell: Tell) -> Facts:
        with (
            self._asked(),
            tempfile.TemporaryDirectory(
                prefix="podium-validator-", dir=self.scratch, ignore_cleanup_errors=True
            ) as folder,
        ):
            return _Examination(self, model, Path(folder), tell).facts()

    def _commit(self, repo_id: str, revision: str) -> str | Access:
        with self._asked():
            try:
                info = self.api.model_info(
                    repo_id, revision=revision, expand=["sha"], timeout=self.timeout_s
                )
            except _UNSEEN as fault:
                return _access(fault)
        assert info.sha  # asked for, and every revision has one
        return info.sha

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Raises HubDoesNotAnswerError for whatever is the Hub's own fault."""
        try:
            yield
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
    tell: Tell

    def facts(self) -> Facts:
        model, is_whole = self.model, self.model.weight_type is WeightType.ORIGINAL
        base_model = None if is_whole else model.base_model
        facts = Facts.begun() if base_model else Facts.begun(base=None)
        submitted = self._repository(
            model.repo_id,
            model.commit,
            self.folder / "submitted",
            lambda so_far, reading: self.tell(facts.knowing(submitted=so_far), reading),
            is_adapter=model.weight_type is WeightType.ADAPTER,
        )
        facts = facts.knowing(submitted=submitted)
        if base_model:
            base = self._repository(
                base_model,
                None,
                self.folder / "base",
                lambda so_far, reading: self.tell(
                    facts.knowing(base=so_far), f"{reading} of {base_model}"
                ),
            )
            facts = facts.knowing(base=base)
        facts = self._with_tokenizer(facts, whole=submitted if is_whole else facts.base)
        self.tell(facts, "the cards of the models that it descends from")
        return facts.knowing(generation=self._generation(submitted))

    def _repository(
        self,
        repo_id: str,
        commit: str | None,
        folder: Path,
        tell: TellOfRepository,
        *,
        is_adapter: bool = False,
    ) -> Repository:
        tell(Repository.begun(), "the list of files")
        try:
            info = self._info(repo_id, commit)
            if info.disabled or info.gated:
                access = Access.DISABLED if info.disabled else Access.GATED
                return Repository(access, info.id, info.sha, unsafe_files=_unsafe_files(info))
            repository = Repository.begun(
                access=Access.PUBLIC,
                repo_id=info.id,
                commit=info.sha,
                unsafe_files=_unsafe_files(info),
            )
            return RepositoryExamination(
                self.hub.api, self.hub.timeout_s, self.hub.limits, repository, info, folder, tell
            ).done(is_adapter=is_adapter)
        except _UNSEEN as fault:
            return Repository(_access(fault), repo_id)
        except _UnreadableInfoError as fault:
            return Repository(Access.PUBLIC, repo_id, card_fault=str(fault))

    def _info(self, repo_id: str, commit: str | None) -> ModelInfo:
        """Raises what the Hub answers, and _UnreadableInfoError."""
        try:
            return self.hub.api.model_info(
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

    def _with_tokenizer(self, facts: Facts, whole: Repository | None) -> Facts:
        """The submitted repository's, or that of the `whole` model."""
        submitted = facts.submitted
        if submitted.access is not Access.PUBLIC or whole is None or whole.config is None:
            return facts.knowing(tokenizer=None, tokenizer_fault=None)
        config_folder = self.folder / ("submitted" if whole is submitted else "base")
        folder = self.folder / "submitted" if submitted.holds_tokenizer else config_folder
        self.tell(facts, "the tokenizer")
        try:
            tokenizer = in_child(self.hub.limits, loading.read_tokenizer, folder, config_folder)
        except UnusableFilesError as fault:
            return facts.knowing(tokenizer=None, tokenizer_fault=told(fault, folder))
        facts = facts.knowing(tokenizer_fault=None)
        if tokenizer.has_chat_template:
            untried = tokenizer.yet_to_read("chat_template_fault")
            self.tell(facts.knowing(tokenizer=untried), "the chat template")
            tokenizer = self._with_rendering(tokenizer, folder, config_folder)
        return facts.knowing(tokenizer=tokenizer)

    def _with_rendering(self, tokenizer: Tokenizer, folder: Path, config_folder: Path) -> Tokenizer:
        try:
            in_child(self.hub.limits, loading.render_two_turns, folder, config_folder)
        except UnusableFilesError as fault:
            return replace(tokenizer, chat_template_fault=told(fault, folder))
        return tokenizer

    def _generation(self, submitted: Repository) -> int:
        named = submitted.card.base_models if submitted.card else ()
        if self.model.base_model:
            named = (*named, self.model.base_model)
        return lineage.generation(self.model.repo_id, named, self._parents)

    def _parents(self, repo_id: str) -> tuple[str, ...]:
        try:
            info = self.hub.api.model_info(repo_id, expand=["cardData"], timeout=self.hub.timeout_s)
        except (*_UNSEEN, TypeError):  # the latter of a card that stops the client
            return ()
        named = info.card_data.get("base_model") if info.card_data else None
        bases = named if isinstance(named, list) else [named]
        return tuple(base for base in bases if isinstance(base, str) and base)


def _access(fault: Exception) -> Access:
    match fault:
        case GatedRepoError():
            return Access.GATED
        case DisabledRepoError():
            return Access.DISABLED
        case RevisionNotFoundError():
            return Access.COMMIT_MISSING
    return Access.MISSING


def _unsafe_files(info: ModelInfo) -> tuple[ScannedFile, ...]:
    found = (info.security_repo_status or {}).get("filesWithIssues") or ()
    return tuple(ScannedFile(str(file["path"]), str(file["level"])) for file in found)


def _retry_after_s(fault: Exception) -> float | None:
    """By the header of that name, or what the Hub's limits on requests leave."""
    if not isinstance(fault, HfHubHTTPError):
        return None
    limits = parse_ratelimit_headers(fault.response.headers)
    if limits and not limits.remaining:
        return limits.reset_in_seconds
    after = fault.response.headers.get("Retry-After", "")
    return int(after) if after.isdecimal() else None
