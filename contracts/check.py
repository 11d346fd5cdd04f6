"""The rule book, asked about a model that nobody has submitted yet: question and answer."""

from typing import ClassVar

from pydantic import Field

from contracts.base import Contract, Message
from contracts.models import ModelType, Precision, Reason, RepoId, Tier, WeightType


class RulesAsked(Message):
    """What somebody is about to submit. A request of core NATS, not stored: one validator answers
    on its reply subject with a report: `reasons`, which are the rules that are broken; `warnings`;
    what it has `found`; and `hub_fault`, null unless the Hub did not answer."""

    SUBJECT: ClassVar[str] = "podium.v1.rules.asked"
    WRITER: ClassVar[str] = "gateway"
    READERS: ClassVar[str] = "validator"

    board: str
    """Name of the board."""
    model: RepoId
    """Repository on the Hub, `namespace/name`."""
    revision: str = Field(min_length=1)
    """Branch, tag or commit."""
    precision: Precision
    """Number format the weights would be loaded in."""
    model_type: ModelType
    """What kind of model it is said to be."""
    weight_type: WeightType
    """Whole weights, or a change to `base_model`."""
    base_model: RepoId | None
    """The model that an adapter or delta changes; null for whole weights."""
    chat_template: bool
    """Whether prompts would be wrapped in the tokenizer's chat template."""


class Found(Contract):
    """What could be found out; null for the rest."""

    commit: str | None = None
    """What the revision points to."""
    parameters: int | None = None
    """Number of parameters."""
    weight_bytes: int | None = None
    """Once loaded at the submitted precision."""
    tier: Tier | None = None
    """Accelerator memory it needs."""
    architecture: str | None = None
    """First entry of the config's `architectures`."""
    license: str | None = None
    """Licence identifier from the model card."""
    base_models: tuple[str, ...] = ()
    """What the model card names."""
    generation: int = 0
    """Hops to the farthest ancestor that the cards name."""


class RuleOutcomes(Contract):
    """How the rules came out that are not broken, by their codes in the order of the rule book.
    Those that are broken stand beside it, as reasons and warnings."""

    kept: dict[str, str] = Field(default_factory=dict)
    """With what was found, and the limit where the rule has one; empty where that says nothing."""
    not_applicable: tuple[str, ...] = ()
    """Those about submissions of another kind, such as adapters."""
    undecided: tuple[str, ...] = ()
    """Those that need to know what could not be found out, because of a rule that is broken."""


class RuleReport(Contract):
    """What the rules say."""

    reasons: tuple[Reason, ...] = ()
    """Every rule that is broken; empty for a model that would be accepted."""
    warnings: tuple[Reason, ...] = ()
    """What its submitter should know although it would be accepted."""
    rules: RuleOutcomes | None = None
    """Every other rule; null where none was asked."""
    found: Found = Found()
    """What the rules were applied to."""
    hub_fault: str | None = None
    """What the Hub answered in place of an answer; then the rest says nothing."""
    busy: bool = False
    """Whether the validator has too many questions already; then the rest says nothing."""
