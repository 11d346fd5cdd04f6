"""Entries as columns need them. Reading one takes a tenth of the time that the contract takes."""

from datetime import datetime

import msgspec

from contracts.models import ModelType, Precision, WeightType
from contracts.views import Origin


class Model(msgspec.Struct, frozen=True):
    commit: str
    precision: Precision
    weight_type: WeightType = WeightType.ORIGINAL
    base_model: str | None = None
    chat_template: bool = False


class Score(msgspec.Struct, frozen=True):
    raw: float
    normalized: float
    stderr: float | None = None


class Flag(msgspec.Struct, frozen=True):
    reason: str
    link: str | None
    at: datetime


class Level(msgspec.Struct, frozen=True):
    since: datetime
    average: float | None


class EntryRow(msgspec.Struct, frozen=True):
    """`contracts.views.Entry` without what a cell is made of; the fields mean the same."""

    sid: str
    repo_id: str
    model: Model
    model_type: ModelType
    architecture: str
    license: str
    parameters: int
    scores: dict[str, Score]
    average: float | None
    provisional: bool
    outstanding: tuple[str, ...]
    run: int
    seconds: float
    updated_at: datetime
    board_version: int
    flag: Flag | None = None
    base_models: tuple[str, ...] = ()
    generation: int = 0
    is_merge: bool = False
    is_mixture_of_experts: bool = False
    same_weights_as: tuple[str, ...] = ()
    origin: Origin = Origin.EVALUATED
    source: str = ""
    is_official: bool = False
    is_available: bool = True
    likes: int | None = None
    submitted_at: datetime | None = None
    uploaded_at: datetime | None = None
    co2_kg: float | None = None
    average_stderr: float | None = None
    scoring_version: str = ""
    averages: tuple[Level, ...] = ()


_decoder = msgspec.json.Decoder(EntryRow)


def read_row(body: bytes) -> EntryRow:
    """Raises msgspec.DecodeError for what is no entry."""
    return _decoder.decode(body)
