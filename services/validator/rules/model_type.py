"""Whether the model is what its submitter says it is."""

from contracts.models import ModelType
from services.validator.recognition import is_merge
from services.validator.rules.rule import KEPT, UNDECIDED, Broken, Case, Outcome, rule


@rule(
    "model-type-doubtful",
    title="Type is plausible",
    advice="If that is wrong, submit it as what it is, or ask a moderator.",
)
def is_of_its_type(case: Case) -> Outcome:
    """A model with the marks of a merge is submitted as `merge`, and one with a `base_model` not as
    `pretrained`."""
    said, card = case.submission.model_type, case.facts.submitted.card
    if is_merge(case.facts) and said is not ModelType.MERGE:
        return Broken(f"The submission says {said}, but tags or mergekit's files make it a merge.")
    if said is ModelType.PRETRAINED and card and card.base_models:
        return Broken(
            f"The submission says {said}, but the model card names {', '.join(card.base_models)} as"
            " `base_model`."
        )
    return KEPT if card else UNDECIDED
