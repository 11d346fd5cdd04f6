"""Rows with what an insight reads, as a board's frame holds them."""

from datetime import UTC, datetime

import polars as pl

from contracts.board import Board
from contracts.models import ModelType, Precision
from contracts.submission import submission_id
from contracts.views import Entry
from services.gateway.insights.catalogue import COLUMNS
from services.gateway.insights.scope import Dating, Scope
from services.gateway.query.standing import Weighting
from tests.unit.gateway.examples import a_board, a_ranked_board, an_entry


def a_scored(
    repo_id: str,
    average: float | None,
    *,
    billions: float = 1.0,
    model_type: ModelType = ModelType.CHAT,
    precision: Precision = Precision.BFLOAT16,
    day: int = 1,
    co2_kg: float | None = None,
    chat_template: bool = False,
) -> Entry:
    """`day` is that of January 2025 on which it was submitted."""
    entry = an_entry(repo_id, facts=average, grammar=average)
    model = entry.model.model_copy(update={"precision": precision, "chat_template": chat_template})
    return entry.model_copy(
        update={
            "model": model,
            "sid": submission_id(model, entry.board),
            "parameters": round(billions * 1e9),
            "model_type": model_type,
            "submitted_at": datetime(2025, 1, day, tzinfo=UTC),
            "co2_kg": co2_kg,
        }
    )


def rows_of(*entries: Entry) -> pl.DataFrame:
    return a_ranked_board(*entries).rows(Weighting()).select(COLUMNS)


def a_scope(
    board: Board | None = None,
    weighting: Weighting | None = None,
    dating: Dating = Dating.SUBMITTED,
) -> Scope:
    return Scope(board or a_board(), weighting or Weighting(), dating)
