"""What the rule book says of a model before it is submitted, as the validator tells the command."""

from pydantic import BaseModel, Field

from contracts.models import ModelType, Precision, Reason, RepoId, Tier, WeightType


class Intent(BaseModel):
    """What somebody is about to submit."""

    board: str
    model: RepoId
    revision: str = Field(min_length=1)
    precision: Precision
    model_type: ModelType
    weight_type: WeightType
    base_model: RepoId | None
    chat_template: bool


class Found(BaseModel):
    """What could be found out; null for the rest."""

    commit: str | None = None
    parameters: int | None = None
    weight_bytes: int | None = None
    """Once loaded at the submitted precision."""
    tier: Tier | None = None
    architecture: str | None = None
    license: str | None = None
    base_models: tuple[str, ...] = ()
    """What the model card names."""
    generation: int = 0


class RuleReport(BaseModel):
    reasons: tuple[Reason, ...] = ()
    """Every rule that is broken; empty for a model that would be accepted."""
    warnings: tuple[Reason, ...] = ()
    found: Found = Found()
    hub_fault: str | None = None
    """What the Hub answered in place of an answer; then the rest says nothing."""
