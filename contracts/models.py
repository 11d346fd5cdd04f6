"""What several messages mention: a model, its precision, its size class."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from contracts.base import Contract

RepoId = Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$", examples=["acme/tiny-llama"])]
ListedName = Annotated[str, Field(pattern=r"^[\w.-]+(/[\w.-]+)?$", examples=["acme/tiny-llama"])]
HubName = Annotated[str, Field(pattern=r"^[\w.-]+$", examples=["acme"])]
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
KnownCommit = Annotated[str, Field(pattern=r"^([0-9a-f]{40})?$")]
SubmissionId = Annotated[str, Field(pattern=r"^[0-9a-f]{20}$", examples=["5f0c2a9be1d34f77a8c2"])]


class Precision(StrEnum):
    """The number format the weights are loaded in."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    INT8 = "8bit"
    INT4 = "4bit"
    GPTQ = "gptq"


class WeightType(StrEnum):
    """How the weights are stored: whole, or as a change to a base model."""

    ORIGINAL = "original"
    ADAPTER = "adapter"
    DELTA = "delta"


class ModelType(StrEnum):
    """What kind of model its submitter says it is."""

    PRETRAINED = "pretrained"
    CONTINUOUSLY_PRETRAINED = "continuously-pretrained"
    FINE_TUNED = "fine-tuned"
    CHAT = "chat"
    MERGE = "merge"
    MULTIMODAL = "multimodal"
    OTHER = "other"


class Tier(StrEnum):
    """How much accelerator memory the weights need; an evaluator serves the tiers that fit."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    XLARGE = "xlarge"


class Lane(StrEnum):
    """`high` is served before `normal` within a tier."""

    HIGH = "high"
    NORMAL = "normal"


class ListedModel(Contract):
    """A model as a board lists it. One that was imported may lack what a submission must have."""

    repo_id: ListedName
    """Repository on the Hub; without a namespace for the Hub's oldest, such as `gpt2`."""
    commit: KnownCommit
    """The commit that was scored, 40 hex digits; empty where the source does not say."""
    precision: Precision
    """Number format the weights are loaded in."""
    weight_type: WeightType = WeightType.ORIGINAL
    """Whether the repository holds whole weights or a change to `base_model`."""
    base_model: ListedName | None = None
    """The model that an adapter or delta changes; null for whole weights."""
    chat_template: bool = False
    """Whether prompts are wrapped in the tokenizer's chat template."""


class ModelRef(ListedModel):
    """Exactly one set of weights, loaded in one way. Two equal references are one submission."""

    repo_id: RepoId
    """Repository on the Hub, `namespace/name`, spelled as the Hub spells it."""
    commit: Commit
    """The commit the revision pointed to when it was submitted, 40 hex digits."""
    base_model: RepoId | None = None
    """The model that an adapter or delta changes; null for whole weights."""


class Reason(Contract):
    """Why something was refused or failed, fit to show to the person who asked."""

    code: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", examples=["license-missing"])
    """Stable machine-readable name; never reused for another meaning."""
    message: str
    """One or two sentences that name what was found and what was expected."""
    advice: str
    """What to do next, as an imperative sentence."""
