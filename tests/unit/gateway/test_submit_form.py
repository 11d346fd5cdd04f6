"""What the form to submit a model makes of what the Hub says."""

from dataclasses import replace

import msgspec

from contracts.models import ModelType, Precision, WeightType
from services.gateway.submitting.form import SubmitForm
from services.gateway.submitting.hub_models import Shown

CHAT = Shown(
    repo_id="acme/talks",
    commit="c0ffee",
    branches=("main",),
    tags=(),
    parameters=1_000,
    precision=Precision.FLOAT16,
    model_type=ModelType.CHAT,
    weight_type=WeightType.ORIGINAL,
    base_model=None,
    has_chat_template=True,
    gated=False,
)
BLANK = SubmitForm.blank("acme/talks", "demo", "")


def changed(form: SubmitForm, **fields: str) -> SubmitForm:
    return msgspec.structs.replace(form, **fields)


def test_what_was_left_as_offered_follows_the_model() -> None:
    filled = BLANK.suggested_by(CHAT)

    assert (filled.precision, filled.model_type, filled.chat_template) == ("float16", "chat", "yes")
    assert filled.revision == "main"
    assert filled.suggested_by(CHAT) == filled


def test_what_somebody_has_chosen_stays() -> None:
    before = changed(BLANK, precision="float32")
    after = changed(BLANK.suggested_by(CHAT), chat_template="no")

    assert before.suggested_by(CHAT).precision == "float32"
    assert before.suggested_by(CHAT).model_type == "chat"
    assert after.suggested_by(CHAT).chat_template == "no"


def test_another_model_brings_its_own_suggestions() -> None:
    base = replace(CHAT, model_type=ModelType.PRETRAINED, precision=None)
    filled = changed(BLANK.suggested_by(CHAT), model="acme/base").suggested_by(base)

    assert filled == changed(BLANK, model="acme/base").suggested_by(base)
    assert (filled.precision, filled.chat_template) == ("bfloat16", "no")
