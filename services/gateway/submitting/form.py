"""The form to submit a model: what its fields hold, what they suggest, and which of them a fault is
about. Pure."""

from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

import msgspec

from contracts.check import RulesAsked
from contracts.models import ModelType, Precision, Reason, WeightType
from contracts.submission import wraps_prompts
from services.gateway.http.errors import ErrorCode, Refusal
from services.gateway.submitting.hub_models import Shown
from services.gateway.views import SubmissionRequest

_UNKNOWN = {
    "precision": Precision.BFLOAT16,
    "model_type": ModelType.PRETRAINED,
    "weight_type": WeightType.ORIGINAL,
    "base_model": "",
    "chat_template": "by-type",
}
"""What the form offers before the Hub has said what the model is."""


class SubmitForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As a browser sends it; what is empty was left open."""

    model: str = ""
    board: str = ""
    revision: str = ""
    precision: str = ""
    model_type: str = ""
    weight_type: str = ""
    base_model: str = ""
    chat_template: str = ""
    """`yes`, `no`, or `by-type`."""
    offered: str = ""
    """What the five fields above held when the form was filled in, as a query; empty when it was
    not."""
    do: str = ""
    """`look` at the model, `check` the rules, or submit."""
    csrf_token: str = ""
    """Looked at before the route runs."""

    @classmethod
    def blank(cls, model: str, board: str, revision: str) -> Self:
        return cls(model, board, revision or "main", **_UNKNOWN, offered=urlencode(_UNKNOWN))

    def suggested_by(self, shown: Shown) -> "SubmitForm":
        """With what the Hub says of the model, except where somebody has changed what the form
        offered before."""
        suggested = {
            "precision": shown.precision or Precision.BFLOAT16,
            "model_type": shown.model_type,
            "weight_type": shown.weight_type,
            "base_model": shown.base_model or "",
            "chat_template": "yes" if shown.model_type is ModelType.CHAT else "no",
        }
        before = dict(parse_qsl(self.offered))
        taken = {
            name: value
            for name, value in suggested.items()
            if getattr(self, name) in ("", before.get(name))
        }
        return msgspec.structs.replace(self, **taken, offered=urlencode(suggested))

    def submission(self) -> SubmissionRequest:
        """Raises Refusal, with the path of the field in its details."""
        whole = self.weight_type in ("", WeightType.ORIGINAL)
        said: dict[str, Any] = {
            "model": self.model.strip(),
            "board": self.board,
            "revision": self.revision.strip(),
            "precision": self.precision,
            "model_type": self.model_type,
            "weight_type": self.weight_type,
            # The form hides it for whole weights, whatever it held before.
            "base_model": "" if whole else self.base_model.strip(),
            "chat_template": {"yes": True, "no": False}.get(self.chat_template, ""),
        }
        for field in ("model", *(() if whole else ("base_model",))):
            if not said[field]:
                raise _wrong(field, _FAULTS[field])
        try:
            return msgspec.convert(
                {name: value for name, value in said.items() if value != ""}, SubmissionRequest
            )
        except msgspec.ValidationError as fault:
            field = str(fault).rpartition("$.")[2].rstrip("`")
            raise _wrong(field, _FAULTS.get(field, str(fault))) from fault


_FAULTS = {
    "model": "Give `namespace/name`, as it stands in the model's address on the Hub.",
    "base_model": "Name the model that is changed, `namespace/name` on the Hub.",
    "revision": "Give a branch, a tag or a commit of up to 200 characters.",
    "precision": "Choose one of the precisions.",
    "model_type": "Choose one of the types.",
    "weight_type": "Choose whole weights, an adapter or a delta.",
}
_FIELD_OF_RULE = (
    ("params-over-limit", "precision"),
    ("precision-", "precision"),
    ("delta-precision", "precision"),
    ("chat-template-", "chat_template"),
    ("base-model-", "base_model"),
    ("model-type-", "model_type"),
    ("adapter-", "weight_type"),
    ("delta-", "weight_type"),
    ("commit-", "revision"),
    ("revision-", "revision"),
    ("", "model"),
)
"""Beginnings of codes, the first that fits."""


def question(asked: SubmissionRequest, board: str) -> RulesAsked:
    return RulesAsked(
        board=board,
        model=asked.model,
        revision=asked.revision,
        precision=asked.precision,
        model_type=asked.model_type,
        weight_type=asked.weight_type,
        base_model=asked.base_model,
        chat_template=wraps_prompts(asked.chat_template, asked.model_type),
    )


def by_field(reasons: tuple[Reason, ...]) -> Mapping[str, list[Reason]]:
    """The reasons by the field that one would change for them."""
    told: dict[str, list[Reason]] = {}
    for reason in reasons:
        field = next(field for start, field in _FIELD_OF_RULE if reason.code.startswith(start))
        told.setdefault(field, []).append(reason)
    return told


def field_of(fault: Refusal) -> str | None:
    """The field that a refusal is about; None for one about no field."""
    path = str((fault.details or {}).get("path", ""))
    if path.startswith("$."):
        return path.removeprefix("$.")
    return {
        ErrorCode.MODEL_NOT_FOUND: "model",
        ErrorCode.REVISION_NOT_FOUND: "revision",
        ErrorCode.BOARD_UNKNOWN: "board",
    }.get(fault.code)


def _wrong(field: str, message: str) -> Refusal:
    return Refusal(
        ErrorCode.INVALID_REQUEST, message, "Correct it, and send it again.", {"path": f"$.{field}"}
    )
