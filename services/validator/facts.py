"""What the rules need to know about a model, gathered once."""

from dataclasses import dataclass
from enum import StrEnum


class Access(StrEnum):
    """Whether anybody may download the repository at the submitted commit."""

    PUBLIC = "public"
    MISSING = "missing"
    COMMIT_MISSING = "commit missing"
    GATED = "gated"
    DISABLED = "disabled"


@dataclass(frozen=True)
class Facts:
    """A fact that could not be established is None or empty; its fault is then in the field beside
    it, or an earlier fact says why."""

    access: Access
    license: str | None = None
    weight_files: tuple[str, ...] = ()
    """Files that hold weights in any format, by name."""
    parameters: int | None = None
    """Counted from the safetensors headers."""
    weights_fault: str | None = None
    """Why the safetensors headers could not be read."""
    architectures: tuple[str, ...] = ()
    """From the config."""
    is_known: bool = False
    """Whether the installed transformers has the first architecture."""
    is_causal_lm: bool = False
    """Whether that is a causal language model there."""
    model_type: str | None = None
    """The config's `model_type`."""
    remote_code: tuple[str, ...] = ()
    """Files whose `auto_map` asks for code from the repository."""
    config_fault: str | None = None
    """Why the installed transformers could not load the config."""
    tokenizer_fault: str | None = None
    """Why the installed transformers could not load the tokenizer."""
    has_chat_template: bool = False

    @property
    def safetensors_files(self) -> tuple[str, ...]:
        return tuple(name for name in self.weight_files if name.endswith(".safetensors"))
