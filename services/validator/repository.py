"""What the files of one repository say, at one commit."""

import json
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi
from huggingface_hub.hf_api import ModelInfo

from services.validator import loading
from services.validator.card import UnreadableCardError, read_card
from services.validator.child import ChildLimits, UnusableFilesError, in_child
from services.validator.facts import Adapter, Repository
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


TellOfRepository = Callable[[Repository, str], None]
"""Hears what is known of it so far and, in words, what is read next."""


@dataclass(frozen=True)
class RepositoryExamination:
    """Downloads what is small into `folder`, and leaves it there. `repository` is what `info` says
    of it."""

    api: HfApi
    timeout_s: float
    limits: ChildLimits
    repository: Repository
    info: ModelInfo
    folder: Path
    tell: TellOfRepository

    def done(self, *, is_adapter: bool) -> Repository:
        self.folder.mkdir(parents=True, exist_ok=True)
        sizes = {file.rfilename: file.size for file in self.info.siblings or []}
        small = [name for name in sizes if _is_small_file(name)]
        fetched = [name for name in small if (sizes[name] or 0) <= _SMALL_FILE_BYTES]
        repository = self.repository.knowing(
            weight_files=tuple(sorted(name for name in sizes if name.endswith(_WEIGHT_SUFFIXES))),
            holds_adapter=ADAPTER_CONFIG in sizes,
            holds_tokenizer=bool(_VOCABULARIES & sizes.keys())
            or any(name.endswith(".tiktoken") for name in fetched),
            is_made_by_mergekit=bool(_MERGEKIT_CONFIGS & sizes.keys()),
            oversized=tuple(name for name in small if name not in set(fetched)),
        )
        self.tell(repository, "the model card")
        repository = self._with_small_files(repository, fetched, is_adapter=is_adapter)
        self.tell(repository, _headers(repository.weight_files))
        repository = self._with_weights(repository, sizes, is_adapter=is_adapter)
        if is_adapter:
            return repository.knowing(config=None, config_fault=None)
        self.tell(repository, "the configuration")
        return self._with_config(repository)

    def _with_small_files(
        self, repository: Repository, names: list[str], *, is_adapter: bool
    ) -> Repository:
        card_first = sorted(names, key=lambda name: name != CARD)
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
            downloads = pool.map(self._download, card_first)
            if CARD in names:
                next(downloads)
            repository = self._with_card(repository)
            self.tell(repository, "the files of the configuration and the tokenizer")
            for _ in downloads:
                pass
        repository = repository.knowing(
            remote_code=tuple(
                name
                for name in (CONFIG, TOKENIZER_CONFIG)
                if "auto_map" in _json_object(self.folder / name)
            )
        )
        if is_adapter:
            return self._with_adapter(repository)
        return repository.knowing(adapter=None, adapter_fault=None)

    def _download(self, name: str) -> None:
        self.api.hf_hub_download(
            self.repository.repo_id,
            name,
            revision=self.info.sha,
            local_dir=self.folder,
            etag_timeout=self.timeout_s,
        )

    def _with_card(self, repository: Repository) -> Repository:
        try:
            return repository.knowing(card=read_card(self.folder / CARD), card_fault=None)
        except UnreadableCardError as fault:
            return repository.knowing(card=None, card_fault=str(fault))

    def _with_weights(
        self, repository: Repository, sizes: dict[str, int | None], *, is_adapter: bool
    ) -> Repository:
        assert self.info.sha  # the client raises for answers without one
        headers = WeightHeaders(self.api, repository.repo_id, self.info.sha, sizes, self.timeout_s)
        try:
            weights = headers.adapter() if is_adapter else headers.whole(self.folder)
        except UnreadableWeightsError as fault:
            return repository.knowing(weights=None, weights_fault=str(fault), weights_digest="")
        digest = _digest_of(self.info, weights.files) if weights else ""
        return repository.knowing(weights=weights, weights_fault=None, weights_digest=digest)

    def _with_adapter(self, repository: Repository) -> Repository:
        fault, adapter = None, None
        written = _json_object(self.folder / ADAPTER_CONFIG)
        if not repository.holds_adapter:
            fault = "The repository does not hold it."
        elif not written:
            fault = "It holds no JSON object."
        else:
            kind, base = written.get("peft_type"), written.get("base_model_name_or_path")
            adapter = Adapter(
                kind=kind if isinstance(kind, str) else "",
                options=frozenset(option for option, value in written.items() if value),
                base_model=base if isinstance(base, str) and base else None,
            )
        return repository.knowing(adapter=adapter, adapter_fault=fault)

    def _with_config(self, repository: Repository) -> Repository:
        try:
            config = in_child(self.limits, loading.read_config, self.folder)
        except UnusableFilesError as fault:
            return repository.knowing(config=None, config_fault=told(fault, self.folder))
        return repository.knowing(config=config, config_fault=None)


def _headers(weight_files: Collection[str]) -> str:
    shards = sum(name.endswith(".safetensors") for name in weight_files)
    return (
        f"the headers of {shards:,} files of weights" if shards > 1 else "the header of the weights"
    )


def _is_small_file(name: str) -> bool:
    return "/" not in name and (name.endswith(_SMALL_SUFFIXES) or name == CARD)


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


def told(fault: UnusableFilesError, folder: Path) -> str:
    """The fault in a few hundred characters, without our folders."""
    return str(fault).replace(str(folder), "the repository")[:400]
