"""What the rules need to know about a submission, gathered once."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from math import prod
from typing import TYPE_CHECKING, Any, Self


class NotReadYetError(Exception):
    """The fact of this name is still to be read."""


_UNREAD: Any = object()


@dataclass(frozen=True)
class Gathered:
    """Facts that become known one after another. To look at one that is not known yet raises
    NotReadYetError: so what is concluded without it holds whatever it turns out to be."""

    if not TYPE_CHECKING:  # to which a class with this method has attributes of every name

        def __getattribute__(self, name: str) -> object:
            value = super().__getattribute__(name)
            if value is _UNREAD:
                raise NotReadYetError(name)
            return value

    @classmethod
    def begun(cls, **known: Any) -> Self:
        """With all other facts to be read yet."""
        return cls(**dict.fromkeys((field.name for field in fields(cls)), _UNREAD) | known)

    def knowing(self, **more: Any) -> Self:
        return type(self)(**vars(self) | more)

    def yet_to_read(self, *names: str) -> Self:
        return self.knowing(**dict.fromkeys(names, _UNREAD))


class Access(StrEnum):
    """Whether anybody may download the repository at the commit in question."""

    PUBLIC = "public"
    MISSING = "missing"
    """Or private: the Hub tells the public no difference."""
    COMMIT_MISSING = "commit missing"
    GATED = "gated"
    DISABLED = "disabled"


@dataclass(frozen=True)
class ScannedFile:
    """A file that the Hub's security scan has found something in."""

    path: str
    level: str
    """The Hub's word for how bad it is, such as `unsafe` or `suspicious`."""


@dataclass(frozen=True)
class Card:
    """README.md: the metadata at its top, and the text below."""

    license: str | None = None
    license_name: str | None = None
    license_link: str | None = None
    characters: int = 0
    """Length of the text below the metadata."""
    base_models: tuple[str, ...] = ()
    is_declared_merge: bool = False
    """Whether `base_model_relation` says `merge`."""
    tags: frozenset[str] = frozenset()

    @property
    def is_of_other_license(self) -> bool:
        """Whether `license` says no more than that it is none with an identifier."""
        return (self.license or "").casefold() == "other"

    @property
    def license_named(self) -> str:
        """The identifier, or the name of a license that has none; empty without either."""
        if self.license is None or self.is_of_other_license:
            return self.license_name or self.license or ""
        return self.license


@dataclass(frozen=True)
class Tensor:
    dtype: str
    """As safetensors calls it, such as `BF16`."""
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Weights:
    """What the safetensors headers declare."""

    tensors: Mapping[str, Tensor]
    files: tuple[str, ...] = ()
    """Those that the tensors are in."""

    @property
    def elements(self) -> Counter[str]:
        """Number of stored elements by dtype."""
        counted: Counter[str] = Counter()
        for tensor in self.tensors.values():
            counted[tensor.dtype] += tensor.elements
        return counted


@dataclass(frozen=True)
class Config:
    """config.json, as the installed transformers reads it."""

    architecture: str | None
    """First entry of `architectures`; None when it names none."""
    is_known: bool = False
    """Whether the installed transformers has that class."""
    is_causal_lm: bool = False
    """Whether transformers would load it as a causal language model."""
    purpose: str = ""
    """What transformers lists the class for, where it is no causal language model."""
    quantization: str | None = None
    """What the weights are quantised as: a Precision where there is one for it, otherwise the
    method's own name. None for weights that are not."""
    quantized_bits: int | None = None
    """Bits of one weight when the repository holds quantised weights."""
    vocabulary: int | None = None
    """Number of token ids it has embeddings for."""
    has_experts: bool = False
    """Whether a router chooses between parts of a layer."""


@dataclass(frozen=True)
class Adapter:
    """adapter_config.json."""

    kind: str
    """PEFT's name of the type, such as `LORA`; empty when it gives none."""
    options: frozenset[str] = frozenset()
    """Those that are set to something."""
    base_model: str | None = None
    """The model it says it was trained on, if it says one."""


@dataclass(frozen=True)
class Tokenizer(Gathered):
    sample_tokens: int
    """Number of tokens it turns a sentence of English into."""
    has_end_token: bool
    highest_id: int
    has_chat_template: bool = False
    chat_template_fault: str | None = None
    """Why the template cannot render a conversation of two turns; None when it can."""


@dataclass(frozen=True)
class Repository(Gathered):
    """One repository at one commit. A fact that could not be established is None, and the fault
    beside it says why; without a fault, an earlier fact does."""

    access: Access
    repo_id: str = ""
    commit: str | None = None
    unsafe_files: tuple[ScannedFile, ...] = ()
    card: Card | None = None
    card_fault: str | None = None
    weight_files: tuple[str, ...] = ()
    """Files that hold weights in any format."""
    weights: Weights | None = None
    """Those of the adapter where one is submitted, otherwise those of a whole model."""
    weights_fault: str | None = None
    weights_digest: str = ""
    """SHA-256, in hex, over the sorted SHA-256 of the files that `weights` are of; empty where the
    Hub does not name all of them."""
    adapter: Adapter | None = None
    adapter_fault: str | None = None
    config: Config | None = None
    config_fault: str | None = None
    holds_adapter: bool = False
    holds_tokenizer: bool = False
    is_made_by_mergekit: bool = False
    remote_code: tuple[str, ...] = ()
    """Files whose `auto_map` names code in the repository. Harmless where transformers has a class
    of its own."""
    oversized: tuple[str, ...] = ()
    """Configuration and tokenizer files too large to be looked at."""


@dataclass(frozen=True)
class Facts(Gathered):
    """What is known of one submission."""

    submitted: Repository
    base: Repository | None = None
    """The model that an adapter or delta changes, as its newest commit has it."""
    tokenizer: Tokenizer | None = None
    """The submitted repository's, or the base model's where that has none."""
    tokenizer_fault: str | None = None
    generation: int = 0
    """Hops to the farthest model that it descends from, by `base_model` in the cards."""


Tell = Callable[[Facts, str], None]
"""Hears what is known so far and, in words, what is read next. Called in any thread."""
