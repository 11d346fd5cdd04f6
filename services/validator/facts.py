"""What the rules need to know about a model, gathered once."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Access(StrEnum):
    """Whether anybody may download the repository at the submitted commit."""

    PUBLIC = "public"
    MISSING = "missing"
    """Or private: the Hub tells the public no difference."""
    COMMIT_MISSING = "commit missing"
    GATED = "gated"
    DISABLED = "disabled"


@dataclass(frozen=True)
class Weights:
    """What the safetensors headers declare."""

    elements: Mapping[str, int]
    """Number of stored elements by safetensors dtype, such as `BF16`."""


@dataclass(frozen=True)
class Config:
    """config.json, as the installed transformers reads it."""

    architecture: str | None
    """First entry of `architectures`; None when it names none."""
    is_known: bool = False
    """Whether the installed transformers has that class."""
    is_causal_lm: bool = False
    """Whether transformers would load it as a causal language model."""
    quantized_bits: int | None = None
    """Bits of one weight when the repository holds quantised weights."""


@dataclass(frozen=True)
class Tokenizer:
    has_chat_template: bool


@dataclass(frozen=True)
class Facts:
    """A fact that could not be established is None, and the fault beside it says why; without a
    fault, an earlier fact does."""

    access: Access
    license: str | None = None
    weight_files: tuple[str, ...] = ()
    """Files that hold weights in any format."""
    weights: Weights | None = None
    weights_fault: str | None = None
    config: Config | None = None
    config_fault: str | None = None
    tokenizer: Tokenizer | None = None
    tokenizer_fault: str | None = None
    remote_code: tuple[str, ...] = ()
    """Files whose `auto_map` names code in the repository. Harmless where transformers has a class
    of its own."""
    oversized: tuple[str, ...] = ()
    """Configuration and tokenizer files too large to be looked at."""
