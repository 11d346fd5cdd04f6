"""What the Hub shows of models to whoever is about to submit one."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any, Generic, TypeVar

import httpx2
import structlog
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import ModelInfo

from contracts.models import ModelType, Precision, WeightType
from services.gateway.submitting.hub_threads import HubThreads

log = structlog.get_logger(__name__)

K = TypeVar("K")
V = TypeVar("V")

_STORED = {"F32": Precision.FLOAT32, "F16": Precision.FLOAT16, "BF16": Precision.BFLOAT16}
_SHOWN = 8
_REMEMBERED_S = 60.0
_MOST_REMEMBERED = 2000


class HubSilentError(Exception):
    """The Hub did not answer, or not with what was asked for."""


class NotOnHubError(Exception):
    """There is no such public model or revision; the message says which."""


@dataclass(frozen=True)
class Shown:
    """A model as the Hub shows it, and what that suggests. What cannot be told is None."""

    repo_id: str
    commit: str | None
    branches: tuple[str, ...]
    tags: tuple[str, ...]
    parameters: int | None
    precision: Precision | None
    """What `quantization_config` says, else what most of the weights are stored as."""
    model_type: ModelType
    weight_type: WeightType
    base_model: str | None
    has_chat_template: bool
    gated: bool


class HubModels:
    """Asks as the public does; answers are remembered for a minute, faults are not."""

    def __init__(self, url: str, *, timeout_s: float = 10) -> None:
        self._api = HfApi(endpoint=url, token=False)
        self._url = url
        self._timeout_s = timeout_s
        self._threads = HubThreads(timeout_s)
        self._found = _Recent[str, tuple[str, ...]](self._search)
        self._seen = _Recent[tuple[str, str], Shown](self._look_at)

    async def search(self, text: str) -> tuple[str, ...]:
        """Names that hold `text`, the most downloaded first, and only a few. Raises
        HubSilentError."""
        return await self._found.get(text.strip().casefold())

    async def look_at(self, model: str, revision: str) -> Shown:
        """Raises NotOnHubError and HubSilentError."""
        return await self._seen.get((model, revision))

    async def _search(self, text: str) -> tuple[str, ...]:
        def ask() -> tuple[str, ...]:
            found = self._api.list_models(search=text, sort="downloads", limit=_SHOWN)
            return tuple(model.id for model in found)

        return await self._asked(ask)

    async def _look_at(self, asked: tuple[str, str]) -> Shown:
        model, revision = asked

        def ask() -> Shown:
            info = self._api.model_info(
                model,
                revision=revision,
                timeout=self._timeout_s,
                expand=["sha", "config", "tags", "siblings", "safetensors", "cardData", "gated"],
            )
            refs = self._api.list_repo_refs(model)
            return shown(
                info,
                tuple(one.name for one in refs.branches),
                tuple(one.name for one in refs.tags),
            )

        try:
            return await self._asked(ask)
        except RevisionNotFoundError as fault:
            raise NotOnHubError(f"{model} has no revision {revision!r}.") from fault
        except (GatedRepoError, DisabledRepoError) as fault:
            raise NotOnHubError(f"{model} is on the Hub, but not open to everybody.") from fault
        except (RepositoryNotFoundError, HFValidationError) as fault:
            raise NotOnHubError(f"There is no public model {model} on {self._url}.") from fault

    async def _asked(self, ask: Callable[[], V]) -> V:
        try:
            return await self._threads.ask(ask)
        except (RepositoryNotFoundError, RevisionNotFoundError, DisabledRepoError):
            raise
        # The client builds objects of whatever a card holds, and stops at some of it; a page of a
        # proxy is no JSON at all.
        except (
            HfHubHTTPError,
            httpx2.HTTPError,
            TimeoutError,
            TypeError,
            JSONDecodeError,
        ) as fault:
            log.warning("the Hub gave no answer", hub=self._url, error=str(fault) or repr(fault))
            raise HubSilentError(f"The Hub at {self._url} does not answer right now.") from fault


def shown(info: ModelInfo, branches: tuple[str, ...], tags: tuple[str, ...]) -> Shown:
    files = {one.rfilename for one in info.siblings or ()}
    config: dict[str, Any] = info.config or {}
    tokenizer = config.get("tokenizer_config") or {}
    base = info.card_data.get("base_model") if info.card_data else None
    base = base[0] if isinstance(base, list) and base else base
    is_adapter = "adapter_config.json" in files
    has_template = bool(tokenizer.get("chat_template")) or "chat_template.jinja" in files
    return Shown(
        repo_id=info.id,
        commit=info.sha,
        branches=branches,
        tags=tags,
        parameters=info.safetensors.total if info.safetensors else None,
        precision=_precision(config, info.safetensors.parameters if info.safetensors else {}),
        model_type=_model_type(frozenset(info.tags or ()), has_template, isinstance(base, str)),
        weight_type=WeightType.ADAPTER if is_adapter else WeightType.ORIGINAL,
        base_model=base if is_adapter and isinstance(base, str) else None,
        has_chat_template=has_template,
        gated=bool(info.gated),
    )


def _precision(config: dict[str, Any], stored: dict[str, int]) -> Precision | None:
    quantised = config.get("quantization_config") or {}
    match quantised.get("quant_method"):
        case "gptq":
            return Precision.GPTQ
        case "bitsandbytes":
            return Precision.INT8 if quantised.get("load_in_8bit") else Precision.INT4
    most = max(stored, key=lambda dtype: stored[dtype], default="")
    return _STORED.get(most)


def _model_type(tags: frozenset[str], has_template: bool, has_base: bool) -> ModelType:
    if tags & {"merge", "mergekit"}:
        return ModelType.MERGE
    if has_template or "conversational" in tags:
        return ModelType.CHAT
    return ModelType.FINE_TUNED if has_base else ModelType.PRETRAINED


class _Recent(Generic[K, V]):
    """Answers of the last minute, so that a name being typed costs the Hub one question."""

    def __init__(self, ask: Callable[[K], Awaitable[V]]) -> None:
        self._ask = ask
        self._known: OrderedDict[K, tuple[V, float]] = OrderedDict()

    async def get(self, key: K) -> V:
        known = self._known.get(key)
        if known and known[1] > time.monotonic():
            return known[0]
        value = await self._ask(key)
        self._known[key] = (value, time.monotonic() + _REMEMBERED_S)
        self._known.move_to_end(key)
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return value
