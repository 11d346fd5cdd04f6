"""What a Hub says about a model at one commit. Downloads small files and headers, never weights.

A fault of the Hub (a timeout, 5xx, 429, no connection) raises; what is wrong with the model is a
fact."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import transformers
from huggingface_hub import HfApi, ModelCard, snapshot_download
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    NotASafetensorsRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    SafetensorsParsingError,
)
from transformers import AutoConfig, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from contracts.models import ModelRef
from services.validator.facts import Access, Facts

_SMALL_FILES = ("*.json", "*.txt", "*.model", "*.jinja", "README.md")
_WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pt", ".pth", ".gguf", ".h5", ".msgpack", ".onnx")
# What transformers raises for a config or tokenizer that is wrong.
_LOADING_FAULTS = (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError)


class HubFacts:
    """Gathers facts from one Hub."""

    def __init__(self, endpoint: str, timeout_s: float) -> None:
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        # The submission is the public's: a token of ours must not open a private repository.
        self._api = HfApi(endpoint=endpoint, token=False)

    def gather(self, model: ModelRef) -> Facts:
        """Blocks for as long as the Hub takes."""
        try:
            info = self._api.model_info(
                model.repo_id, revision=model.commit, timeout=self._timeout_s
            )
            with tempfile.TemporaryDirectory(prefix="podium-validation-") as folder:
                snapshot = snapshot_download(
                    model.repo_id,
                    revision=model.commit,
                    allow_patterns=list(_SMALL_FILES),
                    local_dir=folder,
                    endpoint=self._endpoint,
                    token=False,
                )
                names = [sibling.rfilename for sibling in info.siblings or ()]
                facts = _facts_of_files(Path(snapshot), names)
            return self._with_weights(facts, model)
        except GatedRepoError:
            return Facts(Access.GATED)
        except DisabledRepoError:
            return Facts(Access.DISABLED)
        except RevisionNotFoundError:
            return Facts(Access.COMMIT_MISSING)
        except RepositoryNotFoundError:
            return Facts(Access.MISSING)

    def _with_weights(self, facts: Facts, model: ModelRef) -> Facts:
        try:
            metadata = self._api.get_safetensors_metadata(
                model.repo_id, revision=model.commit, timeout=self._timeout_s
            )
        except NotASafetensorsRepoError:
            return facts
        except SafetensorsParsingError as fault:
            return replace(facts, weights_fault=_first_lines(fault))
        return replace(facts, parameters=sum(metadata.parameter_count.values()))


def _facts_of_files(folder: Path, names: list[str]) -> Facts:
    facts = Facts(
        Access.PUBLIC,
        license=_license(folder / "README.md"),
        weight_files=tuple(sorted(n for n in names if n.endswith(_WEIGHT_SUFFIXES))),
        remote_code=tuple(
            name
            for name in ("config.json", "tokenizer_config.json")
            if _has_auto_map(folder / name)
        ),
    )
    if facts.remote_code:
        return facts
    facts = _with_config(facts, folder)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except _LOADING_FAULTS as fault:
        return replace(facts, tokenizer_fault=_first_lines(fault, folder))
    return replace(facts, has_chat_template=bool(tokenizer.chat_template))


def _with_config(facts: Facts, folder: Path) -> Facts:
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except _LOADING_FAULTS as fault:
        return replace(facts, config_fault=_first_lines(fault, folder))
    architectures = tuple(config.architectures or ())
    first = architectures[0] if architectures else ""
    return replace(
        facts,
        architectures=architectures,
        is_known=hasattr(transformers, first),
        is_causal_lm=first in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values(),
    )


def _license(card: Path) -> str | None:
    if not card.exists():
        return None
    named = ModelCard(card.read_text(encoding="utf-8"), ignore_metadata_errors=True).data.get(
        "license"
    )
    return str(named) if named else None


def _has_auto_map(path: Path) -> bool:
    try:
        return "auto_map" in json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def _first_lines(fault: Exception, folder: Path | None = None) -> str:
    text = " ".join(str(fault).split())
    return text.replace(str(folder), "the repository")[:400] or type(fault).__name__
